/// Counts the Unicode scalars of valid UTF-8.
enum ScalarCount {
  /// The scalars of a text: its bytes that go on with none.
  static func of(_ text: UnsafeRawBufferPointer) -> Int {
    guard let base = text.baseAddress else { return 0 }
    // A byte 10xxxxxx goes on with a scalar: eight bytes at a time, bit 7 set and bit 6 not.
    var continuing = 0
    var place = 0
    while place &+ 8 <= text.count {
      let word = base.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      continuing &+= (word & ~(word << 1) & 0x8080_8080_8080_8080).nonzeroBitCount
      place &+= 8
    }
    while place < text.count {
      let byte = base.load(fromByteOffset: place, as: UInt8.self)
      continuing &+= byte & 0xC0 == 0x80 ? 1 : 0
      place &+= 1
    }
    return text.count - continuing
  }
}
