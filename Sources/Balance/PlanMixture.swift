import ShardifyCore

/// Plans how many tokens each language gets.
///
/// The policy turns sizes into weights; fixed shares come first, then every language gets
/// clamp(λ·weight, floor, min(cap, maxEpochs·tokens)) with the one λ that meets the budget, rounded
/// by largest remainder (ties to the lower tag). So limits come *after* the exponent, and what
/// they take from one language goes to the others by the policy. (seqio's artificial limit comes
/// before the exponent and gives other numbers.)
///
/// - Parameters:
///   - supplies: What the store has; in any order.
///   - mixture: What is wanted.
///   - bytePremiums: Needed for the unit `content`.
/// - Returns: Quotas that sum to the budget exactly, by tag.
/// - Throws: `BalanceFailure` that names the option and, where the budget is not feasible, the
///   feasible figure.
/// - Complexity: O(*L* log *L*) in languages, times the groups of languages at a limit.
///
/// Source: Lample & Conneau 2019 (arXiv:1901.07291) for the exponent; Chung et al. 2023
/// (arXiv:2304.09151) for UniMax, of which this is the integer form.
public func planMixture(
  _ supplies: [LanguageSupply], _ mixture: Mixture, bytePremiums: BytePremiums? = nil
) throws(BalanceFailure) -> MixturePlan {
  try mixture.check()
  let selection = try Selection(supplies, mixture)
  let included = selection.included
  let planner = try Planner(included, mixture, bytePremiums)
  let available = included.reduce(0) { $0 + $1.tokens }
  let budget = mixture.budgetTokens ?? available
  if let infeasibility = planner.infeasibility(budget: budget, epochs: planner.epochLimit) {
    throw planner.failure(infeasibility, budget: budget)
  }
  let quotas = planner.quotas(budget: budget)
  let languages = zip(included, quotas).map { supply, quota in
    LanguagePlan(
      supply: supply, naturalShare: Share(supply.tokens, of: available),
      share: Share(quota.quota, of: budget), quota: quota.quota, bindingRule: quota.rule)
  }
  if !mixture.allowZero, languages.contains(where: { $0.quota == 0 }) {
    throw planner.zeroFailure(languages, budget: budget)
  }
  var warnings = selection.warnings
  warnings += repetitionWarning(languages).map { [$0] } ?? []
  if let bytePremiums, mixture.unit == .content {
    let estimated = included.filter { bytePremiums.premium(of: $0).isEstimated }
    if !estimated.isEmpty {
      warnings.append("byte premium estimated for \(Selection.names(estimated.map(\.tag)))")
    }
  }
  return MixturePlan(
    mixture: mixture, languages: languages, budget: budget, excluded: selection.excluded,
    warnings: warnings)
}

private func repetitionWarning(_ languages: [LanguagePlan]) -> String? {
  // Compared in whole numbers: quota > 4·tokens.
  let repeated = languages.filter { $0.quota / 4 >= $0.supply.tokens && $0.effectiveEpochs > 4 }
  guard let most = repeated.max(by: { $0.effectiveEpochs < $1.effectiveEpochs }) else { return nil }
  let epochs = Grouped.ratio(most.quota, most.supply.tokens, places: 1)
  return "\(repeated.count) of \(languages.count) languages are repeated more than 4 times, most "
    + "\(most.tag) with \(epochs) epochs; beyond 4 epochs repeated text is worth ever less "
    + "(Muennighoff et al. 2023, arXiv:2305.16264); --max-epochs 4 prevents it"
}
