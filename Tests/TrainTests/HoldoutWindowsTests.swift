import Load
import ShardifyCore
import Testing

@testable import Train

@Suite struct HoldoutWindowsTests {
  let tiny = TinyData()

  func windows(length: Int, budgets: [Int]) throws -> HoldoutWindows {
    try HoldoutWindows(
      try HoldoutReader(tiny.holdout, facts: tiny.facts), sequenceLength: length,
      budgets: budgets, endOfTextID: 39)
  }

  /// The held-out tokens, the first language's pieces before the second's.
  func tokensByLanguage() -> [TokenID] {
    let shard = tiny.holdout.shards[0]
    return [0, 1].flatMap { language in
      shard.pieces.entries.indices.filter { shard.pieces.entries[$0].language == language }
        .flatMap { shard.tokens[shard.pieces.starts[$0]..<shard.pieces.starts[$0 + 1]] }
    }
  }

  @Test func everyTokenIsPredictedOnceBehindAnEndOfText() throws {
    for length in [5, 32, 500] {
      let windows = try windows(length: length, budgets: [1 << 20, 1 << 20])
      #expect(windows.ids.count == windows.windows * length)
      #expect(windows.targets.filter { $0 != GPT.ignoredTarget } == tokensByLanguage())
      let bytes = tiny.holdout.shards[0].pieces.entries.reduce(0) { $0 + $1.byteCount }
      #expect(abs(windows.segments.reduce(0) { $0 + $1.bytes } - Double(bytes)) < 1e-6)
      // A row whose piece begins there is given the end-of-text id.
      var pieceStarts = 0
      for segment in windows.segments {
        #expect(Int(windows.attendFrom[segment.firstRow]) == segment.firstRow % length)
        if windows.ids[segment.firstRow] == 39 { pieceStarts += 1 }
        for row in segment.firstRow + 1..<segment.firstRow + segment.rows {
          #expect(windows.ids[row] == windows.targets[row - 1])
        }
      }
      #expect(pieceStarts == tiny.holdout.shards[0].pieces.entries.count)
    }
  }

  @Test func aBudgetLimitsItsLanguage() throws {
    let windows = try windows(length: 32, budgets: [100, 0])
    #expect(windows.segments.allSatisfy { $0.language == 0 })
    #expect(windows.segments.reduce(0) { $0 + $1.rows } == 100)
  }

  /// An evaluation adds the ranks' sums: that is the same text for any number of them.
  @Test(arguments: 1...8)
  func ranksTogetherTakeEachWindowOnce(worldSize: Int) throws {
    for length in [5, 32, 500] {
      let windows = try windows(length: length, budgets: [1 << 20, 1 << 20])
      let parts = (0..<worldSize).map { windows.part(rank: $0, worldSize: worldSize) }
      #expect(parts.flatMap { Array($0) } == Array(0..<windows.windows))
      // A segment lies in one window, so it is one rank's.
      #expect(
        windows.segments.allSatisfy {
          $0.firstRow / length == ($0.firstRow + $0.rows - 1) / length
        })
    }
  }
}
