import ShardifyCore

/// Reads the fields of one protobuf message.
struct ProtobufReader {
  /// A field's value.
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes(Range<Int>)
  }

  let bytes: UnsafeRawBufferPointer
  let path: String
  private(set) var at: Int
  let end: Int

  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, path: String) {
    self.bytes = bytes
    self.path = path
    at = range.lowerBound
    end = range.upperBound
  }

  /// The next field and its value, or nil at the end.
  mutating func next() throws(TokenizeFailure) -> (field: Int, value: Value)? {
    guard at < end else { return nil }
    let tag = try varint()
    let field = Int(tag >> 3 & 0x1FFF_FFFF)
    guard field > 0 else { throw malformed("field number 0", "a field number") }
    switch tag & 7 {
    case 0: return (field, .varint(try varint()))
    case 1:
      try need(8)
      defer { at += 8 }
      return (
        field, .fixed64(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian)
      )
    case 2:
      let count = try varint()
      guard count <= UInt64(end - at) else {
        throw malformed("a field of \(count) bytes", "at most the \(end - at) that are left")
      }
      defer { at += Int(count) }
      return (field, .bytes(at..<at + Int(count)))
    case 5:
      try need(4)
      defer { at += 4 }
      return (
        field, .fixed32(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self).littleEndian)
      )
    case let other: throw malformed("wire type \(other)", "0, 1, 2 or 5")
    }
  }

  private func need(_ count: Int) throws(TokenizeFailure) {
    if end - at < count { throw malformed("the end of the message", "\(count) more bytes") }
  }

  private func malformed(_ found: String, _ expected: String) -> TokenizeFailure {
    .load(.malformed, path, at: at, "bad SentencePiece model, \(found)", expected: expected)
  }

  /// The failure of a field with another wire type than its own.
  func wrongType(_ field: Int, _ message: String) -> TokenizeFailure {
    malformed("field \(field) of \(message) with a wrong wire type", "its own type")
  }

  private mutating func varint() throws(TokenizeFailure) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 {
      guard at < end else { throw malformed("the end of the message", "a number") }
      let byte = bytes[at]
      at += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw malformed("a number of more than ten bytes", "at most ten")
  }
}
