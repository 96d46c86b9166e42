/// The 256 characters that byte-level vocabularies write bytes with.
///
/// Printable Latin-1 stands for itself; the other bytes are U+0100 and on, in order.
enum ByteAlphabet {
  /// The character of each byte; shape [256].
  static let scalars: [UInt32] = {
    var table = [UInt32](repeating: 0, count: 256)
    var next: UInt32 = 256
    for byte in 0..<256 {
      let isItself = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
      table[byte] = isItself ? UInt32(byte) : next
      if !isItself { next += 1 }
    }
    return table
  }()

  /// The byte of each character below U+0144, or -1; shape [0x144].
  static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = Int16(byte) }
    return table
  }()

  /// Appends the bytes that `text` writes; false if a character is none of the 256.
  static func appendBytes(of text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) -> Bool {
    guard let base = text.baseAddress else { return true }
    var at = 0
    while at < text.count {
      let length = UTF8Check.length(base, at: at, end: text.count)
      guard length == 1 || length == 2 else { return false }
      let scalar = Int(UTF8Check.scalar(base, at: at, length: length))
      guard scalar < bytes.count, bytes[scalar] >= 0 else { return false }
      out.append(UInt8(truncatingIfNeeded: bytes[scalar]))
      at += length
    }
    return true
  }

  /// Appends the text that writes `bytes`.
  static func appendText(of bytes: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    for byte in bytes {
      let scalar = scalars[Int(byte)]
      if scalar < 0x80 {
        out.append(UInt8(scalar))
      } else {
        out.append(0xC0 | UInt8(scalar >> 6))
        out.append(0x80 | UInt8(scalar & 0x3F))
      }
    }
  }
}
