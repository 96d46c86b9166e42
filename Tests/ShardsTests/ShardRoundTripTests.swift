import Compression
import Foundation
import ShardifyCore
import Shards
import Testing

@Suite struct ShardRoundTripTests {
  @Test func everySmallShardReadsBackAsItWasWritten() throws {
    let folder = try TemporaryFolder()
    for width in [2, 4] {
      for languages in 1...3 {
        for documents in 0...5 {
          var shard = TestShard(width: width, languages: languages, isHoldout: documents == 5)
          for number in 0..<documents {
            shard.add(
              number, pieceTokens: Array(repeating: 2 + number, count: 1 + number % 3),
              pass: number == 3 ? 70_000 : number)
          }
          let summary = try shard.write(to: folder.file("s"))
          let (reader, pieces, ids) = try readShard(folder.file("s"))
          #expect(pieces == shard.pieces)
          #expect(ids == shard.ids)
          #expect(reader.planText == TestShard.plan)
          #expect(reader.header.languages == shard.header.languages)
          #expect(reader.header.isHoldout == shard.header.isHoldout)
          #expect((reader.header.shard, reader.header.shardCount) == (4, 9))
          #expect(reader.header.payload == SHA256.of(encoded(shard.ids, width: width)))
          #expect(summary.payloadDigest == reader.header.payload)
          #expect(summary.fileDigest == SHA256.of(try contents(folder.file("s"))))
          #expect(try reader.fileDigest() == summary.fileDigest)
          #expect(summary.tokenCount == shard.ids.count)
          #expect(summary.parts.reduce(0) { $0 + $1.tokens } == shard.ids.count)
        }
      }
    }
  }

  /// More than two frames, with a piece across each border.
  private func longShard(width: Int) -> TestShard {
    var shard = TestShard(width: width)
    for number in 0..<8 { shard.add(number, pieceTokens: [65_536, 20_001]) }
    return shard
  }

  @Test func piecesGoAcrossFramesOfAFixedNumberOfTokens() throws {
    let folder = try TemporaryFolder()
    for width in [2, 4] {
      let shard = longShard(width: width)
      try shard.write(to: folder.file("s"))
      let (reader, pieces, ids) = try readShard(folder.file("s"))
      #expect(ids == shard.ids)
      #expect(pieces == shard.pieces)
      #expect(reader.frames.count == 3)
      #expect(reader.frames.map(\.firstToken) == [0, 1 << 18, 2 << 18])
      #expect(reader.frames.dropLast().allSatisfy { $0.tokenCount == ShardWriter.frameTokens })
      let middle = TokenBuffer()
      try reader.readFrame(1, into: middle)
      #expect(Array(middle.ids) == Array(shard.ids[(1 << 18)..<(2 << 18)]))
    }
  }

  @Test func theEndOfTheFileIsASeekTableOfTheZstandardSeekableFormat() throws {
    let folder = try TemporaryFolder()
    let shard = longShard(width: 2)
    try shard.write(to: folder.file("s"))
    let bytes = try contents(folder.file("s"))
    func number(_ place: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }
    #expect(number(bytes.count - 4) == 0x8F92_EAB1)
    #expect(bytes[bytes.count - 5] == 0)
    let frames = number(bytes.count - 9)
    let start = bytes.count - 9 - 8 * frames - 8
    #expect(number(start) == 0x184D_2A5E)
    #expect(number(start + 4) == 8 * frames + 9)
    let sizes = (0..<frames).map { number(start + 8 + 8 * $0) }
    let raw = (0..<frames).map { number(start + 12 + 8 * $0) }
    #expect(sizes.reduce(0, +) == start)
    #expect(raw == [1 << 19, 1 << 19, 2 * shard.ids.count - (1 << 20), 0, 0, 0])
    let zstd = try ZstdDecompressor()
    var whole: [UInt8] = []
    var offset = 0
    for (size, count) in zip(sizes, raw).prefix(3) {
      whole += try bytes[offset..<offset + size].withUnsafeBytes {
        try zstd.decompress($0, limitBytes: count)
      }
      offset += size
    }
    #expect(whole == encoded(shard.ids, width: 2))
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd")))
  func theZstdToolGivesThePlainArray() throws {
    let folder = try TemporaryFolder()
    for width in [2, 4] {
      let shard = longShard(width: width)
      try shard.write(to: folder.file("s.zst"))
      let tool = Process()
      tool.executableURL = URL(fileURLWithPath: "/usr/bin/zstd")
      tool.arguments = ["-dfq", folder.file("s.zst"), "-o", folder.file("s")]
      try tool.run()
      tool.waitUntilExit()
      #expect(tool.terminationStatus == 0)
      #expect(try contents(folder.file("s")) == encoded(shard.ids, width: width))
    }
  }
}
