import ShardifyCore
import Testing

@testable import Shardify

@Suite struct RingMarksTests {
  @Test func marksAreEvenAndBounded() {
    for pieces in [0, 1, 1_024, 1_025, 4_096 * 1_024, 4_096 * 1_024 + 1, 20_000_000] {
      var list = RingMarks()
      for piece in 0..<pieces {
        list.add(PieceKey(high: UInt64(piece), low: 0, piece: 0), piece: piece, tokens: 3 * piece)
      }
      #expect(list.marks.count <= RingMarks.limit)
      #expect(list.marks.count == (pieces + list.interval - 1) / list.interval)
      for (number, mark) in list.marks.enumerated() {
        #expect(mark.tokens == 3 * number * list.interval)
        #expect(Int(mark.key.high) == number * list.interval)
      }
    }
  }
}
