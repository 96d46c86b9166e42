import ShardifyCore

/// Languages that share a part of the dataset: a share for all together, and a policy inside.
///
/// A group without share, floor or cap takes part in the policy around it as one language of its
/// languages' size would. A group's languages are those it names, those its patterns match, and those
/// of the groups inside it.
public struct MixtureGroup: Sendable, Equatable {
  /// Its name; no two groups of a mixture have the same.
  public var name: String
  /// Languages that belong to it.
  public var languages: [LanguageTag]
  /// Patterns of languages that belong to it, unless another group names them.
  public var patterns: [LanguagePattern]
  /// Its share of the dataset's tokens, given first and exactly.
  public var share: Double?
  /// At least this share of the dataset's tokens.
  public var floor: Double?
  /// At most this share of the dataset's tokens.
  public var cap: Double?
  /// How sizes become shares inside; nil: as around it. Explicit shares are of the group's tokens.
  public var policy: Policy?
  /// Groups inside it.
  public var groups: [MixtureGroup]

  /// Joins the parts.
  public init(
    name: String, languages: [LanguageTag] = [], patterns: [LanguagePattern] = [],
    share: Double? = nil, floor: Double? = nil, cap: Double? = nil, policy: Policy? = nil,
    groups: [MixtureGroup] = []
  ) {
    self.name = name
    self.languages = languages
    self.patterns = patterns
    self.share = share
    self.floor = floor
    self.cap = cap
    self.policy = policy
    self.groups = groups
  }

  /// Groups may be nested this deep.
  public static let limitDepth = 4
}
