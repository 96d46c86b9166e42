import ShardifyCore

extension MixturePlan {
  /// What was asked, as one JSON object on one line: members and languages always in the same order.
  public var settingsJSON: String { JSONText.object(mixture.members) }

  /// The SHA-256 of the counts the plan is made from: a line of decimal numbers for each language of
  /// the mixture, by tag; after a language that is divided a line for each part.
  public var statisticsDigest: SHA256.Digest {
    var hash = SHA256()
    for language in languages {
      let supply = language.supply
      let line =
        "\(supply.tag) \(supply.documents) \(supply.pieces) \(supply.tokens) \(supply.bytes) "
        + "\(supply.scalars) \(supply.tokensBefore)\n"
      hash.update(Array(line.utf8))
      for part in supply.sources {
        let line =
          "\(supply.tag) \(part.part) \(part.documents) \(part.pieces) \(part.tokens) "
          + "\(part.bytes) \(part.tokensBefore)\n"
        hash.update(Array(line.utf8))
      }
    }
    return hash.finish()
  }
}

extension Mixture {
  /// The settings as members of a JSON object.
  var members: [(String, String)] {
    var members = [
      ("policy", policy.json),
      ("unit", JSONText.string(unit.rawValue)),
      ("max_epochs", maxEpochs.map(JSONText.number) ?? "null"),
      ("budget_asked", budgetTokens.map(String.init) ?? "null"),
      (
        "include",
        include == nil && includePatterns.isEmpty
          ? "null" : Self.list(include ?? [], includePatterns)
      ),
      ("exclude", Self.list(exclude, excludePatterns)),
      ("include_undetermined", "\(includeUndetermined)"),
      ("allow_zero", "\(allowZero)"),
      ("fixed_shares", JSONText.table(fixedShares)),
      ("floors", JSONText.table(floors)),
      ("caps", JSONText.table(caps)),
      ("groups", JSONText.array(groups.map(\.json))),
    ]
    // What no mixture had before is not in the settings of one that has none.
    if let sourceWeights {
      members += [
        ("source_basis", JSONText.string(sourceWeights.basis.rawValue)),
        (
          "source_weights",
          JSONText.array(
            sourceWeights.entries.map { entry in
              JSONText.object([
                ("source", JSONText.string(entry.pattern)),
                ("weight", JSONText.number(entry.weight)),
              ])
            })
        ),
      ]
    }
    return members
  }

  static func list(_ tags: [LanguageTag], _ patterns: [LanguagePattern]) -> String {
    JSONText.array(
      (tags.sorted().map(\.description) + patterns.sorted().map(\.description))
        .map(JSONText.string))
  }
}

extension MixtureGroup {
  fileprivate var json: String {
    JSONText.object([
      ("name", JSONText.string(name)),
      ("languages", Mixture.list(languages, patterns)),
      ("share", share.map(JSONText.number) ?? "null"),
      ("floor", floor.map(JSONText.number) ?? "null"),
      ("cap", cap.map(JSONText.number) ?? "null"),
      ("policy", policy?.json ?? "null"),
      (
        "groups",
        JSONText.array(
          groups.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }.map(\.json))
      ),
    ])
  }
}

extension Policy {
  /// The policy with its numbers.
  var json: String {
    let members: [(String, String)] =
      switch self {
      case .temperature(let value):
        [("name", JSONText.string("temperature")), ("temperature", JSONText.number(value))]
      case .alpha(let value):
        [("name", JSONText.string("alpha")), ("alpha", JSONText.number(value))]
      case .unimax: [("name", JSONText.string("unimax"))]
      case .proportional: [("name", JSONText.string("proportional"))]
      case .uniform: [("name", JSONText.string("uniform"))]
      case .explicit(let shares):
        [("name", JSONText.string("explicit")), ("shares", JSONText.table(shares))]
      }
    return JSONText.object(members)
  }
}

extension JSONText {
  /// Shares by tag.
  static func table(_ shares: [LanguageTag: Double]) -> String {
    object(shares.sorted { $0.key < $1.key }.map { ($0.key.description, number($0.value)) })
  }
}
