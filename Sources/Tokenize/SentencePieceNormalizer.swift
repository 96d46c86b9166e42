/// The normalizer inside a SentencePiece model.
struct SentencePieceNormalizer: Sendable {
  var charsMap: CharsMap?
  var addsDummyPrefix = true
  var removesExtraSpaces = true
  var escapesSpaces = true
  var spaceIsSuffix = false
  /// Pieces that stand for themselves, whatever the map says.
  var userDefined: ByteTrie?

  private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  /// Appends the normalized text; a byte that is not UTF-8 becomes U+FFFD.
  func append(_ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    guard let base = text.baseAddress else { return }
    let first = out.count
    let space: [UInt8] = escapesSpaces ? SentencePieceText.mark : [0x20]
    var at = 0
    if removesExtraSpaces {
      while at < text.count {
        var isSpace = false
        let length = prefix(text, base, at) { isSpace = $0.elementsEqual([0x20]) }
        if !isSpace { break }
        at += length
      }
    }
    if at == text.count { return }
    if addsDummyPrefix && !spaceIsSuffix { out.append(contentsOf: space) }
    var wasSpace = removesExtraSpaces
    while at < text.count {
      at += prefix(text, base, at) { bytes in
        var rest = bytes[...]
        while wasSpace && rest.first == 0x20 { rest = rest.dropFirst() }
        guard let last = rest.last else { return }
        for byte in rest {
          if byte == 0x20 { out.append(contentsOf: space) } else { out.append(byte) }
        }
        wasSpace = last == 0x20
      }
      if !removesExtraSpaces { wasSpace = false }
    }
    if removesExtraSpaces {
      while out.count - first >= space.count && out.suffix(space.count).elementsEqual(space) {
        out.removeLast(space.count)
      }
    }
    if addsDummyPrefix && spaceIsSuffix { out.append(contentsOf: space) }
  }

  /// Gives the normalized text of what starts at `at`, and returns how much of the text that is.
  @inline(__always)
  private func prefix(
    _ text: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>, _ at: Int,
    _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) -> Int {
    if let userDefined, let match = userDefined.longest(text, at: at) {
      body(UnsafeBufferPointer(rebasing: text[at..<match.end]))
      return match.end - at
    }
    if let charsMap, let mapped = charsMap.longest(text, from: at) {
      mapped.replacement.withUnsafeBufferPointer { body($0) }
      return mapped.length
    }
    let length = UTF8Check.length(base, at: at, end: text.count)
    if length == 0 {
      Self.replacement.withUnsafeBufferPointer { body($0) }
      return 1
    }
    body(UnsafeBufferPointer(start: base + at, count: length))
    return length
  }
}
