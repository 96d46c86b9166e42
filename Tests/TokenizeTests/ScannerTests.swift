import Testing

@testable import Tokenize

/// Each hand-written scanner against its regex in the backtracking matcher.
struct ScannerTests {
  static let end = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
  static let cl100k =
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"#
    + end
  static let patterns: [(KnownScheme, String)] = [
    (
      .gpt2,
      #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    ),
    (.cl100k, cl100k),
    (
      .cl100kWholeEnd,
      #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|"#
        + #"\s++\z|\s*[\r\n]|\s+(?!\S)|\s"#
    ),
    (
      .qwen2,
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"#
        + end
    ),
    (.o200k, cased("", "[\\r\\n/]*")),
    (.kimi, #"[\p{Han}]+|"# + cased(#"&&[^\p{Han}]"#, "[\\r\\n]*")),
  ]

  static func cased(_ and: String, _ tail: String) -> String {
    let u = #"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"# + and
    let l = #"\p{Ll}\p{Lm}\p{Lo}\p{M}"# + and
    let lead = #"[^\r\n\p{L}\p{N}]?"#
    let suffix = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    return "\(lead)[\(u)]*[\(l)]+\(suffix)|\(lead)[\(u)]+[\(l)]*\(suffix)|"
      + #"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+"# + tail + "|" + end
  }

  @Test("a scanner cuts where its regex does", arguments: 0..<patterns.count)
  func scannerCutsWhereItsRegexDoes(_ index: Int) throws {
    let (scheme, pattern) = Self.patterns[index]
    let regex = try Regex(Array(pattern.utf8), path: "test")
    var random = TestRandom(seed: UInt64(index) + 1)
    for round in 0..<800 {
      let text = random.text(upTo: 14)
      text.withUnsafeBufferPointer { bytes in
        let byScanner = SplitPattern.scheme(scheme).matches(bytes)
        let byRegex = SplitPattern.regex(regex).matches(bytes)
        #expect(byScanner == byRegex, "round \(round): \(text)")
      }
    }
  }

  @Test("the exact spelling of a regex finds its scanner, another does not")
  func spellingFindsTheScanner() {
    for (scheme, pattern) in Self.patterns where scheme != .cl100kWholeEnd {
      #expect(KnownPatterns.scheme(Array(pattern.utf8)) == scheme)
      #expect(KnownPatterns.scheme(Array((pattern + " ").utf8)) == nil)
    }
  }
}
