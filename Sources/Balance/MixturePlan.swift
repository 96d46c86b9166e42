import ShardifyCore

/// Quotas for every language: what `balance` will write.
public struct MixturePlan: Sendable, Equatable {
  /// What was asked.
  public var mixture: Mixture
  /// The mixture's languages, by tag. Their quotas sum to `budget`.
  public var languages: [LanguagePlan]
  /// Tokens of the dataset.
  public var budget: Int
  /// The mixture's groups, each before those inside it, by name.
  public var groups: [GroupPlan] = []
  /// The table that byte premiums come from, where the unit is `content`.
  public var premiumVersion: String?
  /// What the store has and the mixture leaves out, by tag.
  public var excluded: [LanguageSupply]
  /// What the user should know before starting; one line each.
  public var warnings: [String]

  /// Joins the parts.
  public init(
    mixture: Mixture, languages: [LanguagePlan], budget: Int, excluded: [LanguageSupply],
    warnings: [String]
  ) {
    self.mixture = mixture
    self.languages = languages
    self.budget = budget
    self.excluded = excluded
    self.warnings = warnings
  }

  /// The plan of one language; nil if it is not in the mixture.
  ///
  /// - Complexity: O(log *L*) in languages.
  public subscript(tag: LanguageTag) -> LanguagePlan? {
    var low = 0
    var high = languages.count
    while low < high {
      let middle = (low + high) / 2
      if languages[middle].tag < tag { low = middle + 1 } else { high = middle }
    }
    return low < languages.count && languages[low].tag == tag ? languages[low] : nil
  }
}
