import ShardifyCore

/// Shares by a policy as whole numbers.
enum Weights {
  /// Doubles are turned into multiples of 2^-60 of their sum.
  private static let scale = 0x1p60

  /// What takes part at one level: a language, or a group as one.
  struct Item {
    var tokens: Int
    /// In the mixture's unit, above 0.
    var size: Double
  }

  /// Weights by size to a power; each at least 1, the sum at most 2^61.
  static func of(_ items: [Item], exponent: Double) -> MemberWeights {
    // Proportional shares are the same in every unit, and need no rounding.
    if exponent == 1 { return MemberWeights(whole: items.map { UInt64($0.tokens) }) }
    let largest = items.reduce(0) { max($0, $1.size) }
    // Share of the unit, times the tokens per unit, gives the share of tokens.
    let weights = whole(
      items.map { Power.raise($0.size / largest, to: exponent) * (Double($0.tokens) / $0.size) })
    guard weights.contains(where: { $0 < MemberWeights.leastExact }) else {
      return MemberWeights(whole: weights)
    }
    return MemberWeights(
      whole: weights,
      logarithms: items.map {
        Power.log2Raise($0.size / largest, to: exponent)
          + Power.log2(Double($0.tokens) / $0.size)
      })
  }

  /// Shares, at least one above 0, as whole numbers; a share above 0 is at least 1.
  ///
  /// Summed in the order given: floating-point sums depend on their order.
  static func whole(_ shares: [Double]) -> [UInt64] {
    let sum = shares.reduce(0, +)
    return shares.map { max(1, UInt64($0 / sum * scale)) }
  }

  /// Sizes in a unit, as doubles above 0.
  static func sizes(
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
}
