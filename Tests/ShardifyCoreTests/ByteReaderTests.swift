import ShardifyCore
import Testing

@Suite struct ByteReaderTests {
  let bytes: [UInt8] = {
    var bytes: [UInt8] = [7]
    bytes.appendLittleEndian(UInt16(0x0201))
    bytes.appendLittleEndian(UInt64.max - 1)
    bytes.appendLengthPrefixed("grün")
    return bytes
  }()

  @Test func whatIsWrittenIsRead() {
    bytes.withUnsafeBytes {
      var reader = ByteReader($0)
      #expect(reader.read(UInt8.self) == 7)
      #expect(reader.read(UInt16.self) == 0x0201)
      #expect(reader.read(UInt64.self) == UInt64.max - 1)
      #expect(reader.readLengthPrefixed() == "grün")
      #expect(reader.remaining == 0 && reader.offset == bytes.count)
      #expect(reader.read(UInt8.self) == nil)
    }
  }

  @Test func everyTruncationEndsInNil() {
    for count in 0..<bytes.count {
      Array(bytes[..<count]).withUnsafeBytes {
        var reader = ByteReader($0)
        let all: [Any?] = [
          reader.read(UInt8.self), reader.read(UInt16.self), reader.read(UInt64.self),
          reader.readLengthPrefixed(),
        ]
        #expect(all.contains { $0 == nil }, "\(count) bytes were read as all of them")
        #expect(reader.offset <= count)
      }
    }
  }

  @Test func aFailedReadTakesNothing() {
    [UInt8](repeating: 0xFF, count: 7).withUnsafeBytes {
      var reader = ByteReader($0)
      #expect(reader.read(UInt64.self) == nil)
      #expect(reader.take(8) == nil && reader.take(-1) == nil && reader.take(.max) == nil)
      // A length of four thousand million, three bytes to go.
      #expect(reader.readLengthPrefixed() == nil)
      #expect(reader.take(3)?.count == 3)
    }
  }

  @Test func textThatIsNotUTF8IsNil() {
    let cut: [UInt8] = [2, 0, 0, 0, 0xC3, 0x28]
    cut.withUnsafeBytes {
      var reader = ByteReader($0)
      #expect(reader.readLengthPrefixed() == nil)
    }
  }

  @Test func noBytesAtAllAreRead() {
    var reader = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(reader.remaining == 0 && reader.read(UInt8.self) == nil)
    #expect(reader.take(0)?.count == 0)
  }
}
