/// Consecutive tokens of one shard.
public struct TokenRange: Hashable, Sendable {
  /// The shard's number in the manifest's order.
  public var shard: Int
  /// The first token, counted from the start of the shard.
  public var firstToken: Int
  /// How many.
  public var tokenCount: Int

  /// Joins the parts; see the properties.
  public init(shard: Int, firstToken: Int, tokenCount: Int) {
    self.shard = shard
    self.firstToken = firstToken
    self.tokenCount = tokenCount
  }
}

/// Where one sample comes from.
public struct SampleLocation: Hashable, Sendable {
  /// Its number over all epochs, from 0.
  public var globalSample: Int
  /// The epoch, from 0.
  public var epoch: Int
  /// The lane it was taken from.
  public var lane: Int
  /// Its tokens in order: `sequenceLength + 1` in all.
  public var ranges: [TokenRange]
}
