import Load
import ShardifyCore

/// The training loss of one language over some steps.
public struct LanguageLoss: Sendable, Equatable {
  /// The language.
  public var tag: LanguageTag
  /// Tokens predicted, over all ranks.
  public var tokens: Int
  /// Mean loss of a token, in nats.
  public var lossNats: Double
}

/// Adds up the losses of tokens by the language of their piece.
struct LanguageLosses {
  private let languages: [LanguageTag]
  /// Loss and tokens of each language in turn.
  private var sums: [Double]

  init(_ languages: [LanguageTag]) {
    self.languages = languages
    sums = Array(repeating: 0, count: 2 * languages.count)
  }

  /// Adds the losses of a batch.
  ///
  /// - Parameter losses: [samples, sequenceLength]: row r is the loss of predicting token r + 1.
  mutating func add(_ spans: [PieceSpan], losses: [Float], sequenceLength: Int) {
    for span in spans {
      let first = max(1, span.firstToken)
      let end = span.firstToken + span.tokenCount
      guard first < end else { continue }
      var sum = 0.0
      let base = span.sample * sequenceLength - 1
      for token in first..<end { sum += Double(losses[base + token]) }
      sums[2 * span.language] += sum
      sums[2 * span.language + 1] += Double(end - first)
    }
  }

  /// The losses of all ranks since the last call.
  mutating func take(_ ranks: Communicator) throws(TrainFailure) -> [LanguageLoss] {
    let total = try ranks.sum(sums)
    for place in sums.indices { sums[place] = 0 }
    return languages.indices.compactMap { language in
      let tokens = total[2 * language + 1]
      guard tokens > 0 else { return nil }
      return LanguageLoss(
        tag: languages[language], tokens: Int(tokens), lossNats: total[2 * language] / tokens)
    }
  }
}
