import Compression
import ShardifyCore
import Testing

/// The failure of the work; nil if there is none.
func failure(_ work: () throws(CompressionFailure) -> Void) -> CompressionFailure? {
  do throws(CompressionFailure) {
    try work()
    return nil
  } catch {
    return error
  }
}

/// One frame of the bytes.
func frame(_ bytes: [UInt8], level: Int = 3) throws -> [UInt8] {
  var out: [UInt8] = []
  let compressor = try ZstdCompressor(level: level)
  _ = try bytes.withUnsafeBytes { try compressor.compress($0, appendingTo: &out) }
  return out
}

/// Bytes that compress somewhat.
func sampleBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var random = SeededRandom(seed: seed)
  return (0..<count).map { _ in UInt8(random.below(20)) + 97 }
}

@Suite struct ZstdTests {
  func decompress(_ frame: [UInt8], limitBytes: Int) throws(CompressionFailure) -> [UInt8] {
    let decompressor = try ZstdDecompressor()
    return try frame.withSpanOfBytes { (bytes) throws(CompressionFailure) in
      try decompressor.decompress(bytes, limitBytes: limitBytes)
    }
  }

  @Test(arguments: [0, 1, 100, 300_000]) func whatGoesInComesOut(count: Int) throws {
    let bytes = sampleBytes(count)
    for level in [-7, 1, 19] {
      let frame = try frame(bytes, level: level)
      #expect(try frame.withUnsafeBytes { try Zstd.contentSize(of: $0) } == count)
      #expect(try decompress(frame, limitBytes: count) == bytes)
    }
  }

  @Test func framesAreAppendedAndTheirSizesGiven() throws {
    let compressor = try ZstdCompressor(level: 1)
    var out: [UInt8] = [1, 2, 3]
    let sizes = try [sampleBytes(50), [], sampleBytes(70)].map { bytes in
      try bytes.withUnsafeBytes { try compressor.compress($0, appendingTo: &out) }
    }
    #expect(Array(out[..<3]) == [1, 2, 3])
    #expect(out.count == 3 + sizes.reduce(0, +))
    let last = Array(out.suffix(sizes[2]))
    #expect(try decompress(last, limitBytes: 70) == sampleBytes(70))
  }

  @Test func everyTruncationIsRefused() throws {
    let frame = try frame(sampleBytes(2_000))
    for count in 0..<frame.count {
      let failed = failure { () throws(CompressionFailure) in
        _ = try decompress(Array(frame[..<count]), limitBytes: 2_000)
      }
      #expect(failed != nil, "\(count) of \(frame.count) bytes were taken")
    }
  }

  @Test func everyFlippedByteIsRefusedOrHarmless() throws {
    let bytes = sampleBytes(500)
    let frame = try frame(bytes)
    for place in frame.indices {
      var damaged = frame
      damaged[place] ^= 0x10
      let failed = failure { () throws(CompressionFailure) in
        let out = try decompress(damaged, limitBytes: 1 << 20)
        #expect(out == bytes, "byte \(place) changed the content unnoticed")
      }
      #expect(failed != nil || place < 6, "byte \(place)")
    }
  }

  @Test func aClaimAboveTheLimitIsRefusedBeforeAnythingIsMade() throws {
    let frame = try frame(sampleBytes(101))
    let failed = failure { () throws(CompressionFailure) in
      _ = try decompress(frame, limitBytes: 100)
    }
    #expect(failed?.code == .tooLarge)
    // A header that claims 2^60 bytes of content, single segment, and nothing more.
    let bomb: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0x10]
    let refused = failure { () throws(CompressionFailure) in
      _ = try decompress(bomb, limitBytes: 1 << 30)
    }
    #expect(refused?.code == .tooLarge)
  }

  @Test func contentOfAnotherSizeThanWantedIsRefused() throws {
    let frame = try frame(sampleBytes(100))
    let decompressor = try ZstdDecompressor()
    for size in [99, 101] {
      var room = [UInt8](repeating: 0, count: size)
      #expect(throws: CompressionFailure.self) {
        try frame.withUnsafeBytes { bytes in
          try room.withUnsafeMutableBytes { try decompressor.decompress(bytes, into: $0) }
        }
      }
    }
  }

  @Test func whatIsNoFrameIsRefused() throws {
    for bytes in [[], [0x28], Array("plain text".utf8), [UInt8](repeating: 0, count: 100)] {
      let failed = failure { () throws(CompressionFailure) in
        _ = try decompress(bytes, limitBytes: 1 << 20)
      }
      #expect(failed?.code == .corrupt)
    }
  }
}

extension [UInt8] {
  /// The bytes, with the typed error that `withUnsafeBytes` would lose.
  func withSpanOfBytes<Value>(
    _ work: (UnsafeRawBufferPointer) throws(CompressionFailure) -> Value
  ) throws(CompressionFailure) -> Value {
    let result = withUnsafeBytes { bytes in
      Result { () throws(CompressionFailure) in try work(bytes) }
    }
    return try result.get()
  }
}
