import ShardifyCore

/// Divides a language's quota over the parts of its sources.
enum SourceDivision {
  /// The most tokens a language may have: within the limit on epochs, of each part that takes part.
  static func most(_ supply: LanguageSupply, _ mixture: Mixture, epochs: Decimal?) -> Int {
    // What earlier datasets went over counts.
    let most =
      epochs.map { max(0, $0.of(supply.tokens) - supply.tokensBefore) } ?? Quotas.largestTotal
    guard let weights = mixture.sourceWeights, !supply.sources.isEmpty else { return most }
    let parts = supply.sources.filter { weights.weight(ofPart: $0.part) > 0 }
    guard let epochs else { return parts.isEmpty ? 0 : most }
    return min(most, parts.reduce(0) { min($0 + epochs.of($1.tokens), Quotas.largestTotal) })
  }

  /// The quotas of the parts; they sum to `quota`, which is at most `most`.
  ///
  /// The weights act within the limit on epochs of each part; what it takes from one goes to the
  /// others by their weights.
  static func divide(
    _ quota: Int, of supply: LanguageSupply, _ mixture: Mixture, epochs: Decimal?
  ) -> [SourcePlan] {
    guard let weights = mixture.sourceWeights, !supply.sources.isEmpty else { return [] }
    let parts = supply.sources.filter { weights.weight(ofPart: $0.part) > 0 && $0.tokens > 0 }
    guard !parts.isEmpty else { return [] }
    let shares = Weights.whole(
      parts.map { part in
        weights.weight(ofPart: part.part) * (weights.basis == .size ? Double(part.tokens) : 1)
      })
    let most = parts.map { epochs?.of($0.tokens) ?? Quotas.largestTotal }
    let quotas = Quotas.divide(
      quota,
      among: zip(shares, most).map { Quotas.Bound(lower: 0, upper: $1, weight: $0) })
    return parts.indices.map { index in
      SourcePlan(
        supply: parts[index], name: weights.name(ofPart: parts[index].part), quota: quotas[index],
        bindingRule: quotas[index] == most[index] ? .maxEpochs : .policy)
    }
  }
}
