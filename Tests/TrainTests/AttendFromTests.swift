import Load
import Testing

@testable import Train

@Suite struct AttendFromTests {
  @Test func aRowAttendsBackToTheTokenBeforeItsPiece() {
    func span(_ sample: Int, _ first: Int, _ count: Int) -> PieceSpan {
      PieceSpan(
        sample: sample, firstToken: first, tokenCount: count, language: 0, shard: 0, piece: 0,
        startsDocument: first > 0)
    }
    // Nine tokens a sample: the first has pieces of 3, 5 and 1; the second is one piece.
    let spans = [span(0, 0, 3), span(0, 3, 5), span(0, 8, 1), span(1, 0, 9)]
    // Row 2 holds the last token of the first piece and predicts the first of the second; row 7
    // predicts the third piece's only token.
    #expect(
      PieceSpan.attendFrom(spans, samples: 2, sequenceLength: 8)
        == [0, 0, 2, 2, 2, 2, 2, 7] + [0, 0, 0, 0, 0, 0, 0, 0])
  }
}
