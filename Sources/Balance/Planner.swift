import ShardifyCore

/// The limits and weights of a mixture's languages and groups, from which quotas follow for any
/// budget.
struct Planner {
  let mixture: Mixture
  /// What takes part, by tag.
  let supplies: [LanguageSupply]
  /// The groups; entry 0 is the mixture itself.
  let tree: GroupTree
  /// For the members of each group, for what is left after bounds.
  let weights: [MemberWeights]
  /// Whether the fixed shares cover all members of the mixture, and so take the place of its policy.
  let isAllFixed: Bool

  /// What one language or group may get of a budget, and why.
  struct Limits {
    var lower: Int
    var upper: Int
    var upperRule: BindingRule
    /// Set when the lower bound is above the upper one.
    var isContradictory: Bool { lower > upper }
  }

  /// The limits of all languages and of all groups, the mixture itself with them.
  struct LimitTable {
    var languages: [Limits]
    var groups: [Limits]
  }

  /// Why a budget cannot be divided.
  enum Infeasibility: Equatable {
    /// The language at this index needs `lower` tokens and may have only `upper`.
    case language(Int, lower: Int, upper: Int)
    /// A group's share or floor is above the most its languages may have.
    case groupOverMost(Int, asked: Int, most: Int)
    /// A group's share or cap is below the least its languages must have.
    case groupUnderLeast(Int, given: Int, least: Int)
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
    let tree = try GroupTree(supplies, mixture)
    self.tree = tree
    isAllFixed = tree.nodes[0].members.allSatisfy {
      Self.fixedParts($0, supplies, mixture, tree) != nil
    }
    weights = try PlanWeights(supplies, mixture, premiums, tree, isAllFixed: isAllFixed).weights
    try checkSums()
  }

  /// The fixed share of a member, in parts of `Decimal.shareScale`; nil if it has none.
  static func fixedParts(
    _ member: GroupTree.Member, _ supplies: [LanguageSupply], _ mixture: Mixture, _ tree: GroupTree
  ) -> UInt64? {
    switch member {
    case .language(let index):
      mixture.fixedShares[supplies[index].tag].map { Decimal(share: $0).parts }
    case .group(let index): tree.nodes[index].group?.share.map { Decimal(share: $0).parts }
    }
  }

  /// Refuses shares that leave nothing, or too much, whatever the budget: the rounding of tokens
  /// would let some odd budgets through.
  private func checkSums() throws(BalanceFailure) {
    let members = tree.nodes[0].members
    let fixed = members.reduce(0) {
      $0 + Int(Self.fixedParts($1, supplies, mixture, tree) ?? 0)
    }
    guard fixed <= Int(Decimal.shareScale + Decimal.shareScale / 1_000_000) else {
      throw .plan(
        .conflict, found: "fixed shares and the shares of groups sum to \(Mixture.decimal(fixed))",
        expected: "at most 1", remedy: "lower --share or the share of a group")
    }
    if !isAllFixed, fixed >= Int(Decimal.shareScale), !mixture.allowZero {
      let others = members.filter { Self.fixedParts($0, supplies, mixture, tree) == nil }
      throw .plan(
        .conflict,
        found: "the fixed shares sum to 1 and leave nothing to \(names(others))",
        expected: "less than 1", remedy: "lower --share, exclude the others or give --allow-zero")
    }
    let caps = members.map { member in
      Self.fixedParts(member, supplies, mixture, tree) ?? capParts(member)
    }
    let capped = caps.reduce(0) { $0 + Int($1 ?? 0) }
    if !caps.contains(nil), !isAllFixed,
      capped < Int(Decimal.shareScale - Decimal.shareScale / 1_000_000)
    {
      throw .plan(
        .conflict,
        found:
          "every language has a cap or a fixed share and they sum to \(Mixture.decimal(capped))",
        expected: "1 or more", remedy: "raise --cap, or leave a language without one")
    }
  }

  private func capParts(_ member: GroupTree.Member) -> UInt64? {
    switch member {
    case .language(let index):
      mixture.caps[supplies[index].tag].map { Decimal(share: $0).parts }
    case .group(let index): tree.nodes[index].group?.cap.map { Decimal(share: $0).parts }
    }
  }

  private func names(_ members: [GroupTree.Member]) -> String {
    var tags: [LanguageTag] = []
    var groups: [String] = []
    for member in members {
      switch member {
      case .language(let index): tags.append(supplies[index].tag)
      case .group(let index): groups.append("group \(tree.nodes[index].group?.name ?? "")")
      }
    }
    return ((tags.isEmpty ? [] : [Selection.names(tags)]) + groups).joined(separator: ", ")
  }

  /// The most epochs allowed, as a decimal.
  var epochLimit: Decimal? { mixture.maxEpochs.map(Decimal.init(epochs:)) }

  /// Limits of languages and groups.
  func limits(budget: Int, epochs: Decimal?) -> LimitTable {
    let languages = supplies.map { limits(of: $0, budget: budget, epochs: epochs) }
    var groups = [Limits](
      repeating: Limits(lower: 0, upper: 0, upperRule: .maxEpochs), count: tree.nodes.count)
    for index in tree.nodes.indices.reversed() {
      groups[index] = limits(ofGroup: index, budget: budget, languages, groups)
    }
    return LimitTable(languages: languages, groups: groups)
  }

  /// A floor and a fixed share are rounded down to whole tokens, a cap up, so that shares that
  /// just fit still do.
  private func limits(of supply: LanguageSupply, budget: Int, epochs: Decimal?) -> Limits {
    let most = SourceDivision.most(supply, mixture, epochs: epochs)
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

  /// What its members must and may have, within the group's own share, floor and cap.
  private func limits(
    ofGroup index: Int, budget: Int, _ languages: [Limits], _ groups: [Limits]
  ) -> Limits {
    let sums = sums(ofGroup: index, languages, groups)
    guard let group = tree.nodes[index].group else {
      return Limits(lower: sums.least, upper: sums.most, upperRule: .maxEpochs)
    }
    let (least, most) = (sums.least, min(sums.most, Quotas.largestTotal))
    if let share = group.share {
      let tokens = Decimal(share: share).of(budget)
      if isAllFixed && tree.nodes[index].parent == 0 && tokens <= most {
        return Limits(lower: least, upper: most, upperRule: .maxEpochs)
      }
      return Limits(
        lower: max(tokens, least), upper: min(tokens, most), upperRule: .fixed)
    }
    let lower = max(least, group.floor.map { Decimal(share: $0).of(budget) } ?? 0)
    guard let cap = group.cap else {
      return Limits(lower: lower, upper: most, upperRule: .maxEpochs)
    }
    let capped = Decimal(share: cap).roundedUp(of: budget)
    return Limits(
      lower: lower, upper: min(most, capped), upperRule: capped < most ? .cap : .maxEpochs)
  }

  private func sums(
    ofGroup index: Int, _ languages: [Limits], _ groups: [Limits]
  ) -> (least: Int, most: Int) {
    var least: UInt128 = 0
    var most: UInt128 = 0
    for member in tree.nodes[index].members {
      let limit = Self.limit(of: member, languages, groups)
      least += UInt128(limit.lower)
      most += UInt128(limit.upper)
    }
    return (Int(clamping: least), Int(clamping: most))
  }

  static func limit(
    of member: GroupTree.Member, _ languages: [Limits], _ groups: [Limits]
  ) -> Limits {
    switch member {
    case .language(let index): languages[index]
    case .group(let index): groups[index]
    }
  }

  /// Why `budget` cannot be divided; nil if it can.
  func infeasibility(budget: Int, epochs: Decimal?) -> Infeasibility? {
    let limits = limits(budget: budget, epochs: epochs)
    if let index = limits.languages.firstIndex(where: \.isContradictory) {
      let limit = limits.languages[index]
      return .language(index, lower: limit.lower, upper: limit.upper)
    }
    for index in limits.groups.indices.reversed().dropLast()
    where limits.groups[index].isContradictory {
      let (least, most) = sums(ofGroup: index, limits.languages, limits.groups)
      let group = tree.nodes[index].group
      let asked = (group?.share ?? group?.floor).map { Decimal(share: $0).of(budget) } ?? 0
      if asked > most { return .groupOverMost(index, asked: asked, most: most) }
      return .groupUnderLeast(index, given: limits.groups[index].upper, least: least)
    }
    let (least, most) = (limits.groups[0].lower, limits.groups[0].upper)
    if least > budget { return .tooMuchAsked(least) }
    if most < budget { return .tooLittleAllowed(most) }
    return nil
  }

  /// Quotas of languages and of groups, and the rules that bound them.
  typealias Quota = (quota: Int, rule: BindingRule)

  /// Divides a budget known to be feasible, from the mixture down to its languages.
  func quotas(
    budget: Int, epochs: Decimal?
  ) -> (languages: [Quota], groups: [Quota]) {
    let limits = limits(budget: budget, epochs: epochs)
    var languages = [Quota](repeating: (0, .policy), count: supplies.count)
    var groups = [Quota](repeating: (budget, .policy), count: tree.nodes.count)
    for (index, node) in tree.nodes.enumerated() {
      let bounds = node.members.map { Self.limit(of: $0, limits.languages, limits.groups) }
      let quotas = Quotas.divide(
        groups[index].quota,
        among: zip(bounds, weights[index].whole).map { limit, weight in
          Quotas.Bound(lower: limit.lower, upper: limit.upper, weight: weight)
        }, logarithms: weights[index].logarithms)
      for (place, member) in node.members.enumerated() {
        let quota = quotas[place]
        let rule = rule(bounds[place], quota, isTop: index == 0)
        switch member {
        case .language(let language): languages[language] = (quota, rule)
        case .group(let group): groups[group] = (quota, rule)
        }
      }
    }
    return (languages, groups)
  }

  private func rule(_ limit: Limits, _ quota: Int, isTop: Bool) -> BindingRule {
    if limit.upperRule == .fixed { return .fixed }
    if quota == limit.upper { return limit.upperRule }
    if quota == limit.lower && quota > 0 { return .floor }
    return isAllFixed && isTop ? .fixed : .policy
  }
}
