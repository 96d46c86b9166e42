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

  /// The fewest epochs, in thousandths, that make `budget` feasible; nil if no number does.
  func smallestFeasibleEpochs(budget: Int) -> Double? {
    func isFeasible(_ thousandths: UInt64) -> Bool {
      infeasibility(budget: budget, epochs: Decimal(epochParts: thousandths * 1_000_000)) == nil
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
