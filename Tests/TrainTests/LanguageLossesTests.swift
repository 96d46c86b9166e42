import Load
import ShardifyCore
import Testing

@testable import Train

@Suite struct LanguageLossesTests {
  @Test func eachPredictedTokenCountsForTheLanguageOfItsPiece() throws {
    let tags = ["aaa_Latn", "bbb_Cyrl", "ccc_Thai"].compactMap { LanguageTag($0) }
    func span(_ sample: Int, _ first: Int, _ count: Int, _ language: Int) -> PieceSpan {
      PieceSpan(
        sample: sample, firstToken: first, tokenCount: count, language: language, shard: 0,
        piece: 0, startsDocument: false)
    }
    // Two samples of 4 + 1 tokens; the first token of each is predicted by nothing.
    let spans = [span(0, 0, 2, 1), span(0, 2, 3, 0), span(1, 0, 1, 0), span(1, 1, 4, 1)]
    var losses = LanguageLosses(tags)
    losses.add(spans, losses: [1, 2, 3, 4, 10, 20, 30, 40], sequenceLength: 4)
    #expect(
      try losses.take(Communicator()) == [
        LanguageLoss(tag: tags[0], tokens: 3, lossNats: 3),
        LanguageLoss(tag: tags[1], tokens: 5, lossNats: 20.2),
      ])
    #expect(try losses.take(Communicator()) == [])
  }

  /// The losses of the languages, weighted by their tokens, are the mean of the steps'.
  @Test func theySumToTheLossOfTheSteps() throws {
    let tiny = TinyData()
    var options = TinyData.options(steps: 7)
    options.evaluateEvery = 3
    nonisolated(unsafe) var steps: [Double] = []
    nonisolated(unsafe) var events: [(step: Int, losses: [LanguageLoss])] = []
    let trainer = try Trainer(
      tiny.data, options: options, ranks: Communicator(), stop: StopFlag()
    ) { event in
      switch event {
      case .step(let step): steps.append(step.lossNats)
      case .languages(let step, let losses): events.append((step, losses))
      default: break
      }
    }
    _ = try trainer.run()
    #expect(events.map(\.step) == [3, 6, 7])
    for (event, part) in zip(events, [steps[0..<3], steps[3..<6], steps[6..<7]]) {
      let tokens = event.losses.reduce(0) { $0 + $1.tokens }
      #expect(tokens == part.count * options.globalBatch * options.sequenceLength)
      let mean =
        event.losses.reduce(0) { $0 + $1.lossNats * Double($1.tokens) } / Double(tokens)
      #expect(abs(mean - part.reduce(0, +) / Double(part.count)) < 1e-6)
    }
  }
}
