import ShardifyCore

/// Divides a language's quota over the parts of its sources.
enum SourceDivision {
  /// The parts that a quota can be divided over; nil of a language that is not divided.
  private static func parts(_ supply: LanguageSupply, _ mixture: Mixture) -> [SourceSupply]? {
    guard let weights = mixture.sourceWeights, !supply.sources.isEmpty else { return nil }
    return supply.sources.filter { weights.weight(ofPart: $0.part) > 0 && $0.tokens > 0 }
  }

  /// What there is of a language without the sources that are left out.
  static func available(_ supply: LanguageSupply, _ mixture: Mixture) -> Int {
    parts(supply, mixture).map { $0.reduce(0) { $0 + $1.tokens } } ?? supply.tokens
  }

  /// The most tokens a language may have: within the limit on epochs, of each part that takes part.
  /// What earlier datasets went over counts.
  static func most(_ supply: LanguageSupply, _ mixture: Mixture, epochs: Decimal?) -> Int {
    guard let parts = parts(supply, mixture) else {
      return most(supply.tokens, before: supply.tokensBefore, epochs)
    }
    return parts.reduce(0) {
      min($0 + most($1.tokens, before: $1.tokensBefore, epochs), Quotas.largestTotal)
    }
  }

  private static func most(_ tokens: Int, before: Int, _ epochs: Decimal?) -> Int {
    epochs.map { max(0, $0.of(tokens) - before) } ?? Quotas.largestTotal
  }

  /// The quotas of the parts; they sum to `quota`, which is at most `most`.
  ///
  /// The weights act within the limit on epochs of each part; what it takes from one goes to the
  /// others by their weights.
  static func divide(
    _ quota: Int, of supply: LanguageSupply, _ mixture: Mixture, epochs: Decimal?
  ) -> [SourcePlan] {
    guard let weights = mixture.sourceWeights, let parts = parts(supply, mixture), !parts.isEmpty
    else { return [] }
    let shares = Weights.whole(
      parts.map { part in
        weights.weight(ofPart: part.part) * (weights.basis == .size ? Double(part.tokens) : 1)
      })
    let upper = parts.map { most($0.tokens, before: $0.tokensBefore, epochs) }
    let quotas = Quotas.divide(
      quota,
      among: zip(shares, upper).map { Quotas.Bound(lower: 0, upper: $1, weight: $0) })
    return parts.indices.map { index in
      SourcePlan(
        supply: parts[index], name: weights.name(ofPart: parts[index].part), quota: quotas[index],
        bindingRule: quotas[index] == upper[index] ? .maxEpochs : .policy)
    }
  }
}
