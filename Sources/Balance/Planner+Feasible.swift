import ShardifyCore

extension Planner {
  /// The largest budget below `budget` that can be divided; nil if there is none.
  ///
  /// What a language may have grows at most in proportion to the budget, and what it must have
  /// in proportion, so the feasible budgets are an interval from the smallest on (to the rounding
  /// of shares to tokens).
  func largestFeasibleBudget(below budget: Int) -> Int? {
    let epochs = epochLimit
    var low = 0
    var high = budget
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if infeasibility(budget: middle, epochs: epochs) == nil {
        low = middle
      } else {
        high = middle
      }
    }
    return low > 0 ? low : nil
  }

  /// Whether a language has had all its epochs in earlier datasets, so that nothing is left of it.
  func isFinished(_ index: Int) -> Bool {
    supplies[index].tokensBefore > 0
      && SourceDivision.most(supplies[index], mixture, epochs: epochLimit) == 0
  }

  /// A line on the languages that have had all their epochs; nil if none has.
  func finishedNote() -> String? {
    let finished = supplies.indices.filter(isFinished).map { supplies[$0].tag }
    guard !finished.isEmpty, let limit = mixture.maxEpochs else { return nil }
    return
      "\(finished.count == 1 ? "1 language has had all its" : "\(finished.count) languages have had all their") "
      + "epochs (--max-epochs \(Grouped.plain(limit))) in the datasets before and "
      + "\(finished.count == 1 ? "gets" : "get") nothing here: \(Selection.names(finished)); a higher "
      + "--max-epochs takes \(finished.count == 1 ? "it" : "them") in again"
  }

  /// The languages that a feasible budget gives nothing, though the mixture forbids that; nil if there
  /// is none. One that has had all its epochs is not among them.
  func withoutTokens(budget: Int, epochs: Decimal?) -> [LanguageTag]? {
    guard !mixture.allowZero else { return nil }
    let quotas = quotas(budget: budget, epochs: epochs).languages
    let none = supplies.indices.filter { quotas[$0].quota == 0 && !isFinished($0) }
    return none.isEmpty ? nil : none.map { supplies[$0].tag }
  }

  /// The fewest epochs, in thousandths, that make `budget` feasible; nil if no number does.
  func smallestFeasibleEpochs(budget: Int) -> Double? {
    func isFeasible(_ thousandths: UInt64) -> Bool {
      let epochs = Decimal(epochParts: thousandths * 1_000_000)
      return infeasibility(budget: budget, epochs: epochs) == nil
        && withoutTokens(budget: budget, epochs: epochs) == nil
    }
    var low: UInt64 = 0
    var high: UInt64 = 1_000_000_000_000
    guard isFeasible(high) else { return nil }
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if isFeasible(middle) { high = middle } else { low = middle }
    }
    return Double(high) / 1000
  }
}
