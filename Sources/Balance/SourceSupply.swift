/// What the store has of one part of a language's sources; see `SourceWeights`.
public struct SourceSupply: Sendable, Equatable {
  /// The number of the part among the mixture's patterns.
  public var part: Int
  /// Documents.
  public var documents: Int
  /// Pieces.
  public var pieces: Int
  /// Tokens: the length of the part's ring.
  public var tokens: Int
  /// UTF-8 bytes.
  public var bytes: Int
  /// Where on the part's ring the dataset starts, as `LanguageSupply.tokensBefore`.
  public var tokensBefore = 0

  /// Joins the counts.
  public init(part: Int, documents: Int, pieces: Int, tokens: Int, bytes: Int) {
    self.part = part
    self.documents = documents
    self.pieces = pieces
    self.tokens = tokens
    self.bytes = bytes
  }
}

/// What a plan gives a part of a language's sources.
public struct SourcePlan: Sendable, Equatable {
  /// What there is of it.
  public var supply: SourceSupply
  /// The pattern its sources match; `*` for what matches none.
  public var name: String
  /// Its tokens in the dataset.
  public var quota: Int
  /// The rule that fixed the quota: the weights, or the limit on repetition.
  public var bindingRule: BindingRule
  /// Where on its ring it starts.
  public var start = RingStart.beginning

  /// Joins the parts.
  public init(supply: SourceSupply, name: String, quota: Int, bindingRule: BindingRule) {
    self.supply = supply
    self.name = name
    self.quota = quota
    self.bindingRule = bindingRule
  }

  /// How often the dataset goes over it.
  public var effectiveEpochs: Double {
    supply.tokens > 0 ? Double(quota) / Double(supply.tokens) : 0
  }
}
