import ShardifyCore

/// How text is cut into pretokens before a byte-level model: a known pattern by its name, or a regex
/// as a `tokenizer.json` spells it. For those who count pretokens instead of encoding them.
public struct PretokenPattern: Sendable {
  /// The name, or `regex`.
  public let name: String
  /// The pattern as `Split` of a `tokenizer.json` has it.
  public let regex: String
  private let cutter: SplitPattern

  /// The names of patterns that have a scanner, in the order they are told to people.
  public static let names = [
    "gpt2", "cl100k", "llama3", "qwen2", "o200k", "kimi",
  ]

  /// A pattern by name (`r50k` and `p50k` are `gpt2`), or else a regex.
  ///
  /// - Throws: If it is no name and no regex that can be matched exactly as the reference does.
  public init(_ text: String) throws(TokenizeFailure) {
    if let regex = Self.regex(named: text) {
      name = text
      self.regex = regex
    } else {
      // A single word can only be a misspelt name.
      guard !text.isEmpty, !text.utf8.allSatisfy({ $0 < 0x80 && Self.isWord($0) }) else {
        throw TokenizeFailure(
          .unsupported, "cannot use pattern", found: text.isEmpty ? "an empty pattern" : text,
          expected: "\(Self.names.joined(separator: ", ")) or a regex")
      }
      name = "regex"
      regex = text
    }
    let bytes = Array(regex.utf8)
    if let scheme = KnownPatterns.scheme(bytes) {
      cutter = .scheme(scheme)
    } else {
      cutter = .regex(try Regex(bytes, path: "--pattern"))
    }
  }

  /// Whether a scanner knows the pattern; other patterns run in a slower matcher.
  public var hasScanner: Bool { if case .scheme = cutter { true } else { false } }

  /// Finds where the next pretokens end.
  ///
  /// - Parameters:
  ///   - text: Valid UTF-8; a known pattern takes any bytes.
  ///   - start: Where a pretoken starts, below the end of the text. Must be 0, or the last end that
  ///     was found.
  ///   - ends: Room for `capacity` places.
  /// - Returns: How many were found, at least 1.
  public func ends(
    of text: UnsafeBufferPointer<UInt8>, from start: Int, into ends: UnsafeMutablePointer<Int>,
    capacity: Int
  ) -> Int {
    guard let base = text.baseAddress, start < text.count, capacity > 1 else { return 0 }
    let scan = ScanText(base: base, end: text.count, classes: CharacterClasses.shared.table)
    var at = start
    var count = 0
    switch cutter {
    case .scheme(let scheme):
      while at < text.count && count < capacity {
        at = scheme.end(scan, from: at)
        ends[count] = at
        count &+= 1
      }
    case .regex(let regex):
      let matcher = regex.matcher(of: scan)
      while at < text.count && count &+ 1 < capacity {
        guard let match = Self.match(regex, scan, from: at, matcher) else {
          ends[count] = text.count
          return count + 1
        }
        // What a match leaves before it is a pretoken of its own.
        if match.lowerBound > at {
          ends[count] = match.lowerBound
          count &+= 1
        }
        ends[count] = match.upperBound
        count &+= 1
        at = match.upperBound
      }
    default: break
    }
    return count
  }

  private static func match(
    _ regex: Regex, _ text: ScanText, from start: Int, _ matcher: RegexMatcher
  ) -> Range<Int>? {
    var at = start
    while at < text.end, let match = regex.firstMatch(text, from: at, matcher) {
      if !match.isEmpty { return match }
      at = match.upperBound + 1
      while at < text.end, text[at] & 0xC0 == 0x80 { at += 1 }
    }
    return nil
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      || byte == 0x5F || byte == 0x2D
  }

  private static func regex(named name: String) -> String? {
    let end = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    let suffix = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    func cl100k(_ digits: String) -> String {
      suffix + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|"# + end
    }
    func cased(_ and: String, _ symbols: String) -> String {
      let lead = #"[^\r\n\p{L}\p{N}]?"#
      let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"# + and + "]"
      let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}"# + and + "]"
      return "\(lead)\(upper)*\(lower)+\(suffix)?|\(lead)\(upper)+\(lower)*\(suffix)?|"
        + #"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+"# + symbols + "|" + end
    }
    switch name.hasSuffix("_base") ? String(name.dropLast(5)) : name {
    case "gpt2", "r50k", "p50k":
      return
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case "cl100k", "llama3": return cl100k("{1,3}")
    case "qwen2": return cl100k("")
    case "o200k": return cased("", #"[\r\n/]*"#)
    case "kimi": return #"[\p{Han}]+|"# + cased(#"&&[^\p{Han}]"#, #"[\r\n]*"#)
    default: return nil
    }
  }
}

/// The text that byte-level vocabularies write bytes with; see `ByteAlphabet`.
public enum ByteLevelText {
  /// The text of bytes.
  public static func text(of bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    bytes.withUnsafeBufferPointer { ByteAlphabet.appendText(of: $0, to: &out) }
    return out
  }

  /// The bytes that a text stands for; nil if it holds another character than the 256.
  public static func bytes(of text: [UInt8]) -> [UInt8]? {
    var out: [UInt8] = []
    return text.withUnsafeBufferPointer({ ByteAlphabet.appendBytes(of: $0, to: &out) }) ? out : nil
  }

  /// The 256 bytes in the order of the characters they are written with: the order of their ids.
  public static let order: [UInt8] = (0..<256).map { UInt8($0) }.sorted {
    ByteAlphabet.scalars[Int($0)] < ByteAlphabet.scalars[Int($1)]
  }
}

extension Tokenizer {
  /// Reads a `tokenizer.json` in memory.
  public static func read(
    _ bytes: [UInt8], name: String = "tokenizer.json"
  ) throws(TokenizeFailure) -> Tokenizer {
    let definition = bytes.withUnsafeBytes { raw in
      Result { () throws(TokenizeFailure) in
        try HuggingFaceReader(raw, path: name).definition()
      }
    }
    return Tokenizer(try definition.get())
  }
}
