import Compression
import ShardifyCore
import Testing

@Suite struct StreamDecompressorTests {
  /// The text of the tests: 3,000 bytes in two or more members or frames.
  static let plain = sampleBytes(3_000, seed: 9)

  /// How the text can come.
  enum Stream: CaseIterable, Sendable {
    case plain, storedGzip, namedGzip, zstd

    var format: StreamFormat {
      switch self {
      case .plain: .plain
      case .storedGzip, .namedGzip: .gzip
      case .zstd: .zstd
      }
    }

    func bytes() throws -> [UInt8] {
      let text = StreamDecompressorTests.plain
      let (first, second) = (Array(text[..<1_234]), Array(text[1_234...]))
      switch self {
      case .plain: return text
      case .storedGzip: return gzipMember(first) + gzipMember([]) + gzipMember(second)
      case .namedGzip: return gzipMember(first, name: "a.txt") + gzipMember(second)
      case .zstd:
        // Between two frames a skippable one, which holds no text.
        return try frame(first) + [0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 9, 9, 9] + frame(second)
      }
    }
  }

  /// Feeds `inputSize` bytes at a time and takes at most `outputSize`.
  func decompress(
    _ bytes: [UInt8], _ format: StreamFormat, inputSize: Int, outputSize: Int
  ) throws(CompressionFailure) -> [UInt8] {
    let stream = try StreamDecompressor(format)
    var out: [UInt8] = []
    var room = [UInt8](repeating: 0, count: outputSize)
    var start = 0
    while start < bytes.count {
      var part = Array(bytes[start..<min(bytes.count, start + inputSize)])
      start += part.count
      while true {
        let result = part.withUnsafeBytes { input in
          room.withUnsafeMutableBytes { output in
            Result { () throws(CompressionFailure) in try stream.decompress(input, into: output) }
          }
        }
        let (read, written) = try result.get()
        out += room[..<written]
        part.removeFirst(read)
        if part.isEmpty && written < outputSize { break }
      }
    }
    try stream.finish()
    #expect(stream.consumedBytes == bytes.count)
    return out
  }

  @Test(arguments: Stream.allCases) func membersAndFramesRunTogether(stream: Stream) throws {
    let bytes = try stream.bytes()
    #expect(StreamFormat(firstBytes: bytes) == stream.format)
    for (inputSize, outputSize) in [
      (1 << 20, 1 << 20), (1, 1 << 20), (1 << 20, 1), (1, 1), (7, 13), (1_000, 64),
    ] {
      let out = try decompress(
        bytes, stream.format, inputSize: inputSize, outputSize: outputSize)
      #expect(out == Self.plain, "\(inputSize) bytes in, \(outputSize) out")
    }
  }

  /// The input in two parts, cut at every byte.
  @Test(arguments: [Stream.namedGzip, .zstd]) func anyCutGivesTheSame(stream: Stream) throws {
    let bytes = try stream.bytes()
    for cut in stride(from: 1, to: bytes.count, by: 3) {
      let out = try decompress(bytes, stream.format, inputSize: cut, outputSize: 4_000)
      #expect(out == Self.plain, "cut at \(cut)")
    }
  }

  @Test(arguments: [Stream.storedGzip, .namedGzip, .zstd]) func anEndInsideIsTruncated(
    stream: Stream
  ) throws {
    let bytes = try stream.bytes()
    let whole = try wholeEnds(stream, bytes)
    for count in stride(from: 1, to: bytes.count, by: 7) where !whole.contains(count) {
      let failed = failure { () throws(CompressionFailure) in
        _ = try decompress(
          Array(bytes[..<count]), stream.format, inputSize: 1 << 20, outputSize: 1 << 20)
      }
      #expect(failed?.code == .truncated, "\(count) of \(bytes.count) bytes")
    }
  }

  /// Where a member or frame ends, so that a stream may too.
  func wholeEnds(_ stream: Stream, _ bytes: [UInt8]) throws -> Set<Int> {
    let text = Self.plain
    switch stream {
    case .plain: return []
    case .storedGzip:
      let first = gzipMember(Array(text[..<1_234])).count
      return [first, first + gzipMember([]).count]
    case .namedGzip: return [gzipMember(Array(text[..<1_234]), name: "a.txt").count]
    case .zstd:
      let first = try frame(Array(text[..<1_234])).count
      return [first, first + 11]
    }
  }

  @Test(arguments: [Stream.storedGzip, .namedGzip, .zstd]) func aDamagedChecksumIsCorrupt(
    stream: Stream
  ) throws {
    var bytes = try stream.bytes()
    // gzip ends with CRC and size, a zstd frame with its checksum.
    bytes[bytes.count - (stream == .zstd ? 2 : 6)] ^= 1
    let failed = failure { () throws(CompressionFailure) in
      _ = try decompress(bytes, stream.format, inputSize: 100, outputSize: 100)
    }
    #expect(failed?.code == .corrupt)
    #expect((failed?.offset ?? 0) > 0)
  }

  @Test func garbageAfterAMemberIsCorrupt() throws {
    for stream in [Stream.storedGzip, .zstd] {
      let bytes = try stream.bytes() + Array("trailing garbage".utf8)
      let failed = failure { () throws(CompressionFailure) in
        _ = try decompress(bytes, stream.format, inputSize: 1 << 20, outputSize: 1 << 20)
      }
      #expect(failed?.code == .corrupt, "\(stream)")
    }
  }

  @Test func aWindowAboveTheLimitIsRefused() throws {
    // Frame headers without content size and with windows of 2^30 and 2^24 bytes.
    for (exponent, limit) in [(UInt8(20), 27), (14, 20)] {
      let bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, exponent << 3, 1, 0, 0]
      let failed = failure { () throws(CompressionFailure) in
        let stream = try StreamDecompressor(.zstd, windowLogLimit: limit)
        var room = [UInt8](repeating: 0, count: 100)
        let result = bytes.withUnsafeBytes { input in
          room.withUnsafeMutableBytes { output in
            Result { () throws(CompressionFailure) in try stream.decompress(input, into: output) }
          }
        }
        _ = try result.get()
      }
      #expect(failed?.code == .tooLarge)
      #expect(failed?.found == "a zstd window over \(1 << limit) bytes")
    }
  }

  @Test func formatsAreToldByTheirFirstBytes() {
    #expect(StreamFormat(firstBytes: [0x1F, 0x8B]) == .gzip)
    #expect(StreamFormat(firstBytes: [0x1F]) == .plain)
    #expect(StreamFormat(firstBytes: [0x28, 0xB5, 0x2F, 0xFD]) == .zstd)
    #expect(StreamFormat(firstBytes: [0x28, 0xB5, 0x2F]) == .plain)
    for nibble in UInt8(0)..<16 {
      #expect(StreamFormat(firstBytes: [0x50 | nibble, 0x2A, 0x4D, 0x18, 0]) == .zstd)
    }
    #expect(StreamFormat(firstBytes: []) == .plain)
    #expect(StreamFormat(firstBytes: Array("{\"te".utf8)) == .plain)
  }
}

/// One gzip member of stored blocks, with a file name if given.
func gzipMember(_ bytes: [UInt8], name: String? = nil) -> [UInt8] {
  var out: [UInt8] = [0x1F, 0x8B, 8, name == nil ? 0 : 8, 0, 0, 0, 0, 0, 255]
  if let name { out += Array(name.utf8) + [0] }
  out.append(1)
  out.appendLittleEndian(UInt16(bytes.count))
  out.appendLittleEndian(~UInt16(bytes.count))
  out += bytes
  var crc = ~UInt32(0)
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  out.appendLittleEndian(~crc)
  out.appendLittleEndian(UInt32(bytes.count))
  return out
}
