/// UTF-8, as RFC 3629 has it.
enum UTF8Check {
  /// The length of the well-formed sequence at `index`, or 0.
  @inline(__always)
  static func length(_ bytes: UnsafePointer<UInt8>, at index: Int, end: Int) -> Int {
    let lead = bytes[index]
    if lead < 0x80 { return 1 }
    if lead < 0xC2 || lead > 0xF4 { return 0 }
    let count = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    guard end &- index >= count else { return 0 }
    let second = bytes[index &+ 1]
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    switch lead {
    case 0xE0: low = 0xA0
    case 0xED: high = 0x9F
    case 0xF0: low = 0x90
    case 0xF4: high = 0x8F
    default: break
    }
    guard second >= low && second <= high else { return 0 }
    if count > 2 && bytes[index &+ 2] & 0xC0 != 0x80 { return 0 }
    if count > 3 && bytes[index &+ 3] & 0xC0 != 0x80 { return 0 }
    return count
  }

  /// The first byte in `range` that is not part of valid UTF-8, or nil.
  static func firstError(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    var at = range.lowerBound
    while at < range.upperBound {
      if base[at] < 0x80 {
        at += 1
        continue
      }
      let count = length(base, at: at, end: range.upperBound)
      if count == 0 { return at }
      at += count
    }
    return nil
  }

  /// The code point of a well-formed sequence of `length` bytes.
  @inline(__always)
  static func scalar(_ bytes: UnsafePointer<UInt8>, at index: Int, length: Int) -> UInt32 {
    let lead = UInt32(bytes[index])
    if length == 1 { return lead }
    let a = UInt32(bytes[index &+ 1] & 0x3F)
    if length == 2 { return (lead & 0x1F) << 6 | a }
    let b = UInt32(bytes[index &+ 2] & 0x3F)
    if length == 3 { return (lead & 0x0F) << 12 | a << 6 | b }
    return (lead & 0x07) << 18 | a << 12 | b << 6 | UInt32(bytes[index &+ 3] & 0x3F)
  }

  /// Appends a code point; one that cannot be written becomes U+FFFD.
  static func append(_ scalar: UInt32, to out: inout [UInt8]) {
    out.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
  }

  /// The code points of valid UTF-8; each other byte gives U+FFFD.
  static func scalars(_ bytes: some Sequence<UInt8>) -> [UInt32] {
    Array(bytes).withUnsafeBufferPointer { text in
      guard let base = text.baseAddress else { return [] }
      var out: [UInt32] = []
      var at = 0
      while at < text.count {
        let count = length(base, at: at, end: text.count)
        out.append(count == 0 ? 0xFFFD : scalar(base, at: at, length: count))
        at += max(1, count)
      }
      return out
    }
  }
}
