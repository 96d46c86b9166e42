/// The normalizer inside a SentencePiece model.
struct SentencePieceNormalizer: Sendable {
  var charsMap: CharsMap?
  var addsDummyPrefix = true
  var removesExtraSpaces = true
  var escapesSpaces = true
  var spaceIsSuffix = false
  /// Pieces that stand for themselves, whatever the map says.
  var userDefined: ByteTrie?

  /// For each first two bytes of text a bit: whether no key of the map or user-defined piece starts
  /// with them, so that the first character stands for itself. Shape [65536 / 64].
  private var plain: [UInt64] = []

  private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  /// Sets `plain`; call once the other properties are set.
  mutating func prepare() {
    var bits = [UInt64](repeating: .max, count: 1024)
    func clear(_ first: UInt8, _ second: UInt8?) {
      for other in second.map({ $0...$0 }) ?? UInt8.min...UInt8.max {
        let place = Int(first) << 8 | Int(other)
        bits[place >> 6] &= ~(1 << UInt64(place & 63))
      }
    }
    charsMap?.forEachStart(clear)
    userDefined?.forEachStart(clear)
    plain = bits
  }

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
    let sink = ByteSink(capacity: text.count + text.count / 2 + 64)
    if addsDummyPrefix && !spaceIsSuffix { sink.append(space) }
    var wasSpace = removesExtraSpaces
    plain.withUnsafeBufferPointer { plain in
      while at < text.count {
        if at &+ 1 < text.count {
          let end = copyPlain(text, base, at, plain, sink)
          if end > at {
            at = end
            wasSpace = false
            continue
          }
          let place = Int(base[at]) << 8 | Int(base[at &+ 1])
          if base[at] == 0x20 && plain[place >> 6] >> UInt64(place & 63) & 1 != 0 {
            if !wasSpace { sink.append(space) }
            wasSpace = removesExtraSpaces
            at &+= 1
            continue
          }
        }
        at &+= prefix(text, base, at) { bytes in
          var rest = bytes[...]
          while wasSpace && rest.first == 0x20 { rest = rest.dropFirst() }
          guard let last = rest.last else { return }
          for byte in rest {
            if byte == 0x20 { sink.append(space) } else { sink.append(byte) }
          }
          wasSpace = last == 0x20
        }
        if !removesExtraSpaces { wasSpace = false }
      }
    }
    out.append(contentsOf: sink.bytes)
    if removesExtraSpaces {
      while out.count - first >= space.count && out.suffix(space.count).elementsEqual(space) {
        out.removeLast(space.count)
      }
    }
    if addsDummyPrefix && spaceIsSuffix { out.append(contentsOf: space) }
  }

  /// Copies characters that stand for themselves and are no spaces; returns where they end.
  @inline(__always)
  private func copyPlain(
    _ text: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>, _ start: Int,
    _ plain: UnsafeBufferPointer<UInt64>, _ sink: ByteSink
  ) -> Int {
    var at = start
    while at &+ 1 < text.count {
      let byte = base[at]
      let place = Int(byte) << 8 | Int(base[at &+ 1])
      if byte == 0x20 || plain[place >> 6] >> UInt64(place & 63) & 1 == 0 { break }
      let length = byte < 0x80 ? 1 : UTF8Check.length(base, at: at, end: text.count)
      if length == 0 { break }
      at &+= length
    }
    sink.append(base + start, at &- start)
    return at
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
    if let charsMap, let mapped = charsMap.longestRange(text, from: at) {
      charsMap.withReplacement(mapped.replacement, body)
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
