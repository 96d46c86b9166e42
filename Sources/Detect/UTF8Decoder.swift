/// Decodes one code point of bytes that need not be UTF-8.
enum UTF8Decoder {
  /// Stands for a byte that starts no code point.
  static let invalid: UInt32 = 0xFFFF_FFFF

  /// Reads the code point at `place` and moves past it; at a byte that does not start one, or whose
  /// continuation is missing, moves one byte and gives `invalid`. Never reads at or past `end`.
  ///
  /// Surrogates and overlong forms are passed through: their entries are not letters, or are those
  /// of the character meant.
  @inline(__always)
  static func next(_ base: UnsafePointer<UInt8>, _ place: inout Int, _ end: Int) -> UInt32 {
    let lead = UInt32(base[place])
    place &+= 1
    if lead < 0x80 { return lead }
    if lead < 0xE0 {
      guard lead >= 0xC2, place < end else { return invalid }
      let a = UInt32(base[place]) ^ 0x80
      guard a < 0x40 else { return invalid }
      place &+= 1
      return (lead & 0x1F) << 6 | a
    }
    if lead < 0xF0 {
      guard place &+ 1 < end else { return invalid }
      let a = UInt32(base[place]) ^ 0x80
      let b = UInt32(base[place &+ 1]) ^ 0x80
      guard a | b < 0x40 else { return invalid }
      place &+= 2
      return (lead & 0xF) << 12 | a << 6 | b
    }
    guard lead < 0xF5, place &+ 2 < end else { return invalid }
    let a = UInt32(base[place]) ^ 0x80
    let b = UInt32(base[place &+ 1]) ^ 0x80
    let c = UInt32(base[place &+ 2]) ^ 0x80
    let codePoint = (lead & 7) << 18 | a << 12 | b << 6 | c
    guard a | b | c < 0x40, codePoint < 0x11_0000 else { return invalid }
    place &+= 3
    return codePoint
  }
}
