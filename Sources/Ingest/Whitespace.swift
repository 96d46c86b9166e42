/// White space as Unicode's White_Space property has it.
enum Whitespace {
  /// Whether valid UTF-8 holds nothing else. An empty text does.
  static func fills(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var i = 0
    while i < bytes.count {
      let length = space(bytes, at: i)
      if length == 0 { return false }
      i += length
    }
    return true
  }

  /// The length of the white space scalar at `i`; 0 if it is none.
  private static func space(_ bytes: UnsafeRawBufferPointer, at i: Int) -> Int {
    let first = bytes[i]
    if first == 0x20 || (0x09...0x0D).contains(first) { return 1 }
    func follow(_ offset: Int) -> UInt8 { i + offset < bytes.count ? bytes[i + offset] : 0 }
    switch (first, follow(1), follow(2)) {
    case (0xC2, 0x85, _), (0xC2, 0xA0, _): return 2  // U+0085, U+00A0
    case (0xE1, 0x9A, 0x80): return 3  // U+1680
    case (0xE2, 0x80, 0x80...0x8A): return 3  // U+2000 to U+200A
    case (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9), (0xE2, 0x80, 0xAF): return 3
    case (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80): return 3  // U+205F, U+3000
    default: return 0
    }
  }
}
