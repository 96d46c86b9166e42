import ShardifyCore

extension MixturePlan {
  /// The plan as one JSON object on one line, members always in the same order, languages by tag.
  public func json() -> String {
    JSONText.object([
      ("policy", policyJSON()),
      ("unit", JSONText.string(mixture.unit.rawValue)),
      ("max_epochs", mixture.maxEpochs.map(JSONText.number) ?? "null"),
      ("budget", String(budget)),
      ("available", String(languages.reduce(0) { $0 + $1.supply.tokens })),
      ("fixed_shares", Self.table(mixture.fixedShares)),
      ("floors", Self.table(mixture.floors)),
      ("caps", Self.table(mixture.caps)),
      ("languages", JSONText.array(languages.map(Self.object))),
      ("excluded", JSONText.array(excluded.map { JSONText.object(Self.members($0)) })),
      ("warnings", JSONText.array(warnings.map(JSONText.string))),
    ])
  }

  private func policyJSON() -> String {
    let name: String
    var members: [(String, String)] = []
    switch mixture.policy {
    case .temperature(let value):
      name = "temperature"
      members = [("temperature", JSONText.number(value))]
    case .alpha(let value):
      name = "alpha"
      members = [("alpha", JSONText.number(value))]
    case .unimax: name = "unimax"
    case .proportional: name = "proportional"
    case .uniform: name = "uniform"
    case .explicit(let shares):
      name = "explicit"
      members = [("shares", Self.table(shares))]
    }
    return JSONText.object([("name", JSONText.string(name))] + members)
  }

  private static func table(_ shares: [LanguageTag: Double]) -> String {
    JSONText.object(
      shares.sorted { $0.key < $1.key }.map { ($0.key.description, JSONText.number($0.value)) })
  }

  private static func members(_ supply: LanguageSupply) -> [(String, String)] {
    [
      ("language", JSONText.string(supply.tag.description)),
      ("documents", String(supply.documents)),
      ("pieces", String(supply.pieces)),
      ("available", String(supply.tokens)),
      ("bytes", String(supply.bytes)),
      ("chars", String(supply.scalars)),
    ]
  }

  private static func object(_ language: LanguagePlan) -> String {
    JSONText.object(
      members(language.supply) + [
        ("natural_share", JSONText.number(language.naturalShare.fraction)),
        ("share", JSONText.number(language.share.fraction)),
        ("quota", String(language.quota)),
        ("effective_epochs", JSONText.number(language.effectiveEpochs)),
        ("binding_rule", JSONText.string(language.bindingRule.rawValue)),
        ("bytes_per_token", JSONText.number(language.supply.bytesPerToken)),
      ])
  }
}
