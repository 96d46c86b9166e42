import ShardifyCore

extension Planner {
  /// The message for a budget that cannot be divided: the feasible figure and the options.
  func failure(_ infeasibility: Infeasibility, budget: Int) -> BalanceFailure {
    let feasible = largestFeasibleBudget(below: budget)
    var remedies: [String] = []
    // A figure that would then be refused for another reason is no remedy.
    if let feasible, withoutTokens(budget: feasible, epochs: epochLimit) == nil {
      remedies.append("--budget \(feasible)")
    }
    if mixture.maxEpochs != nil, let epochs = smallestFeasibleEpochs(budget: budget) {
      remedies.append("--max-epochs \(Grouped.plain(epochs))")
    }
    let limit = mixture.maxEpochs.map { " at --max-epochs \(Grouped.plain($0))" } ?? ""
    var found: String
    let expected: String
    switch infeasibility {
    case .language(let index, let lower, let upper):
      let tag = supplies[index].tag
      let option = mixture.fixedShares[tag] != nil ? "--share" : "--floor"
      found =
        "\(option) \(tag) asks for \(lower) of \(budget) tokens"
        + " but \(supplies[index].tokens) are available"
      expected = "at most \(upper)\(limit)"
      if isFinished(index), let limit = mixture.maxEpochs {
        return .plan(
          .infeasibleBudget,
          found: "\(option) \(tag) asks for \(lower) of \(budget) tokens but it has had its "
            + "\(Grouped.plain(limit)) epochs in the datasets before",
          expected: "a language with tokens left",
          remedy: "raise --max-epochs, or drop \(option) \(tag)")
      }
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
      let finished = supplies.indices.filter(isFinished)
      if !finished.isEmpty, let limit = mixture.maxEpochs {
        found +=
          "; \(Selection.names(finished.map { supplies[$0].tag })) \(finished.count == 1 ? "has" : "have")"
          + " had \(finished.count == 1 ? "its" : "their") \(Grouped.plain(limit)) epochs in the "
          + "datasets before"
      }
      expected = feasible.map { "at most \($0)" } ?? "limits that leave room for a budget"
      if isCapped || (feasible == nil && finished.isEmpty) { remedies.append("a higher --cap") }
      if remedies.isEmpty { remedies.append("a lower --budget") }
    }
    return .plan(
      .infeasibleBudget, found: found, expected: expected,
      remedy: "use " + remedies.joined(separator: " or "))
  }

  /// The message for languages that would get nothing.
  func zeroFailure(_ none: [LanguageTag], budget: Int) -> BalanceFailure {
    var remedy = "exclude \(none.count == 1 ? "it" : "them") or give --allow-zero"
    if let enough = smallestBudgetWithoutZero(above: budget) {
      remedy = "use --budget \(enough), " + remedy
    }
    return .plan(
      .zeroQuota,
      found: "\(Selection.names(none)) would get no token of a budget of \(budget)",
      expected: "at least one each", remedy: remedy)
  }

  /// A budget above `budget` at which no quota is zero: the first of the next few, since the rounding
  /// to whole tokens comes and goes with the budget; then by doubling and halving. Nil if none is found.
  private func smallestBudgetWithoutZero(above budget: Int) -> Int? {
    func isEnough(_ budget: Int) -> Bool? {
      guard infeasibility(budget: budget, epochs: epochLimit) == nil else { return nil }
      return withoutTokens(budget: budget, epochs: epochLimit) == nil
    }
    let near = min(Self.budgetsTried, Quotas.largestTotal - budget)
    if let next = (1...max(1, near)).first(where: { isEnough(budget + $0) == true }) {
      return budget + next
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

  /// How many budgets are tried one after another.
  private static let budgetsTried = 64
}
