/// A part of a language's sources as tables and JSON show it: also one that is left out.
struct SourceRow {
  var name: String
  var weight: Double
  var supply: SourceSupply
  var quota: Int
  var rule: String
}

extension LanguagePlan {
  /// All parts of the language that the store has, by number.
  func sourceRows(_ weights: SourceWeights?) -> [SourceRow] {
    guard let weights, !sources.isEmpty else { return [] }
    return supply.sources.map { supply in
      let plan = sources.first { $0.supply.part == supply.part }
      return SourceRow(
        name: weights.name(ofPart: supply.part), weight: weights.weight(ofPart: supply.part),
        supply: supply, quota: plan?.quota ?? 0, rule: plan?.bindingRule.rawValue ?? "weight 0")
    }
  }
}
