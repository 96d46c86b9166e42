import Balance
import ShardifyCore

/// Where a dataset goes on from: an earlier dataset, up to the end of one of its shards.
public struct Continuation: Sendable, Equatable {
  /// The fingerprint of the earlier dataset.
  public var fingerprint: String
  /// How many of its shards were given.
  public var shards: Int
  /// How many it has.
  public var shardCount: Int
  /// Its tokens in the shards that were given.
  public var givenTokens: Int
  /// Its tokens in the other shards, which this dataset takes the place of.
  public var remainingTokens: Int
  /// Tokens of the last given shard after the token asked for: given up so that nothing is
  /// repeated before its turn. 0 where a shard's end was asked for.
  public var skippedTokens: Int
  /// Where each language stopped, those that are not in the next mixture with them; a language
  /// that is missing has given nothing.
  public var starts: RingStarts
  /// The patterns of sources that its languages are divided by; nil if they are not.
  public var sourcePatterns: [String]?

  /// One line for people: what is given, left and skipped.
  public func text(dataset: String) -> String {
    var line =
      "continues \(dataset) after \(ReportTable.grouped(shards)) of its "
      + "\(ReportTable.grouped(shardCount)) shard\(shardCount == 1 ? "" : "s"): \(ReportTable.grouped(givenTokens)) tokens "
      + "given"
    if skippedTokens > 0 {
      line += ", of which \(ReportTable.grouped(skippedTokens)) are skipped by going on at the"
      line += " shard's end"
    }
    if remainingTokens > 0 {
      line += "; \(ReportTable.grouped(remainingTokens)) tokens in its other shards not given: "
      line += "they come first, as far as the mixture takes their languages"
    }
    return line
  }
}

/// How an earlier dataset is named to go on from.
public struct ContinueOptions: Sendable {
  /// The dataset's folder, or its manifest.
  public var dataset: String
  /// The last shard that was given; nil with `afterToken` nil: the last there is.
  public var afterShard: Int?
  /// So many tokens were given, in the order of the shards: rounded up to the end of a shard.
  public var afterToken: Int?

  /// Makes options; see the properties.
  public init(dataset: String, afterShard: Int? = nil, afterToken: Int? = nil) {
    self.dataset = dataset
    self.afterShard = afterShard
    self.afterToken = afterToken
  }
}
