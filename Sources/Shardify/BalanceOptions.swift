import Balance
import ShardifyCore

/// What a balance is asked to do.
public struct BalanceOptions: Sendable {
  /// The token store.
  public var store: String
  /// The dataset's folder; nil with a dry run.
  public var dataset: String?
  /// Which languages, in what shares, how many tokens.
  public var mixture: Mixture
  /// Which documents of the store take part, and under which language.
  public var view = ViewOptions()
  /// How many shards; nil goes by `shardTokens`.
  public var shardCount: Int?
  /// Tokens a shard should have.
  public var shardTokens = 64 << 20
  /// Picks where each language's ring starts and where copies stand; nil: 0, or the seed of the
  /// dataset that is continued.
  public var seed: UInt64?
  /// The dataset to go on from.
  public var continuing: ContinueOptions?
  /// zstd level of the shards.
  public var compressionLevel = 3
  /// Shards written at the same time.
  public var jobs = Parallel.availableProcessors
  /// Memory to stay below, in bytes.
  public var memoryBytes = 1_000_000_000

  /// The command line, kept beside the dataset for people; nothing depends on it.
  public var commandLine: String?

  /// Makes options with their defaults.
  public init(store: String, dataset: String?, mixture: Mixture) {
    self.store = store
    self.dataset = dataset
    self.mixture = mixture
  }
}
