import ShardifyCore

/// What is asked of a dataset: which languages, in what shares, how many tokens.
///
/// All shares (explicit, fixed, floors, caps) are of the dataset's tokens, whatever the unit, and
/// are taken as decimals with 12 digits after the point; epochs with 9.
public struct Mixture: Sendable, Equatable {
  /// How sizes become shares.
  public var policy: Policy
  /// No language is repeated more often than this; nil: no limit. The excess goes to the others.
  public var maxEpochs: Double?
  /// Tokens of the whole dataset; nil: the available tokens of the mixture's languages.
  public var budgetTokens: Int?
  /// In what sizes are counted.
  public var unit: SizeUnit
  /// Only these languages; nil: all but the undetermined.
  public var include: [LanguageTag]?
  /// Languages of these forms beside `include`; none and no `include`: all but the undetermined.
  public var includePatterns: [LanguagePattern] = []
  /// Not these languages.
  public var exclude: [LanguageTag]
  /// Not languages of these forms, unless `include` or a share names them.
  public var excludePatterns: [LanguagePattern] = []
  /// Shares given first and exactly.
  public var fixedShares: [LanguageTag: Double]
  /// At least this share.
  public var floors: [LanguageTag: Double]
  /// At most this share.
  public var caps: [LanguageTag: Double]
  /// Languages that share a part of the dataset.
  public var groups: [MixtureGroup] = []
  /// How each language is divided over its sources; nil: every language is one ring.
  public var sourceWeights: SourceWeights?
  /// Whether `und_*` and `zxx_*` take part without being named.
  public var includeUndetermined: Bool
  /// Whether a language may get no token at all.
  public var allowZero: Bool

  /// A mixture by `policy`; everything else as by default.
  public init(
    policy: Policy, maxEpochs: Double? = 4, budgetTokens: Int? = nil, unit: SizeUnit = .tokens,
    include: [LanguageTag]? = nil, exclude: [LanguageTag] = [],
    fixedShares: [LanguageTag: Double] = [:], floors: [LanguageTag: Double] = [:],
    caps: [LanguageTag: Double] = [:], includeUndetermined: Bool = false, allowZero: Bool = false
  ) {
    self.policy = policy
    self.maxEpochs = maxEpochs
    self.budgetTokens = budgetTokens
    self.unit = unit
    self.include = include
    self.exclude = exclude
    self.fixedShares = fixedShares
    self.floors = floors
    self.caps = caps
    self.includeUndetermined = includeUndetermined
    self.allowZero = allowZero
  }
}
