import ShardifyCore

/// The weights of the members of every group.
struct PlanWeights {
  let weights: [MemberWeights]

  init(
    _ supplies: [LanguageSupply], _ mixture: Mixture, _ premiums: BytePremiums?, _ tree: GroupTree,
    isAllFixed: Bool
  ) throws(BalanceFailure) {
    // Sizes are needed where an exponent is not 1.
    let needsSizes = tree.nodes.contains { ($0.policy.exponent ?? 1) != 1 }
    let sizes =
      needsSizes
      ? try Weights.sizes(supplies, mixture.unit, premiums) : supplies.map { Double($0.tokens) }
    var weights: [MemberWeights] = []
    for (index, node) in tree.nodes.enumerated() {
      if index == 0 && isAllFixed {
        weights.append(MemberWeights(whole: try Self.fixed(node, supplies, mixture, tree)))
      } else if case .explicit(let shares) = node.policy {
        weights.append(MemberWeights(whole: try Self.explicit(shares, node, supplies)))
      } else {
        let items = node.members.map { Self.item($0, supplies, sizes, tree) }
        weights.append(Weights.of(items, exponent: node.policy.exponent ?? 1))
      }
    }
    self.weights = weights
  }

  private static func item(
    _ member: GroupTree.Member, _ supplies: [LanguageSupply], _ sizes: [Double], _ tree: GroupTree
  ) -> Weights.Item {
    switch member {
    case .language(let index):
      return Weights.Item(tokens: supplies[index].tokens, size: sizes[index])
    case .group(let index):
      var item = Weights.Item(tokens: 0, size: 0)
      // Summed by tag: floating-point sums depend on their order.
      for language in tree.nodes[index].languages {
        item.tokens += supplies[language].tokens
        item.size += sizes[language]
      }
      return item
    }
  }

  private static func explicit(
    _ shares: [LanguageTag: Double], _ node: GroupTree.Node, _ supplies: [LanguageSupply]
  ) throws(BalanceFailure) -> [UInt64] {
    var weights: [UInt64] = []
    for member in node.members {
      guard case .language(let index) = member, let share = shares[supplies[index].tag] else {
        let name = node.group?.name ?? ""
        let found =
          if case .language(let index) = member {
            "group \(name) has no share for \(supplies[index].tag)"
          } else {
            "group \(name) has explicit shares and groups inside it"
          }
        throw .plan(
          .conflict, found: found, expected: "a share for each of its languages, and no groups",
          remedy: "add it to the group's shares, or give the group another policy")
      }
      weights.append(max(1, Decimal(share: share).parts))
    }
    return weights
  }

  private static func fixed(
    _ node: GroupTree.Node, _ supplies: [LanguageSupply], _ mixture: Mixture, _ tree: GroupTree
  ) throws(BalanceFailure) -> [UInt64] {
    let parts = node.members.map { Planner.fixedParts($0, supplies, mixture, tree) ?? 0 }
    let sum = parts.reduce(0) { $0 + Int($1) }
    guard sum.distance(to: Int(Decimal.shareScale)).magnitude <= Decimal.shareScale / 1_000_000
    else {
      let what = tree.nodes.count > 1 ? "language and group" : "language"
      throw .plan(
        .invalidOption,
        found: "every \(what) has a fixed share and they sum to \(Mixture.decimal(sum))",
        expected: "1", remedy: "change --share, or leave a language to the policy")
    }
    return parts.map { max(1, $0) }
  }
}
