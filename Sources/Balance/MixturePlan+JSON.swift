import ShardifyCore

extension MixturePlan {
  /// The plan as one JSON object on one line, members always in the same order, languages by tag.
  ///
  /// - Parameter more: Members to put before the languages; values are JSON already.
  public func json(more: [(String, String)] = []) -> String {
    JSONText.object(
      mixture.members + [
        ("budget", String(budget)),
        ("available", String(languages.reduce(0) { $0 + $1.supply.tokens })),
        ("byte_premiums", JSONText.string(premiumVersion ?? "none")),
        ("statistics_sha256", JSONText.string("\(statisticsDigest)")),
      ] + more + [
        ("languages", JSONText.array(languages.map { Self.object($0, mixture.sourceWeights) })),
        ("planned_groups", JSONText.array(groups.map(Self.object))),
        ("excluded", JSONText.array(excluded.map { JSONText.object(Self.members($0)) })),
        ("warnings", JSONText.array(warnings.map(JSONText.string))),
      ])
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

  private static func object(_ language: LanguagePlan, _ weights: SourceWeights?) -> String {
    var out =
      members(language.supply) + [
        ("natural_share", JSONText.number(language.naturalShare.fraction)),
        ("share", JSONText.number(language.share.fraction)),
        ("quota", String(language.quota)),
        ("effective_epochs", JSONText.number(language.effectiveEpochs)),
        ("binding_rule", JSONText.string(language.bindingRule.rawValue)),
        ("bytes_per_token", JSONText.number(language.supply.bytesPerToken)),
        ("group", language.group.map(JSONText.string) ?? "null"),
      ]
    if let premium = language.premium {
      out += [
        ("byte_premium", JSONText.number(premium.value)),
        ("byte_premium_basis", JSONText.string(premium.basis.rawValue)),
      ]
    }
    if !language.sources.isEmpty {
      out.append(("sources", JSONText.array(language.sourceRows(weights).map(object))))
    }
    return JSONText.object(out)
  }

  private static func object(_ row: SourceRow) -> String {
    JSONText.object([
      ("source", JSONText.string(row.name)),
      ("part", String(row.supply.part)),
      ("weight", JSONText.number(row.weight)),
      ("documents", String(row.supply.documents)),
      ("pieces", String(row.supply.pieces)),
      ("available", String(row.supply.tokens)),
      ("bytes", String(row.supply.bytes)),
      ("quota", String(row.quota)),
      (
        "effective_epochs",
        JSONText.number(
          row.supply.tokens > 0 ? Double(row.quota) / Double(row.supply.tokens) : 0)
      ),
      ("binding_rule", JSONText.string(row.rule)),
    ])
  }

  private static func object(_ group: GroupPlan) -> String {
    JSONText.object([
      ("group", JSONText.string(group.name)),
      ("parent", group.parent.map(JSONText.string) ?? "null"),
      ("policy", JSONText.string(group.policy)),
      ("languages", String(group.languages)),
      ("documents", String(group.documents)),
      ("available", String(group.tokens)),
      ("natural_share", JSONText.number(group.naturalShare.fraction)),
      ("share", JSONText.number(group.share.fraction)),
      ("quota", String(group.quota)),
      ("effective_epochs", JSONText.number(group.effectiveEpochs)),
      ("binding_rule", JSONText.string(group.bindingRule.rawValue)),
    ])
  }
}
