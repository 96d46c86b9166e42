import ShardifyCore

/// The regexes that have a scanner, as their files spell them.
enum KnownPatterns {
  private static let gpt2 =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
  private static let end = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let suffix = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
  private static let u = #"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"#
  private static let l = #"\p{Ll}\p{Lm}\p{Lo}\p{M}"#
  private static let lead = #"[^\r\n\p{L}\p{N}]?"#

  private static func cl100k(_ digits: String) -> String {
    suffix + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|"# + end
  }

  private static func cased(_ and: String, _ symbols: String) -> String {
    "\(lead)[\(u)\(and)]*[\(l)\(and)]+\(suffix)?|\(lead)[\(u)\(and)]+[\(l)\(and)]*\(suffix)?|"
      + #"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+"# + symbols + "|" + end
  }

  private static let all: [(pattern: [UInt8], scheme: KnownScheme)] = [
    (Array(gpt2.utf8), .gpt2),
    (Array(cl100k("{1,3}").utf8), .cl100k),
    (Array(cl100k("").utf8), .qwen2),
    (Array(cased("", #"[\r\n/]*"#).utf8), .o200k),
    (Array((#"[\p{Han}]+|"# + cased(#"&&[^\p{Han}]"#, #"[\r\n]*"#)).utf8), .kimi),
  ]

  /// The scanner of a regex, by its exact spelling; nil if it has none.
  static func scheme(_ pattern: [UInt8]) -> KnownScheme? {
    all.first { $0.pattern == pattern }?.scheme
  }
}
