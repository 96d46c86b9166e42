import ShardifyCore

/// The limits and weights of a mixture's languages, from which quotas follow for any budget.
struct Planner {
  let mixture: Mixture
  /// What takes part, by tag.
  let supplies: [LanguageSupply]
  /// Per language, for what is left after bounds; shape [languages], sum at most 2^61.
  let weights: [UInt64]
  /// Whether the fixed shares cover all languages, and so take the place of the policy.
  let isAllFixed: Bool

  /// What one language may get of a budget, and why.
  struct Limits {
    var lower: Int
    var upper: Int
    var upperRule: BindingRule
    /// Set when the lower bound is above the upper one.
    var isContradictory: Bool { lower > upper }
  }

  /// Why a budget cannot be divided.
  enum Infeasibility: Equatable {
    /// The language at this index needs `lower` tokens and may have only `upper`.
    case language(Int, lower: Int, upper: Int)
    /// The least of all languages together, above the budget.
    case tooMuchAsked(Int)
    /// The most of all languages together, below the budget.
    case tooLittleAllowed(Int)
  }

  init(
    _ supplies: [LanguageSupply], _ mixture: Mixture, _ premiums: BytePremiums?
  ) throws(BalanceFailure) {
    self.supplies = supplies
    self.mixture = mixture
    isAllFixed = supplies.allSatisfy { mixture.fixedShares[$0.tag] != nil }
    weights = try Weights.of(supplies, mixture, premiums, isAllFixed: isAllFixed)
    try checkSums()
  }

  /// Refuses shares that leave nothing, or too much, whatever the budget: the rounding of tokens
  /// would let some odd budgets through.
  private func checkSums() throws(BalanceFailure) {
    let fixed = Mixture.parts(mixture.fixedShares)
    if !isAllFixed, fixed >= Int(Decimal.shareScale), !mixture.allowZero {
      let others = supplies.map(\.tag).filter { mixture.fixedShares[$0] == nil }
      throw .plan(
        .conflict,
        found: "the fixed shares sum to 1 and leave nothing to \(Selection.names(others))",
        expected: "less than 1", remedy: "lower --share, exclude the others or give --allow-zero")
    }
    let isAllCapped = supplies.allSatisfy {
      mixture.caps[$0.tag] != nil || mixture.fixedShares[$0.tag] != nil
    }
    let capped = fixed + Mixture.parts(mixture.caps)
    if isAllCapped, !isAllFixed, capped < Int(Decimal.shareScale - Decimal.shareScale / 1_000_000) {
      throw .plan(
        .conflict,
        found:
          "every language has a cap or a fixed share and they sum to \(Mixture.decimal(capped))",
        expected: "1 or more", remedy: "raise --cap, or leave a language without one")
    }
  }

  /// The most epochs allowed, as a decimal.
  var epochLimit: Decimal? { mixture.maxEpochs.map(Decimal.init(epochs:)) }

  /// Limits per language; shape [languages].
  ///
  /// A floor and a fixed share are rounded down to whole tokens, a cap up, so that shares that
  /// just fit still do.
  func limits(budget: Int, epochs: Decimal?) -> [Limits] {
    supplies.map { supply in
      // What earlier datasets went over counts.
      let most =
        epochs.map { max(0, $0.of(supply.tokens) - supply.tokensBefore) } ?? Quotas.largestTotal
      if let share = mixture.fixedShares[supply.tag] {
        let tokens = Decimal(share: share).of(budget)
        if isAllFixed && tokens <= most {
          return Limits(lower: 0, upper: most, upperRule: .maxEpochs)
        }
        return Limits(lower: tokens, upper: min(tokens, most), upperRule: .fixed)
      }
      let lower = mixture.floors[supply.tag].map { Decimal(share: $0).of(budget) } ?? 0
      guard let cap = mixture.caps[supply.tag] else {
        return Limits(lower: lower, upper: most, upperRule: .maxEpochs)
      }
      let capped = Decimal(share: cap).roundedUp(of: budget)
      return Limits(
        lower: lower, upper: min(most, capped), upperRule: capped < most ? .cap : .maxEpochs)
    }
  }

  /// Why `budget` cannot be divided; nil if it can.
  func infeasibility(budget: Int, epochs: Decimal?) -> Infeasibility? {
    let limits = limits(budget: budget, epochs: epochs)
    if let index = limits.firstIndex(where: \.isContradictory) {
      return .language(index, lower: limits[index].lower, upper: limits[index].upper)
    }
    let least = limits.reduce(UInt128(0)) { $0 + UInt128($1.lower) }
    let most = limits.reduce(UInt128(0)) { $0 + UInt128($1.upper) }
    if least > UInt128(budget) { return .tooMuchAsked(Int(clamping: least)) }
    if most < UInt128(budget) { return .tooLittleAllowed(Int(clamping: most)) }
    return nil
  }

  /// Quotas and the rules that bound them for a budget known to be feasible.
  func quotas(budget: Int) -> [(quota: Int, rule: BindingRule)] {
    let limits = limits(budget: budget, epochs: epochLimit)
    let bounds = zip(limits, weights).map { limit, weight in
      Quotas.Bound(lower: limit.lower, upper: limit.upper, weight: weight)
    }
    return zip(limits, Quotas.divide(budget, among: bounds)).map { limit, quota in
      if limit.upperRule == .fixed { return (quota, .fixed) }
      if quota == limit.upper { return (quota, limit.upperRule) }
      if quota == limit.lower && quota > 0 { return (quota, .floor) }
      return (quota, isAllFixed ? .fixed : .policy)
    }
  }

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
