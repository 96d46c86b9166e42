import CSIMD

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
  /// Whether that holds of all first bytes from `!` to `~` before spaces and such bytes, so that
  /// whole stretches of them can be copied.
  private var isVisiblePlain = false

  /// Bytes that are copied at a time, which bounds the memory that is asked for.
  private static let stretchBytes = 1 << 16
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
    isVisiblePlain = (0x21...0x7E).allSatisfy { first in
      (0x20...0x7E).allSatisfy { second in
        let place = first << 8 | second
        return bits[place >> 6] >> UInt64(place & 63) & 1 != 0
      }
    }
  }

  /// Appends the normalized text; a byte that is not UTF-8 becomes U+FFFD.
  func append(_ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    let sink = ByteSink(capacity: text.count + text.count / 2 + 64)
    append(text, to: sink)
    out.append(contentsOf: sink.bytes)
  }

  /// Appends the normalized text to an empty sink.
  func append(_ text: UnsafeBufferPointer<UInt8>, to sink: ByteSink) {
    guard let base = text.baseAddress else { return }
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
    if addsDummyPrefix && !spaceIsSuffix { sink.append(space) }
    var wasSpace = removesExtraSpaces
    append(text, base, from: at, &wasSpace, sink)
    if removesExtraSpaces {
      while sink.count >= space.count && sink.bytes.suffix(space.count).elementsEqual(space) {
        sink.removeLast(space.count)
      }
    }
    if addsDummyPrefix && spaceIsSuffix { sink.append(space) }
  }

  /// Appends a word, which is text between spaces, or the end of one, after so many `▁`; without a
  /// space at the end if those are removed.
  func appendWord(_ text: UnsafeBufferPointer<UInt8>, marks: Int, to sink: ByteSink) {
    for _ in 0..<marks { sink.append(SentencePieceText.mark) }
    guard let base = text.baseAddress else { return }
    var wasSpace = removesExtraSpaces && marks > 0
    append(text, base, from: 0, &wasSpace, sink)
    if removesExtraSpaces && wasSpace { sink.removeLast(SentencePieceText.mark.count) }
  }

  /// Appends text from `start` on. `wasSpace`: whether a space that comes next is left out.
  private func append(
    _ text: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>, from start: Int,
    _ wasSpace: inout Bool, _ sink: ByteSink
  ) {
    let space: [UInt8] = escapesSpaces ? SentencePieceText.mark : [0x20]
    var at = start
    plain.withUnsafeBufferPointer { plain in
      while at < text.count {
        let end = copyPlain(text, base, at, plain, &wasSpace, sink)
        if end > at {
          at = end
          continue
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
  }

  /// Copies characters that stand for themselves, and spaces; returns where they end. `wasSpace`:
  /// whether a space that comes next is left out, as in `append`.
  @inline(__always)
  private func copyPlain(
    _ text: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>, _ start: Int,
    _ plain: UnsafeBufferPointer<UInt64>, _ wasSpace: inout Bool, _ sink: ByteSink
  ) -> Int {
    let last = min(text.count &- 1, start &+ Self.stretchBytes)
    // A space becomes up to three bytes, and blocks are written whole.
    var out = sink.reserve(3 &* (last &- start) &+ 16)
    var at = start
    var skipsSpace = wasSpace
    while at < last {
      let byte = base[at]
      if byte == 0x20 {
        let place = 0x2000 | Int(base[at &+ 1])
        if plain[place >> 6] &>> UInt64(place) & 1 == 0 { break }
        at &+= 1
        if skipsSpace { continue }
        out = writeSpace(out)
        skipsSpace = removesExtraSpaces
        continue
      }
      if byte < 0x80 && isVisiblePlain && at &+ 16 <= last {
        let count = (~csimd_visible16(base + at) | 1 << 16).trailingZeroBitCount
        // The last of them may start a key with what follows, unless that is a space.
        let taken = count < 16 && base[at &+ count] == 0x20 ? count : count &- 1
        if taken > 0 {
          UnsafeMutableRawPointer(out).storeBytes(
            of: UnsafeRawPointer(base + at).loadUnaligned(as: SIMD16<UInt8>.self),
            as: SIMD16<UInt8>.self)
          out += taken
          at &+= taken
          skipsSpace = false
          continue
        }
      }
      let place = Int(byte) << 8 | Int(base[at &+ 1])
      if plain[place >> 6] &>> UInt64(place) & 1 == 0 { break }
      let length = byte < 0x80 ? 1 : UTF8Check.length(base, at: at, end: text.count)
      if length == 0 { break }
      out[0] = byte
      if length > 1 { out[1] = base[at &+ 1] }
      if length > 2 { out[2] = base[at &+ 2] }
      if length > 3 { out[3] = base[at &+ 3] }
      out += length
      at &+= length
      skipsSpace = false
    }
    wasSpace = skipsSpace
    sink.advance(to: out)
    return at
  }

  @inline(__always)
  private func writeSpace(_ out: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
    if !escapesSpaces {
      out[0] = 0x20
      return out + 1
    }
    out[0] = 0xE2
    out[1] = 0x96
    out[2] = 0x81
    return out + 3
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
