import ArgumentParser
import Shardify

/// How `balance` is told to go on from an earlier dataset.
struct ContinueArguments: ParsableArguments {
  @Option(
    name: .customLong("continue"),
    help: "Start every language where this dataset stopped: nothing lost, nothing repeated early.")
  var dataset: String?

  @Option(
    parsing: .unconditional,
    help: """
      With --continue: the last shard that was given, by a reader that takes shards in order \
      (default: the last there is). shardify's own loaders read all shards at once: give such a \
      dataset to its end, as docs/stages.md says.
      """)
  var afterShard: Int?

  @Option(
    parsing: .unconditional,
    help: """
      With --continue: tokens that were given, in the order of the shards; rounded up to the end of \
      a shard.
      """)
  var afterToken: Amount?

  func check() throws {
    if dataset == nil, afterShard != nil || afterToken != nil {
      throw ValidationError("--after-shard and --after-token need --continue DATASET")
    }
    if afterShard != nil && afterToken != nil {
      throw ValidationError("give --after-shard or --after-token, not both")
    }
  }

  var options: ContinueOptions? {
    dataset.map {
      ContinueOptions(dataset: $0, afterShard: afterShard, afterToken: afterToken?.value)
    }
  }

  /// What is printed of where a dataset goes on.
  func text(_ continuation: Continuation?) -> String? {
    guard let dataset, let continuation else { return nil }
    return continuation.text(dataset: dataset)
  }
}
