import Compression
import Foundation
import ShardifyCore
import Shards
import Testing

/// The files of format version 1, frozen under `fixtures/golden`. They are written anew only with
/// `SHARDIFY_REFRESH_GOLDEN=1`, and the difference is for a person to look at.
@Suite struct GoldenTests {
  private static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path + "/fixtures/golden"
  private static let refreshes =
    ProcessInfo.processInfo.environment["SHARDIFY_REFRESH_GOLDEN"] == "1"
  /// The library the frozen files were compressed with: another may write other bytes.
  private static let zstdVersion = "1.5.4"

  private func runPieces() -> [TestPiece] {
    var fixture = PieceFixture(seed: 1)
    var pieces: [TestPiece] = []
    for (number, language) in PieceFixture.languages.enumerated() {
      pieces += fixture.document(number, language, pieceTokens: [3, 2], columns: 2, source: "web")
      pieces += fixture.document(number + 10, language, pieceTokens: [1], columns: 2, heldOut: true)
    }
    return pieces
  }

  private func shard(width: Int) -> TestShard {
    var shard = TestShard(width: width)
    for number in 0..<5 { shard.add(number, pieceTokens: [3, 2], pass: number / 3) }
    return shard
  }

  /// The frozen file, after writing it anew if that was asked for.
  private func golden(_ name: String, _ fresh: [UInt8]) throws -> [UInt8] {
    let path = GoldenTests.folder + "/" + name
    if GoldenTests.refreshes { try put(fresh, path) }
    return try contents(path)
  }

  @Test func theRunOfVersion1IsReadAndWrittenAsEver() throws {
    let folder = try TemporaryFolder()
    try writeRun(
      runPieces(), to: folder.file("run"), columns: ["length", "score"], duplicates: 2,
      notes: ["fact\tunit_bytes\t16777216"])
    let fresh = try contents(folder.file("run"))
    let frozen = try golden("run-v1.run.zst", fresh)
    if Zstd.libraryVersionText == GoldenTests.zstdVersion { #expect(fresh == frozen) }
    try put(frozen, folder.file("frozen"))
    let (reader, pieces) = try readRun(folder.file("frozen"))
    #expect(pieces == sorted(runPieces()))
    #expect(reader.index.storeKey == PieceFixture.storeKey)
    #expect(reader.index.duplicates == 2)
    #expect(reader.names.sources == ["", "web"])
    #expect(reader.names.numberColumns == ["length", "score"])
    #expect(reader.names.notes == ["fact\tunit_bytes\t16777216"])
  }

  @Test(arguments: [2, 4])
  func theShardOfVersion1IsReadAndWrittenAsEver(width: Int) throws {
    let folder = try TemporaryFolder()
    let shard = shard(width: width)
    try shard.write(to: folder.file("s"))
    let fresh = try contents(folder.file("s"))
    let frozen = try golden("shard-v1-u\(8 * width).zst", fresh)
    if Zstd.libraryVersionText == GoldenTests.zstdVersion { #expect(fresh == frozen) }
    try put(frozen, folder.file("frozen"))
    let (reader, pieces, ids) = try readShard(folder.file("frozen"))
    #expect(pieces == shard.pieces)
    #expect(ids == shard.ids)
    #expect(reader.header.vocabularySize == 300)
    #expect(reader.header.endOfTextID == PieceFixture.endOfText)
    #expect(reader.planText == TestShard.plan)
  }
}
