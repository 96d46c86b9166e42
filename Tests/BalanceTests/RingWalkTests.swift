import Balance
import ShardifyCore
import Testing

@Suite struct RingWalkTests {
  @Test func goesRoundUntilTheQuotaIsReached() throws {
    let copies = try Array(RingWalk(pieceTokens: [2, 3], quota: 8))
    #expect(
      copies == [
        RingCopy(ordinal: 0, pass: 0, start: 0, end: 2),
        RingCopy(ordinal: 1, pass: 0, start: 2, end: 5),
        RingCopy(ordinal: 0, pass: 1, start: 5, end: 7),
        RingCopy(ordinal: 1, pass: 1, start: 7, end: 10),
      ])
  }

  @Test func startsAnywhereWithTheCopyThatCoversTheCoordinate() throws {
    for pieces in [[1], [4], [2, 3], [1, 1, 5, 2]] {
      let all = try Array(RingWalk(pieceTokens: pieces, quota: 25))
      for coordinate in -1...30 {
        let rest = try Array(RingWalk(pieceTokens: pieces, quota: 25, from: coordinate))
        let expected = coordinate < 25 ? all.filter { $0.end > coordinate } : []
        #expect(rest == expected, "\(pieces) from \(coordinate)")
      }
    }
  }

  @Test func nothingForNoQuota() throws {
    #expect(try Array(RingWalk(pieceTokens: [3], quota: 0)).isEmpty)
    #expect(try Array(RingWalk(pieceTokens: [], quota: 0)).isEmpty)
  }

  @Test(arguments: [
    ([0], 1), ([2, 0], 1), ([3, -1], 1), ([], 1), ([1 << 61, 1], 1), ([1], 1 << 62),
  ])
  func piecesWithoutTokensAndHugeRingsAreRefused(pieces: [Int], quota: Int) {
    #expect(throws: BalanceFailure.self) { try RingWalk(pieceTokens: pieces, quota: quota) }
  }

  @Test func theLargestRingDoesNotOverflow() throws {
    let copies = try Array(RingWalk(pieceTokens: [1 << 61 - 1, 1], quota: 1 << 61))
    #expect(copies.count == 2)
    #expect(try Array(RingWalk(pieceTokens: [1 << 61], quota: 1 << 61)).count == 1)
  }
}
