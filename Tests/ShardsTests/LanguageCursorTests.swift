import Compression
import ShardifyCore
import Shards
import Testing

@Suite struct LanguageCursorTests {
  static let language = PieceFixture.languages[1]

  /// Walks from the start: what a merge of the runs gives.
  private func walk(
    _ runs: [RunReader], _ part: LanguageCursor.Part = .all, _ holdout: Holdout = Holdout()
  ) throws -> (pieces: [TestPiece], duplicates: Int) {
    let cursor = LanguageCursor(
      runs: runs, language: LanguageCursorTests.language, part: part, holdout: holdout,
      zstd: try ZstdDecompressor())
    try cursor.rewind()
    var pieces: [TestPiece] = []
    while let (run, table, index) = cursor.current {
      var bytes: [UInt8] = []
      try cursor.appendTokens(to: &bytes)
      pieces.append(
        TestPiece(
          row: table.row(index, language: cursor.origin?.language ?? LanguageCursorTests.language),
          source: run.names.sources[table.source(index)],
          numbers: (0..<table.numberColumns).map { table.number(index, column: $0) },
          ids: decoded(bytes, width: 2, 0..<table.tokenCount(index))))
      try cursor.advance()
    }
    return (pieces, cursor.duplicateDocuments)
  }

  /// Document `number` is in those of three runs whose bit is set in `number + 1`, every copy with
  /// a source of its own, and the smallest source not always in the same run.
  private func threeRuns(_ folder: TemporaryFolder) throws -> (runs: [RunReader], best: [TestPiece])
  {
    var files: [[TestPiece]] = [[], [], []]
    var best: [TestPiece] = []
    for number in 0..<21 {
      let mask = number % 7 + 1
      var copies: [[TestPiece]] = []
      for run in 0..<3 where mask >> run & 1 == 1 {
        var fixture = PieceFixture(seed: UInt64(number))
        let source = "source-\((number + 2 * run) % 3)"
        let pieces = fixture.document(
          number, LanguageCursorTests.language, pieceTokens: [3, 2, 4].suffix(1 + number % 3),
          columns: 1, source: source)
        files[run] += pieces
        copies.append(pieces)
      }
      best += copies.min { $0[0].source < $1[0].source } ?? []
    }
    var runs: [RunReader] = []
    for (number, pieces) in files.enumerated() {
      let path = folder.file("\(number)")
      try writeRun(pieces, to: path, columns: ["length"])
      runs.append(try RunReader(path: path))
    }
    return (runs, sorted(best))
  }

  @Test func mergeKeepsTheSameCopyWhateverTheOrderOfRuns() throws {
    let folder = try TemporaryFolder()
    let (runs, best) = try threeRuns(folder)
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      let (pieces, duplicates) = try walk(order.map { runs[$0] })
      #expect(pieces == best)
      // Masks 3, 5, 6 have one copy too many, mask 7 two: five for each seven documents.
      #expect(duplicates == 15)
    }
  }

  @Test func copiesAwaitingTheirTurnAreNotCountedTwice() throws {
    let folder = try TemporaryFolder()
    var fixture = PieceFixture(seed: 1)
    let documents = (0..<2).map {
      fixture.document($0, LanguageCursorTests.language, pieceTokens: [2])
    }.sorted { $0[0].row.key < $1[0].row.key }
    for (name, pieces) in [("a", documents[1]), ("b", documents[1]), ("c", documents[0])] {
      try writeRun(pieces, to: folder.file(name))
    }
    let runs = try ["a", "b", "c"].map { try RunReader(path: folder.file($0)) }
    #expect(try walk(runs).duplicates == 1)
  }

  @Test func equalCopiesInEveryFieldButTheirPlaceLeaveTheEarliest() throws {
    let folder = try TemporaryFolder()
    for (name, offset) in [("a", 900), ("b", 100)] {
      var fixture = PieceFixture(seed: 1)
      var piece = fixture.document(1, LanguageCursorTests.language, pieceTokens: [2])[0]
      piece.row.offset = UInt64(offset)
      try writeRun([piece], to: folder.file(name))
    }
    let runs = try ["a", "b"].map { try RunReader(path: folder.file($0)) }
    for order in [runs, runs.reversed()] {
      #expect(try walk(order).pieces.map(\.row.offset) == [100])
    }
  }

  @Test func heldOutAndTrainingPartsAreDisjointAndWhole() throws {
    let folder = try TemporaryFolder()
    var fixture = PieceFixture(seed: 2)
    var all: [TestPiece] = []
    for number in 0..<12 {
      all += fixture.document(
        number, LanguageCursorTests.language, pieceTokens: [2, 3], heldOut: number % 4 == 0)
    }
    try writeRun(all, to: folder.file("run"))
    let extra = all[2].row.content
    let holdout = Holdout(documents: [LanguageCursorTests.language: [extra]])
    let runs = [try RunReader(path: folder.file("run"))]
    let isHeldOut = { (piece: TestPiece) in
      piece.row.flags.contains(.heldOut) || piece.row.content == extra
    }
    #expect(try walk(runs, .heldOut, holdout).pieces == sorted(all.filter(isHeldOut)))
    #expect(try walk(runs, .training, holdout).pieces == sorted(all.filter { !isHeldOut($0) }))
    #expect(try walk(runs, .all, holdout).pieces == sorted(all))
  }
}
