import Compression
import ShardifyCore
import Shards
import Testing

@Suite struct RunDamageTests {
  private func smallRun(_ path: String) throws -> [TestPiece] {
    var fixture = PieceFixture(seed: 11)
    var pieces: [TestPiece] = []
    for (number, language) in PieceFixture.languages.enumerated() {
      pieces += fixture.document(number, language, pieceTokens: [5, 4], columns: 1, source: "s")
    }
    try writeRun(pieces, to: path, columns: ["length"])
    return sorted(pieces)
  }

  @Test func aRunCutAtAnyByteIsRefused() throws {
    let folder = try TemporaryFolder()
    _ = try smallRun(folder.file("whole"))
    let whole = try contents(folder.file("whole"))
    for count in 0..<whole.count {
      try put(Array(whole[..<count]), folder.file("cut"))
      #expect(throws: ShardsFailure.self, "cut to \(count) bytes") {
        try readRun(folder.file("cut"))
      }
    }
  }

  @Test func aFlippedBitIsRefusedOrChangesNothing() throws {
    let folder = try TemporaryFolder()
    let pieces = try smallRun(folder.file("whole"))
    let whole = try contents(folder.file("whole"))
    var unnoticed = 0
    for place in whole.indices {
      for bit in [0, 3, 7] {
        var bytes = whole
        bytes[place] ^= 1 << UInt8(bit)
        try put(bytes, folder.file("flipped"))
        do {
          let read = try readRun(folder.file("flipped")).pieces
          #expect(read == pieces, "byte \(place) bit \(bit)")
          unnoticed += 1
        } catch {
          #expect(error is ShardsFailure)
        }
      }
    }
    // zstd has a few bits that decode to the same content; what is not zstd's has none.
    #expect(unnoticed * 50 < whole.count * 3)
  }

  @Test func anotherVersionIsRefusedByItsNumber() throws {
    let folder = try TemporaryFolder()
    _ = try smallRun(folder.file("run"))
    var bytes = try contents(folder.file("run"))
    bytes[bytes.count - 12] = 2
    try put(bytes, folder.file("run"))
    let failure = #expect(throws: ShardsFailure.self) { try RunReader(path: folder.file("run")) }
    #expect(failure?.code == .version)
    #expect(
      failure?.message
        == "cannot read run: \(folder.file("run")): format version 2, expected version 1; "
        + "use the shardify that wrote it, or ingest again")
  }

  @Test func aMissingRunIsAFileFailure() throws {
    let folder = try TemporaryFolder()
    let failure = #expect(throws: ShardsFailure.self) { try RunReader(path: folder.file("none")) }
    #expect(failure?.code == .file)
  }
}
