import ShardifyCore

/// The languages of a mixture, told from the rest of the store.
struct Selection {
  /// What takes part, by tag; all have tokens.
  private(set) var included: [LanguageSupply] = []
  /// What does not, by tag.
  private(set) var excluded: [LanguageSupply] = []
  /// What the user should know.
  private(set) var warnings: [String] = []

  /// Checks the counts and picks the languages.
  init(_ supplies: [LanguageSupply], _ mixture: Mixture) throws(BalanceFailure) {
    let sorted = supplies.sorted { $0.tag < $1.tag }
    try Self.check(sorted)
    try Self.checkNames(sorted, mixture)
    let choice = Choice(mixture)
    var undetermined: [LanguageSupply] = []
    var weightless: [LanguageTag] = []
    for supply in sorted {
      let tag = supply.tag
      let (isWanted, isLeft) = (choice.wants(tag), choice.leavesOut(tag))
      let hasSource = SourceDivision.most(supply, mixture, epochs: nil) > 0
      if isWanted && !isLeft && supply.tokens > 0 && hasSource {
        included.append(supply)
      } else {
        excluded.append(supply)
        if !choice.isRestricted && !isWanted && !isLeft { undetermined.append(supply) }
        if isWanted && !isLeft && supply.tokens > 0 { weightless.append(tag) }
      }
    }
    if !weightless.isEmpty {
      warnings.append("no source of weight above 0 in \(Self.names(weightless)); left out")
    }
    try checkSharesTakePart(mixture)
    try checkPatterns(mixture, sorted)
    guard !included.isEmpty else {
      throw .plan(
        .emptyMixture, found: "no language takes part (\(sorted.count) in the store)",
        expected: "at least one",
        remedy: "check --include and --exclude; und_* and zxx_* need --include-undetermined")
    }
    warn(undetermined, sorted, mixture)
  }

  private static func check(_ sorted: [LanguageSupply]) throws(BalanceFailure) {
    var sum = 0
    for (index, supply) in sorted.enumerated() {
      let counts = [supply.documents, supply.pieces, supply.tokens, supply.bytes, supply.scalars]
      guard counts.allSatisfy({ $0 >= 0 && $0 <= Quotas.largestTotal }) else {
        throw .plan(
          .invalidSupply, found: "impossible counts of \(supply.tag)",
          expected: "from 0 to \(Quotas.largestTotal)", remedy: "verify the store")
      }
      guard index == 0 || sorted[index - 1].tag != supply.tag else {
        throw .plan(
          .invalidSupply, found: "\(supply.tag) twice in the supply", expected: "each language once"
        )
      }
      sum += supply.tokens  // Both at most 2^61: no overflow before the check below.
      guard sum <= Quotas.largestTotal else {
        throw .plan(
          .invalidSupply, found: "more than \(Quotas.largestTotal) tokens in the store",
          expected: "at most that", remedy: "verify the store")
      }
    }
  }

  private static func checkNames(
    _ sorted: [LanguageSupply], _ mixture: Mixture
  ) throws(BalanceFailure) {
    let tokens = Dictionary(uniqueKeysWithValues: sorted.map { ($0.tag, $0.tokens) })
    let missing = mixture.named.filter { (tokens[$0] ?? 0) == 0 }
    guard let first = missing.first else { return }
    let more = missing.count > 1 ? " (and \(missing.count - 1) more)" : ""
    throw .plan(
      .unknownLanguage,
      found: "\(first) is in the mixture"
        + (tokens[first] == nil ? " but not in the store" : " but has no tokens left in the store")
        + more,
      expected: "languages the store has", remedy: "shardify inspect lists them")
  }

  /// A share for a language that is not in the mixture is a mistake, not a wish.
  private func checkSharesTakePart(_ mixture: Mixture) throws(BalanceFailure) {
    let tags = Set(included.map(\.tag))
    for group in mixture.allGroups {
      for tag in group.languages.sorted() where !tags.contains(tag) {
        throw .plan(
          .conflict, found: "\(tag) of group \(group.name) is outside the mixture",
          expected: "a language that takes part",
          remedy: "add \(tag) to --include, or drop it from the group")
      }
      guard case .explicit(let shares)? = group.policy else { continue }
      for tag in shares.keys.sorted() where !tags.contains(tag) {
        throw .plan(
          .conflict, found: "a share for \(tag) in group \(group.name), outside the mixture",
          expected: "a language that takes part", remedy: "drop it")
      }
    }
    for (option, table) in [
      ("share", mixture.fixedShares), ("floor", mixture.floors), ("cap", mixture.caps),
    ] {
      for tag in table.keys.sorted() where !tags.contains(tag) {
        let isUnnamed = mixture.include == nil && (tag.isUndetermined || tag.isNotLanguage)
        throw .plan(
          .conflict, found: "--\(option) \(tag) of a language outside the mixture",
          expected: "a language that takes part",
          remedy: isUnnamed ? "add --include-undetermined" : "add \(tag) to the mixture or drop it")
      }
    }
  }

  /// A pattern that matches nothing is as likely a slip as a name the store does not have.
  private func checkPatterns(
    _ mixture: Mixture, _ sorted: [LanguageSupply]
  ) throws(BalanceFailure) {
    for pattern in mixture.includePatterns.sorted()
    where !sorted.contains(where: { pattern.matchesAny($0.tag) }) {
      throw .plan(
        .unknownLanguage, found: "--include \(pattern) matches no language of the store",
        expected: "a pattern such as *_Cyrl", remedy: "shardify inspect lists the languages")
    }
  }

  private mutating func warn(
    _ undetermined: [LanguageSupply], _ sorted: [LanguageSupply], _ mixture: Mixture
  ) {
    if !undetermined.isEmpty {
      let tokens = undetermined.reduce(0) { $0 + $1.tokens }
      warnings.append(
        "\(undetermined.count) undetermined (\(Self.names(undetermined.map(\.tag)))) with "
          + "\(Grouped.string(tokens)) tokens left out" + Self.undeterminedHint)
    }
    let empty = sorted.filter { $0.tokens == 0 }
    if !empty.isEmpty {
      warnings.append("no tokens left of \(Self.names(empty.map(\.tag))); left out")
    }
    let known = Set(sorted.map(\.tag))
    let unknown = Set(mixture.exclude).filter { !known.contains($0) }.sorted()
    if !unknown.isEmpty {
      warnings.append("excluded but not in the store: \(Self.names(unknown))")
    }
    for pattern in mixture.excludePatterns.sorted() where !known.contains(where: pattern.matchesAny)
    {
      warnings.append("--exclude \(pattern) matches no language of the store")
    }
  }

  /// The end of the line on the undetermined.
  static let undeterminedHint = "; --include-undetermined takes them in"

  /// The first few of a list.
  static func names(_ tags: [LanguageTag]) -> String {
    let shown = tags.prefix(5).map(\.description).joined(separator: ", ")
    return tags.count > 5 ? "\(shown) and \(tags.count - 5) more" : shown
  }
}

/// Which languages a mixture wants.
private struct Choice {
  private let mixture: Mixture
  private let only: Set<LanguageTag>?
  private let left: Set<LanguageTag>
  private let named: Set<LanguageTag>

  init(_ mixture: Mixture) {
    self.mixture = mixture
    var only = mixture.include.map(Set.init)
    if only == nil && !mixture.includePatterns.isEmpty { only = [] }
    if case .explicit(let shares) = mixture.policy {
      only = Set(shares.filter { Decimal(share: $0.value).parts > 0 }.keys)
    }
    self.only = only
    left = Set(mixture.exclude)
    named = Set(mixture.named)
  }

  /// Whether only some languages are asked for.
  var isRestricted: Bool { only != nil }

  func wants(_ tag: LanguageTag) -> Bool {
    if let only {
      return only.contains(tag) || mixture.includePatterns.contains { matches($0, tag) }
    }
    if !tag.isUndetermined && !tag.isNotLanguage { return true }
    return mixture.includeUndetermined
      || mixture.allGroups.contains { group in
        group.languages.contains(tag) || group.patterns.contains { $0.matches(tag) }
      }
  }

  func leavesOut(_ tag: LanguageTag) -> Bool {
    left.contains(tag)
      || (!named.contains(tag) && mixture.excludePatterns.contains { $0.matchesAny(tag) })
  }

  private func matches(_ pattern: LanguagePattern, _ tag: LanguageTag) -> Bool {
    mixture.includeUndetermined ? pattern.matchesAny(tag) : pattern.matches(tag)
  }
}
