/// One step of a normalizer.
enum NormalizerStep: Sendable {
  case form(UnicodeForm)
  case lowercase
  case stripAccents
  case strip(left: Bool, right: Bool)
  case replace(SplitPattern, with: [UInt8])
  case prepend([UInt8])
  case bert(BertNormalizer)
  case charsMap(CharsMap)
  case sentencePiece(SentencePieceNormalizer)
}

/// Rewrites text before it is cut. Works on buffers that are reused from call to call.
struct Normalizer: Sendable {
  let steps: [NormalizerStep]

  /// Whether text comes out as it went in: asked first, since most text is untouched.
  func leaves(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    for step in steps {
      guard case .form(let form) = step, form.firstChange(text, from: 0) == text.count else {
        return false
      }
    }
    return true
  }

  /// Replaces `buffer` by its normalized text; `scratch` is used on the way.
  func apply(_ buffer: inout [UInt8], scratch: inout [UInt8]) {
    for step in steps {
      scratch.removeAll(keepingCapacity: true)
      buffer.withUnsafeBufferPointer { Self.apply(step, $0, to: &scratch) }
      swap(&buffer, &scratch)
    }
  }

  private static func apply(
    _ step: NormalizerStep, _ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]
  ) {
    switch step {
    case .form(let form): form.append(text, to: &out)
    case .lowercase: ScalarMaps.shared.appendLowercase(text, to: &out)
    case .stripAccents:
      forEachScalar(text) { scalar, bytes in
        if !ScalarMaps.shared.strippedMarks.contains(scalar) { out.append(contentsOf: bytes) }
      }
    case .strip(let left, let right):
      let trimmed = Trim.spaces(text, left: left, right: right)
      out.append(contentsOf: UnsafeBufferPointer(rebasing: text[trimmed]))
    case .replace(let pattern, let content):
      var from = 0
      for match in pattern.matches(text) {
        out.append(contentsOf: UnsafeBufferPointer(rebasing: text[from..<match.lowerBound]))
        out.append(contentsOf: content)
        from = match.upperBound
      }
      out.append(contentsOf: UnsafeBufferPointer(rebasing: text[from...]))
    case .prepend(let content):
      if !text.isEmpty { out.append(contentsOf: content) }
      out.append(contentsOf: text)
    case .bert(let bert): bert.append(text, to: &out)
    case .charsMap(let map): map.appendByGrapheme(text, to: &out)
    case .sentencePiece(let normalizer): normalizer.append(text, to: &out)
    }
  }
}

/// Walks the characters of text; a bad byte is U+FFFD.
@inline(__always)
func forEachScalar(
  _ text: UnsafeBufferPointer<UInt8>, _ body: (UInt32, UnsafeBufferPointer<UInt8>) -> Void
) {
  guard let base = text.baseAddress else { return }
  var at = 0
  while at < text.count {
    let length = UTF8Check.length(base, at: at, end: text.count)
    let bytes = UnsafeBufferPointer(start: base + at, count: max(1, length))
    body(length == 0 ? 0xFFFD : UTF8Check.scalar(base, at: at, length: length), bytes)
    at &+= max(1, length)
  }
}

/// Where text starts and ends without the whitespace around it.
enum Trim {
  static func spaces(_ text: UnsafeBufferPointer<UInt8>, left: Bool, right: Bool) -> Range<Int> {
    var first: Int?
    var last = 0
    var at = 0
    forEachScalar(text) { scalar, bytes in
      if !ScalarMaps.shared.spaces.contains(scalar) {
        if first == nil { first = at }
        last = at + bytes.count
      }
      at += bytes.count
    }
    guard let first else { return left || right ? 0..<0 : 0..<text.count }
    return (left ? first : 0)..<(right ? last : text.count)
  }
}

/// Sets and maps of single code points that the Hugging Face steps use.
final class ScalarMaps: Sendable {
  static let shared = ScalarMaps()

  let strippedMarks = ScalarSet(table: UnicodeTables.strippedMarks)
  let spaces = ScalarSet(table: UnicodeTables.hfSpace)
  let punctuation = ScalarSet(table: UnicodeTables.hfPunctuation)
  let digits = ScalarSet(table: UnicodeTables.hfDigits)
  let bertPunctuation = ScalarSet(table: UnicodeTables.bertPunctuation)
  let bertRemoved = ScalarSet(table: UnicodeTables.bertRemoved)
  let bertSpaces = ScalarSet(table: UnicodeTables.bertSpace)
  let bertHan = ScalarSet(table: UnicodeTables.bertHan)
  let bertMarks = ScalarSet(table: UnicodeTables.bertMarks)
  /// Lowercase mappings.
  let lowercase = UnicodeFormData.map(UnicodeTables.lowercaseMap)
  /// `\w` of Rust's regex: letters, marks, digits, letter numbers, connectors, joiners and the
  /// other alphabetic code points.
  let word = ScalarSet(
    ScalarRanges(table: UnicodeTables.letter)
      .union(ScalarRanges(table: UnicodeTables.mark))
      .union(ScalarRanges(table: UnicodeTables.decimalDigit))
      .union(
        ScalarRanges([
          0x5F...0x5F, 0x16EE...0x16F0, 0x200C...0x200D, 0x203F...0x2040, 0x2054...0x2054,
          0x2160...0x2188, 0x24B6...0x24E9, 0x3007...0x3007, 0x3021...0x3029, 0x3038...0x303A,
          0xA6E6...0xA6EF, 0xFE33...0xFE34, 0xFE4D...0xFE4F, 0xFF3F...0xFF3F, 0x10140...0x10174,
          0x10341...0x10341, 0x1034A...0x1034A, 0x103D1...0x103D5, 0x12400...0x1246E,
          0x1F130...0x1F149, 0x1F150...0x1F169, 0x1F170...0x1F189,
        ])))

  /// Appends text with each character lowered, by itself.
  func appendLowercase(_ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    forEachScalar(text) { scalar, bytes in
      if scalar < 0x80 {
        let byte = UInt8(truncatingIfNeeded: scalar)
        out.append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
      } else if let lower = lowercase[scalar] {
        for scalar in lower { UTF8Check.append(scalar, to: &out) }
      } else {
        out.append(contentsOf: bytes)
      }
    }
  }
}
