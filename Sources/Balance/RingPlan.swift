import ShardifyCore

/// One ring of a dataset: a language, or a part of one that is divided over its sources.
///
/// Rings are numbered by tag, then part: the order of a training shard's header, and of copies at the
/// same place.
public struct RingPlan: Sendable, Equatable {
  /// The language.
  public var tag: LanguageTag
  /// The part of its sources, see `SourceWeights`; nil of a language that is not divided.
  public var part: Int?
  /// Tokens of the ring.
  public var tokens: Int
  /// Tokens in the dataset.
  public var quota: Int
  /// Where on the ring the dataset starts.
  public var start: RingStart
  /// The same in tokens from the ring's own start on the first pass.
  public var tokensBefore: Int

  /// Joins the parts.
  public init(
    tag: LanguageTag, part: Int?, tokens: Int, quota: Int, start: RingStart, tokensBefore: Int
  ) {
    self.tag = tag
    self.part = part
    self.tokens = tokens
    self.quota = quota
    self.start = start
    self.tokensBefore = tokensBefore
  }
}

extension LanguagePlan {
  /// Its ring, or those of its parts that have a weight.
  public var rings: [RingPlan] {
    if sources.isEmpty {
      return [
        RingPlan(
          tag: tag, part: nil, tokens: supply.tokens, quota: quota, start: start,
          tokensBefore: supply.tokensBefore)
      ]
    }
    return sources.map { source in
      RingPlan(
        tag: tag, part: source.supply.part, tokens: source.supply.tokens, quota: source.quota,
        start: source.start, tokensBefore: source.supply.tokensBefore)
    }
  }
}

extension MixturePlan {
  /// The rings of all languages, in order.
  public var rings: [RingPlan] { languages.flatMap(\.rings) }
}
