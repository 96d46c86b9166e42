import ShardifyCore

extension Mixture {
  /// Checks every number and combination that can be checked without the store.
  ///
  /// - Throws: `invalidOption` or `conflict`, naming the option.
  public func check() throws(BalanceFailure) {
    try checkPolicy()
    try checkLimits()
    try Self.check(fixedShares, "share")
    try Self.check(floors, "floor")
    try Self.check(caps, "cap")
    try checkSum(fixedShares, floors)
    try checkConflicts()
    try checkGroups()
    try checkSources()
  }

  private func checkPolicy() throws(BalanceFailure) { try checkPolicy(policy) }

  func checkPolicy(_ policy: Policy) throws(BalanceFailure) {
    switch policy {
    case .temperature(let value):
      guard value.isFinite, value > 0 else {
        throw .plan(
          .invalidOption, found: "--temperature \(Grouped.plain(value))",
          expected: "a finite number above 0",
          remedy: "1 keeps natural shares, 3.33 is usual, --uniform is the limit")
      }
    case .alpha(let value):
      guard value.isFinite, value >= 0 else {
        throw .plan(
          .invalidOption, found: "--alpha \(Grouped.plain(value))",
          expected: "a finite number, 0 or more",
          remedy: "0 is uniform, 1 keeps natural shares, 0.3 is usual")
      }
    case .unimax:
      guard maxEpochs != nil else {
        throw .plan(
          .conflict, found: "--unimax without a limit on epochs", expected: "--max-epochs",
          remedy: "give --max-epochs 4, or --uniform for no limit")
      }
    case .explicit(let shares):
      try Self.check(shares, "share")
      let sum = Self.parts(shares)
      guard sum.distance(to: Int(Decimal.shareScale)).magnitude <= Decimal.shareScale / 1_000_000
      else {
        throw .plan(
          .invalidOption, found: "the shares sum to \(Self.decimal(sum))", expected: "1",
          remedy: "change them, or give fixed shares (--share) beside another policy")
      }
    case .proportional, .uniform: break
    }
  }

  private func checkLimits() throws(BalanceFailure) {
    if let maxEpochs {
      guard maxEpochs > 0, maxEpochs <= Decimal.largestEpochs else {
        throw .plan(
          .invalidOption, found: "--max-epochs \(Grouped.plain(maxEpochs))",
          expected: "a number above 0 and at most 1000000000",
          remedy: "4 is the default, none lifts the limit")
      }
    }
    if let budgetTokens {
      guard budgetTokens > 0, budgetTokens <= Quotas.largestTotal else {
        throw .plan(
          .invalidOption, found: "--budget \(budgetTokens)",
          expected: "from 1 to \(Quotas.largestTotal) tokens")
      }
    }
  }

  static func check(
    _ shares: [LanguageTag: Double], _ option: String
  ) throws(BalanceFailure) {
    for (tag, share) in shares.sorted(by: { $0.key < $1.key }) {
      guard share >= 0, share <= 1 else {
        throw .plan(
          .invalidOption, found: "--\(option) \(tag)=\(share)", expected: "a share from 0 to 1")
      }
    }
  }

  private func checkSum(
    _ fixed: [LanguageTag: Double], _ floors: [LanguageTag: Double]
  ) throws(BalanceFailure) {
    let sum = Self.parts(fixed) + Self.parts(floors)
    // All languages may be fixed at decimals such as 0.333: as much slack as explicit shares have.
    guard
      sum <= Int(Decimal.shareScale) + (floors.isEmpty ? Int(Decimal.shareScale / 1_000_000) : 0)
    else {
      throw .plan(
        .invalidOption, found: "fixed shares and floors sum to \(Self.decimal(sum))",
        expected: "at most 1", remedy: "lower --share or --floor")
    }
  }

  private func checkConflicts() throws(BalanceFailure) {
    let isRestricted = include != nil || !includePatterns.isEmpty
    if case .explicit = policy, !fixedShares.isEmpty || isRestricted {
      throw .plan(
        .conflict,
        found: "explicit shares together with \(isRestricted ? "--include" : "fixed shares")",
        expected: "one of them", remedy: "put all shares in one list")
    }
    for tag in fixedShares.keys.sorted() where floors[tag] != nil || caps[tag] != nil {
      throw .plan(
        .conflict, found: "\(tag) has a fixed share and a \(floors[tag] != nil ? "floor" : "cap")",
        expected: "one of them", remedy: "drop --share or the other for \(tag)")
    }
    for tag in floors.keys.sorted() {
      guard let floor = floors[tag], let cap = caps[tag], floor > cap else { continue }
      throw .plan(
        .conflict, found: "--floor \(tag)=\(floor) above --cap \(tag)=\(cap)",
        expected: "a floor at most the cap")
    }
    let excluded = Set(exclude)
    for tag in named where excluded.contains(tag) {
      throw .plan(
        .conflict, found: "\(tag) is excluded and named in the mixture", expected: "one of them",
        remedy: "drop --exclude \(tag) or the other")
    }
  }

  /// Every language named with a share, in `include` or in a group, by tag.
  var named: [LanguageTag] {
    var tags = Set(include ?? [])
    for table in [fixedShares, floors, caps] { tags.formUnion(table.keys) }
    if case .explicit(let shares) = policy { tags.formUnion(shares.keys) }
    for group in allGroups {
      tags.formUnion(group.languages)
      if case .explicit(let shares)? = group.policy { tags.formUnion(shares.keys) }
    }
    return tags.sorted()
  }

  /// The sum of shares already known to be from 0 to 1, in parts of `Decimal.shareScale`.
  static func parts(_ shares: [LanguageTag: Double]) -> Int {
    shares.values.reduce(0) { $0 + Int(Decimal(share: $1).parts) }
  }

  /// Parts of `Decimal.shareScale` as a number to print.
  static func decimal(_ parts: Int) -> Double { Double(parts) / Double(Decimal.shareScale) }
}
