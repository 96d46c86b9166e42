import ShardifyCore

/// What a plan gives one language.
public struct LanguagePlan: Sendable, Equatable {
  /// The language and what the store has of it.
  public var supply: LanguageSupply
  /// Its share of the available tokens of the mixture's languages.
  public var naturalShare: Share
  /// Its share of the budget.
  public var share: Share
  /// Its tokens in the dataset. The last piece may run over by less than its own length.
  public var quota: Int
  /// The rule that fixed the quota.
  public var bindingRule: BindingRule
  /// Where on the ring it starts.
  public var start: RingStart
  /// The innermost group it belongs to.
  public var group: String?
  /// How its quota is divided over its sources; empty if it is not. Their quotas sum to `quota`.
  public var sources: [SourcePlan] = []
  /// Its byte premium, where the unit is `content`.
  public var premium: BytePremiums.Premium?

  /// Joins the parts.
  public init(
    supply: LanguageSupply, naturalShare: Share, share: Share, quota: Int,
    bindingRule: BindingRule, start: RingStart = .beginning
  ) {
    self.supply = supply
    self.naturalShare = naturalShare
    self.share = share
    self.quota = quota
    self.bindingRule = bindingRule
    self.start = start
  }

  /// The language.
  public var tag: LanguageTag { supply.tag }

  /// How often the dataset goes over the language: quota / available tokens.
  public var effectiveEpochs: Double {
    supply.tokens > 0 ? Double(quota) / Double(supply.tokens) : 0
  }

  /// Passes over the language with those of the datasets that this one continues.
  public var epochsAfter: Double {
    supply.tokens > 0 ? Double(supply.tokensBefore + quota) / Double(supply.tokens) : 0
  }
}
