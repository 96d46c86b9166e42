import Compression
import ShardifyCore
import Shards
import Testing

@Suite struct RunRoundTripTests {
  @Test func everySmallRunReadsBackAsItWasWritten() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.run.zst")
    for width in [2, 4] {
      for languages in 1...3 {
        for documents in 0...4 {
          for columns in 0...2 {
            var fixture = PieceFixture(seed: UInt64(width * 100 + languages * 10 + documents))
            var pieces: [TestPiece] = []
            for language in PieceFixture.languages.prefix(languages) {
              for number in 0..<documents {
                pieces += fixture.document(
                  number, language,
                  pieceTokens: Array(repeating: 1 + number, count: 1 + number % 3),
                  columns: columns, source: number % 2 == 0 ? "web" : "")
              }
            }
            let names = Array(["length", "score"].prefix(columns))
            try writeRun(
              pieces, to: path, width: width, columns: names, duplicates: 5, notes: ["fact\ta\tb"])
            let (reader, read) = try readRun(path)
            #expect(read == sorted(pieces))
            #expect(reader.index.duplicates == 5)
            #expect(reader.names.numberColumns == names)
            #expect(reader.names.notes == ["fact\ta\tb"])
            #expect(reader.tokenCount == pieces.reduce(0) { $0 + $1.ids.count })
            #expect(reader.documentCount == documents * languages)
          }
        }
      }
    }
  }

  @Test func largeRunsHaveFramesOfOneLanguageAndDoNotDependOnJobs() throws {
    let folder = try TemporaryFolder()
    let pieces = largePieces()
    try writeRun(pieces, to: folder.file("1"), jobs: 1)
    try writeRun(pieces, to: folder.file("3"), jobs: 3)
    #expect(try contents(folder.file("1")) == contents(folder.file("3")))
    let (reader, read) = try readRun(folder.file("1"))
    #expect(read == sorted(pieces))
    #expect(reader.index.frames.count > 6)
    for frame in reader.index.frames {
      let raw = frame.tokenCount * 2
      #expect(raw <= RunWriter.frameSizeBytes || frame.pieceCount == 1)
    }
  }

  /// Two languages with pieces of 1 to 200,000 tokens, more than a frame each.
  private func largePieces() -> [TestPiece] {
    var fixture = PieceFixture(seed: 3)
    var pieces: [TestPiece] = []
    for number in 0..<24 {
      let tokens = [1, 70_000, 200_000, 30_000][number % 4]
      pieces += fixture.document(
        number, PieceFixture.languages[number % 2], pieceTokens: [tokens, 1 + number])
    }
    return pieces
  }

  @Test func seekFindsTheFirstPieceNotBelowAnyKey() throws {
    let folder = try TemporaryFolder()
    let pieces = sorted(largePieces())
    try writeRun(pieces, to: folder.file("run"))
    let reader = try RunReader(path: folder.file("run"))
    for language in PieceFixture.languages {
      let own = pieces.filter { $0.row.language == language }
      let cursor = LanguageCursor(
        runs: [reader], language: language, part: .all, holdout: Holdout(),
        zstd: try ZstdDecompressor())
      // Backwards, so that each seek goes to another frame than the cursor stands in.
      for piece in own.reversed() {
        let key = piece.row.key
        for (target, expected) in [
          (key, Optional(key)),
          (PieceKey(high: key.high, low: key.low, piece: key.piece + 1), next(after: key, own)),
        ] {
          try cursor.seek(to: target)
          #expect(cursor.key == expected)
          var bytes: [UInt8] = []
          try cursor.appendTokens(to: &bytes)
          let ids = own.first { $0.row.key == expected }?.ids ?? []
          #expect(bytes == encoded(ids, width: 2))
        }
      }
    }
  }

  private func next(after key: PieceKey, _ pieces: [TestPiece]) -> PieceKey? {
    pieces.first { key < $0.row.key }?.row.key
  }
}
