/// What a plan gives a group of languages.
public struct GroupPlan: Sendable, Equatable {
  /// The group's name.
  public var name: String
  /// The name of the group around it; nil at the top.
  public var parent: String?
  /// How its languages divide it: `temperature 3.33`.
  public var policy: String
  /// Its languages, those of groups inside it counted.
  public var languages: Int
  /// Their documents.
  public var documents: Int
  /// Their available tokens.
  public var tokens: Int
  /// Their share of what is available.
  public var naturalShare: Share
  /// Its share of the budget.
  public var share: Share
  /// Its tokens in the dataset.
  public var quota: Int
  /// The rule that fixed the quota.
  public var bindingRule: BindingRule

  /// How often the dataset goes over it.
  public var effectiveEpochs: Double { tokens > 0 ? Double(quota) / Double(tokens) : 0 }
}
