import Load
import ShardifyCore

/// Measures the loss on held-out text.
struct Evaluator {
  let windows: HoldoutWindows
  let facts: DatasetFacts
  /// Share of each language of the training tokens.
  let shares: [Double]
  /// The loss of each id under the unigram distribution, in nats.
  let unigramLoss: [Float]

  /// - Parameter tokens: Held-out tokens wanted in all; each language gets its share, and at least
  ///   one window.
  init(
    _ data: TrainingData, sequenceLength: Int, tokens: Int, logFrequencies: [Float],
    skipsBadShards: Bool
  ) throws(LoadFailure) {
    let facts = data.facts
    let total = max(1, facts.languageTokens.reduce(0) { $0 + max(0, Double($1)) })
    let known = facts.languageTokens.count == facts.languages.count
    let shares = facts.languages.indices.map {
      known
        ? max(0, Double(facts.languageTokens[$0])) / total
        : 1 / Double(max(1, facts.languages.count))
    }
    let budgets = shares.map { $0 > 0 ? max(sequenceLength, Int($0 * Double(tokens))) : 0 }
    self.facts = facts
    self.shares = shares
    let reader = try HoldoutReader(data.holdout, facts: facts, skipsBadShards: skipsBadShards)
    windows = try HoldoutWindows(
      reader, sequenceLength: sequenceLength, budgets: budgets, endOfTextID: facts.endOfTextID)
    unigramLoss = logFrequencies.map { -$0 }
  }

  /// Whether there is anything to evaluate.
  var isEmpty: Bool { windows.windows == 0 }

  /// Runs the model over this rank's part of the windows and adds up all ranks'.
  func evaluate(
    _ engine: GPTEngine, step: Int, ranks: Communicator
  ) throws(TrainFailure) -> EvaluationResult {
    let length = windows.sequenceLength
    let part = windows.part(rank: ranks.rank, worldSize: ranks.worldSize)
    let rows = part.lowerBound * length..<part.upperBound * length
    let losses = engine.losses(
      ids: Array(windows.ids[rows]), targets: Array(windows.targets[rows]),
      attendFrom: Array(windows.attendFrom[rows]), samples: part.count)
    var sums = [Double](repeating: 0, count: 4 * facts.languages.count)
    for segment in windows.segments where rows.contains(segment.firstRow) {
      let base = 4 * segment.language
      for row in segment.firstRow..<segment.firstRow + segment.rows {
        sums[base] += Double(losses[row - rows.lowerBound])
        sums[base + 1] += Double(unigramLoss[Int(windows.targets[row])])
      }
      sums[base + 2] += Double(segment.rows)
      sums[base + 3] += segment.bytes
    }
    let total = try ranks.sum(sums)
    return EvaluationResult(
      step: step,
      languages: facts.languages.indices.compactMap { language in
        let values = total[4 * language..<4 * language + 4]
        let tokens = values[4 * language + 2]
        guard tokens > 0 else { return nil }
        return EvaluationResult.Language(
          tag: facts.languages[language], share: shares[language], tokens: Int(tokens),
          bytes: values[4 * language + 3], lossNats: values[4 * language] / tokens,
          unigramNats: values[4 * language + 1] / tokens)
      })
  }
}
