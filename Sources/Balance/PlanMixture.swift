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
/// With groups the same is done at every level: a group is divided like a budget, among its languages
/// and the groups inside it; and a language's quota in the end among its sources.
///
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
  // Sources of weight 0 are not there to be given.
  let budget =
    mixture.budgetTokens ?? included.reduce(0) { $0 + SourceDivision.available($1, mixture) }
  if let infeasibility = planner.infeasibility(budget: budget, epochs: planner.epochLimit) {
    throw planner.failure(infeasibility, budget: budget)
  }
  let languages = planner.languages(budget: budget, available: available, bytePremiums)
  if let none = planner.withoutTokens(budget: budget, epochs: planner.epochLimit) {
    throw planner.zeroFailure(none, budget: budget)
  }
  var warnings = selection.warnings
  warnings += planner.finishedNote().map { [$0] } ?? []
  warnings += repetitionWarning(languages).map { [$0] } ?? []
  warnings += sourceRepetitionWarning(languages).map { [$0] } ?? []
  let estimated = languages.filter { $0.premium?.isEstimated == true }
  if !estimated.isEmpty {
    warnings.append("byte premium estimated for \(Selection.names(estimated.map(\.tag)))")
  }
  var plan = MixturePlan(
    mixture: mixture, languages: languages, budget: budget, excluded: selection.excluded,
    warnings: warnings)
  plan.groups = planner.groups(budget: budget, available: available)
  plan.premiumVersion = mixture.unit == .content ? bytePremiums?.version : nil
  return plan
}

extension Planner {
  /// The plans of the languages, by tag.
  fileprivate func languages(
    budget: Int, available: Int, _ premiums: BytePremiums?
  ) -> [LanguagePlan] {
    let quotas = quotas(budget: budget, epochs: epochLimit).languages
    return supplies.indices.map { index in
      let supply = supplies[index]
      let (quota, rule) = quotas[index]
      var plan = LanguagePlan(
        supply: supply, naturalShare: Share(supply.tokens, of: available),
        share: Share(quota, of: budget), quota: quota, bindingRule: rule)
      plan.group = tree.nodes[tree.groupOfLanguage[index]].group?.name
      plan.sources = SourceDivision.divide(quota, of: supply, mixture, epochs: epochLimit)
      if mixture.unit == .content { plan.premium = premiums?.premium(of: supply) }
      return plan
    }
  }

  /// The plans of the groups, each before those inside it.
  fileprivate func groups(budget: Int, available: Int) -> [GroupPlan] {
    let quotas = quotas(budget: budget, epochs: epochLimit).groups
    return tree.nodes.indices.dropFirst().map { index in
      let node = tree.nodes[index]
      let tokens = node.languages.reduce(0) { $0 + supplies[$1].tokens }
      let documents = node.languages.reduce(0) {
        $0.addingReportingOverflow(supplies[$1].documents).partialValue
      }
      return GroupPlan(
        name: node.group?.name ?? "",
        parent: node.parent.flatMap { tree.nodes[$0].group?.name },
        policy: node.policy.description, languages: node.languages.count, documents: documents,
        tokens: tokens, naturalShare: Share(tokens, of: available),
        share: Share(quotas[index].quota, of: budget), quota: quotas[index].quota,
        bindingRule: quotas[index].rule)
    }
  }
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

/// The same for parts of languages; what the line on languages says is not said again.
private func sourceRepetitionWarning(_ languages: [LanguagePlan]) -> String? {
  var count = 0
  var repeated = 0
  var most: (name: String, source: SourcePlan)?
  for language in languages {
    for source in language.sources {
      count += 1
      guard source.quota / 4 >= source.supply.tokens, source.effectiveEpochs > 4 else { continue }
      repeated += 1
      if source.effectiveEpochs > most?.source.effectiveEpochs ?? 0 {
        most = ("\(language.tag) \(source.name)", source)
      }
    }
  }
  guard let most else { return nil }
  let epochs = Grouped.ratio(most.source.quota, most.source.supply.tokens, places: 1)
  return "\(repeated) of \(count) parts of languages are repeated more than 4 times, most "
    + "\(most.name) with \(epochs) epochs"
}
