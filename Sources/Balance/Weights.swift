import ShardifyCore

/// The policy's shares as whole numbers.
enum Weights {
  /// Doubles are turned into multiples of 2^-60 of their sum.
  private static let scale = 0x1p60

  /// Weights of languages by tag; each at least 1, the sum at most 2^61.
  static func of(
    _ supplies: [LanguageSupply], _ mixture: Mixture, _ premiums: BytePremiums?, isAllFixed: Bool
  ) throws(BalanceFailure) -> [UInt64] {
    if isAllFixed { return try fixed(supplies, mixture.fixedShares) }
    if case .explicit(let shares) = mixture.policy {
      return supplies.map { Decimal(share: shares[$0.tag] ?? 0).parts }
    }
    let exponent = mixture.policy.exponent ?? 1
    // Proportional shares are the same in every unit, and need no rounding.
    if exponent == 1 { return supplies.map { UInt64($0.tokens) } }
    let sizes = try sizes(supplies, mixture.unit, premiums)
    let largest = sizes.reduce(0, max)
    // Share of the unit, times the language's tokens per unit, gives the share of tokens.
    let shares = zip(supplies, sizes).map { supply, size in
      Power.raise(size / largest, to: exponent) * (Double(supply.tokens) / size)
    }
    // Summed by tag: floating-point sums depend on their order.
    let sum = shares.reduce(0, +)
    return shares.map { max(1, UInt64($0 / sum * scale)) }
  }

  /// Sizes in a unit, as doubles above 0.
  private static func sizes(
    _ supplies: [LanguageSupply], _ unit: SizeUnit, _ premiums: BytePremiums?
  ) throws(BalanceFailure) -> [Double] {
    var sizes: [Double] = []
    for supply in supplies {
      let size: Double
      switch unit {
      case .tokens: size = Double(supply.tokens)
      case .bytes: size = Double(supply.bytes)
      case .chars: size = Double(supply.scalars)
      case .documents: size = Double(supply.documents)
      case .content:
        guard let premiums else {
          throw .plan(
            .missingTable, found: "--unit content without a byte-premium table",
            expected: "a table", remedy: "use --unit bytes, chars, documents or tokens")
        }
        size = Double(supply.bytes) / premiums.premium(of: supply).value
      }
      guard size.isFinite, size > 0 else {
        throw .plan(
          .invalidSupply, found: "\(supply.tag) has tokens but no \(unit.rawValue)",
          expected: "at least one", remedy: "use --unit tokens or verify the store")
      }
      sizes.append(size)
    }
    return sizes
  }

  private static func fixed(
    _ supplies: [LanguageSupply], _ shares: [LanguageTag: Double]
  ) throws(BalanceFailure) -> [UInt64] {
    let sum = Mixture.parts(shares)
    guard sum.distance(to: Int(Decimal.shareScale)).magnitude <= Decimal.shareScale / 1_000_000
    else {
      throw .plan(
        .invalidOption,
        found: "every language has a fixed share and they sum to \(Mixture.decimal(sum))",
        expected: "1", remedy: "change --share, or leave a language to the policy")
    }
    return supplies.map { max(1, Decimal(share: shares[$0.tag] ?? 0).parts) }
  }
}
