import ShardifyCore

extension Mixture {
  /// Every group, each before those inside it.
  var allGroups: [MixtureGroup] {
    func below(_ groups: [MixtureGroup]) -> [MixtureGroup] {
      groups.flatMap { [$0] + below($0.groups) }
    }
    return below(groups)
  }

  /// Checks what can be checked of groups without the store.
  func checkGroups() throws(BalanceFailure) {
    if case .explicit = policy, !groups.isEmpty {
      throw .plan(
        .conflict, found: "explicit shares together with groups", expected: "one of them",
        remedy: "give the groups shares and the mixture another policy")
    }
    try checkDepth(groups, 1)
    var names: Set<[UInt8]> = []
    for group in allGroups {
      guard !group.name.isEmpty, names.insert(Array(group.name.utf8)).inserted else {
        throw .plan(
          .conflict,
          found: group.name.isEmpty ? "a group without a name" : "two groups \(group.name)",
          expected: "a name of its own for each group")
      }
      try check(group)
    }
    let sum = groups.reduce(0) { $0 + Self.parts([$1.share ?? $1.floor ?? 0]) }
    guard sum <= Int(Decimal.shareScale + Decimal.shareScale / 1_000_000) else {
      throw .plan(
        .invalidOption, found: "shares and floors of groups sum to \(Self.decimal(sum))",
        expected: "at most 1", remedy: "lower the share of a group")
    }
  }

  private func checkDepth(_ groups: [MixtureGroup], _ depth: Int) throws(BalanceFailure) {
    guard let first = groups.first else { return }
    guard depth <= MixtureGroup.limitDepth else {
      throw .plan(
        .invalidOption, found: "group \(first.name) at depth \(depth)",
        expected: "at most \(MixtureGroup.limitDepth)")
    }
    for group in groups { try checkDepth(group.groups, depth + 1) }
  }

  private func check(_ group: MixtureGroup) throws(BalanceFailure) {
    for (what, share) in [("share", group.share), ("floor", group.floor), ("cap", group.cap)] {
      guard let share else { continue }
      guard share >= 0, share <= 1 else {
        throw .plan(
          .invalidOption, found: "\(what) \(share) of group \(group.name)",
          expected: "a share from 0 to 1")
      }
    }
    if group.share != nil && (group.floor != nil || group.cap != nil) {
      throw .plan(
        .conflict,
        found: "group \(group.name) has a share and a \(group.floor != nil ? "floor" : "cap")",
        expected: "one of them", remedy: "drop one")
    }
    if let floor = group.floor, let cap = group.cap, floor > cap {
      throw .plan(
        .conflict, found: "floor \(floor) above cap \(cap) of group \(group.name)",
        expected: "a floor at most the cap")
    }
    if group.languages.isEmpty && group.patterns.isEmpty && group.groups.isEmpty {
      throw .plan(
        .invalidOption, found: "group \(group.name) names no language",
        expected: "languages, scripts, patterns or groups")
    }
    if let policy = group.policy {
      do throws(BalanceFailure) {
        try checkPolicy(policy)
      } catch {
        var failure = error
        failure.found = "group \(group.name): \(error.found)"
        throw failure
      }
    }
  }

  /// Checks the weights of sources.
  func checkSources() throws(BalanceFailure) {
    guard let sourceWeights else { return }
    guard sourceWeights.entries.count <= SourceWeights.limit else {
      throw .plan(
        .invalidOption, found: "weights for \(sourceWeights.entries.count) patterns of sources",
        expected: "at most \(SourceWeights.limit)", remedy: "use patterns such as \"web*\"")
    }
    guard !sourceWeights.entries.isEmpty else {
      throw .plan(
        .invalidOption, found: "weights for no source", expected: "at least one pattern")
    }
    var seen: Set<[UInt8]> = []
    for entry in sourceWeights.entries {
      guard entry.weight >= 0, entry.weight <= SourceWeights.largestWeight else {
        throw .plan(
          .invalidOption, found: "weight \(Grouped.plain(entry.weight)) of source \(entry.pattern)",
          expected: "from 0 to \(Grouped.plain(SourceWeights.largestWeight))")
      }
      guard seen.insert(Array(entry.pattern.utf8)).inserted else {
        throw .plan(
          .conflict, found: "source \(entry.pattern) twice", expected: "each source once")
      }
    }
  }

  private static func parts(_ shares: [Double]) -> Int {
    shares.reduce(0) { $0 + Int(Decimal(share: $1).parts) }
  }
}
