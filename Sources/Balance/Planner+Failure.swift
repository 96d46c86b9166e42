import ShardifyCore

extension Planner {
  /// The message for a budget that cannot be divided: the feasible figure and the options.
  func failure(_ infeasibility: Infeasibility, budget: Int) -> BalanceFailure {
    let feasible = largestFeasibleBudget(below: budget)
    var remedies: [String] = []
    if let feasible { remedies.append("--budget \(feasible)") }
    if mixture.maxEpochs != nil, let epochs = smallestFeasibleEpochs(budget: budget) {
      remedies.append("--max-epochs \(Grouped.plain(epochs))")
    }
    let limit = mixture.maxEpochs.map { " at --max-epochs \(Grouped.plain($0))" } ?? ""
    let found: String
    let expected: String
    switch infeasibility {
    case .language(let index, let lower, let upper):
      let tag = supplies[index].tag
      let option = mixture.fixedShares[tag] != nil ? "--share" : "--floor"
      found =
        "\(option) \(tag) asks for \(lower) of \(budget) tokens"
        + " but \(supplies[index].tokens) are available"
      expected = "at most \(upper)\(limit)"
      if remedies.isEmpty { remedies.append("a lower \(option) \(tag)") }
    case .groupOverMost(let index, let asked, let most):
      let name = tree.nodes[index].group?.name ?? ""
      found = "group \(name) asks for \(asked) of \(budget) tokens"
      expected = "at most the \(most) that its languages may have\(limit)"
      remedies.append("a lower share or floor of group \(name)")
    case .groupUnderLeast(let index, let given, let least):
      let name = tree.nodes[index].group?.name ?? ""
      found =
        "the languages of group \(name) ask for \(least) of \(budget) tokens by their own shares "
        + "and floors"
      expected = "at most the \(given) that the group may have"
      remedies = ["a higher share or cap of group \(name), or lower --share or --floor inside it"]
    case .tooMuchAsked(let least):
      found = "fixed shares and floors ask for \(least) of \(budget) tokens"
      expected = "at most the budget"
      remedies = ["lower --share or --floor"]
    case .tooLittleAllowed(let most):
      let isCapped = !mixture.caps.isEmpty || tree.nodes.contains { $0.group?.cap != nil }
      let caps = isCapped ? " and the caps" : ""
      found =
        "a budget of \(budget) tokens\(mixture.budgetTokens == nil ? " (all there is)" : "") is more than the \(most) that "
        + "\(supplies.count == 1 ? "1 language gives" : "\(supplies.count) languages give")"
        + limit + caps
      expected = feasible.map { "at most \($0)" } ?? "limits that leave room for a budget"
      if isCapped || feasible == nil { remedies.append("a higher --cap") }
    }
    return .plan(
      .infeasibleBudget, found: found, expected: expected,
      remedy: "use " + remedies.joined(separator: " or "))
  }

  /// The message for languages that would get nothing.
  func zeroFailure(_ languages: [LanguagePlan], budget: Int) -> BalanceFailure {
    let none = languages.filter { $0.quota == 0 }.map(\.tag)
    var remedy = "exclude \(none.count == 1 ? "it" : "them") or give --allow-zero"
    if let enough = smallestBudgetWithoutZero(above: budget) {
      remedy = "use --budget \(enough), " + remedy
    }
    return .plan(
      .zeroQuota,
      found: "\(Selection.names(none)) would get no token of a budget of \(budget)",
      expected: "at least one each", remedy: remedy)
  }

  /// A budget above `budget` at which no quota is zero, found by doubling and halving; nil if
  /// there is none up to the largest.
  private func smallestBudgetWithoutZero(above budget: Int) -> Int? {
    func isEnough(_ budget: Int) -> Bool? {
      guard infeasibility(budget: budget, epochs: epochLimit) == nil else { return nil }
      return quotas(budget: budget).languages.allSatisfy { $0.quota > 0 }
    }
    var low = budget
    var high = budget
    repeat {
      low = high
      guard high <= Quotas.largestTotal / 2 else { return nil }
      high *= 2
      if isEnough(high) == nil { high = largestFeasibleBudget(below: high) ?? low }
      guard high > low else { return nil }
    } while isEnough(high) != true
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if isEnough(middle) == true { high = middle } else { low = middle }
    }
    return high
  }
}
