import ArgumentParser
import Load
import Shardify
import ShardifyCore
import Terminal

struct OrderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "order",
    abstract: "Show which samples a rank is given in which step.",
    discussion: """
      Reads them as a loader does, with its checks. One line a sample, tab-separated: step, place \
      in the global batch, global sample, shard, first token (of that shard), SHA-256 of the \
      sample's tokens as they are stored (sequence length + 1 ids, little-endian). All but the \
      hash count from 0. A sample that goes on into another shard has the shard and token of its \
      first id.

      --documents prints one line for each piece in a sample: the same six columns, then first \
      token in the sample, tokens, language, content hash of the document, shard, number of the \
      piece in that shard. See docs/order-command.md.
      """)

  @Argument(help: "The dataset's folder, or its manifest.sqlite.")
  var dataset: String

  @Option(parsing: .unconditional, help: "Tokens a sample predicts.")
  var sequenceLength: Int

  @Option(parsing: .unconditional, help: "Samples in a step, over all ranks.")
  var globalBatch: Int

  @Option(parsing: .unconditional, help: "Ranks.")
  var worldSize = 1

  @Option(parsing: .unconditional, help: "The rank whose samples are shown, from 0.")
  var rank = 0

  @Option(parsing: .unconditional, help: "The first step, from 0.")
  var fromStep = 0

  @Option(parsing: .unconditional, help: "How many steps.")
  var steps = 1

  @Option(parsing: .unconditional, help: "For the order.")
  var seed: UInt64 = 1

  @Option(
    parsing: .unconditional,
    help: """
      Streams that samples are taken from in turn (default: 64, fewer where that would leave less \
      than 64 samples to each).
      """)
  var lanes: Int?

  @Flag(help: "Print the pieces of each sample, with their documents' content hashes.")
  var documents = false

  @Flag(help: "Print one JSON object a sample.")
  var json = false

  @Flag(help: "Print - in place of the hash.")
  var noHash = false

  @Flag(help: "Read the samples and print, as JSON, how many they were and how long it took.")
  var measure = false

  @Option(parsing: .unconditional, help: "Threads that decompress (default: all processors).")
  var threads: Int?

  @Option(parsing: .unconditional, help: "Memory for frames, piece tables and batches read ahead.")
  var memory = Bytes(ReaderOptions().memoryBytes)

  @Flag(help: "Leave out samples of shards that cannot be read, instead of stopping.")
  var skipBadShards = false

  func validate() throws {
    for (name, value, least) in [
      ("sequence-length", sequenceLength, 1), ("global-batch", globalBatch, 1),
      ("world-size", worldSize, 1), ("rank", rank, 0), ("from-step", fromStep, 0),
      ("steps", steps, 0), ("lanes", lanes ?? 1, 1),
    ] where value < least {
      throw ValidationError("--\(name) must be \(least) or more, not \(value)")
    }
    guard threads.map({ (1...1024).contains($0) }) ?? true else {
      throw ValidationError("--threads must be 1 to 1024")
    }
  }

  func run() throws {
    var options = OrderOptions(sequenceLength: sequenceLength, globalBatch: globalBatch)
    options.worldSize = worldSize
    options.rank = rank
    options.firstStep = fromStep
    options.steps = steps
    options.seed = seed
    options.lanes = lanes
    options.hashes = !noHash && !measure
    options.reader = ReaderOptions(
      threads: threads ?? min(1024, Parallel.availableProcessors), memoryBytes: memory.value,
      skipsBadShards: skipBadShards)
    let stage = try OrderStage(dataset: dataset, options: options, stop: Signals.stopFlag())
    let summary: OrderSummary
    if measure {
      summary = try stage.run { _ in }
      Console.out(summary.json)
    } else {
      let writer = OrderWriter(asJSON: json, withPieces: documents)
      defer { writer.flush() }
      summary = try stage.run { writer.write($0) }
    }
    for failure in summary.badShards { Console.note("warning: \(failure.message)") }
    if summary.skippedSamples > 0 {
      Console.note("warning: \(summary.skippedSamples) samples left out")
    }
  }
}

extension OrderSummary {
  fileprivate var json: String {
    JSONText.line([
      ("samples", .number(samples)), ("tokens", .number(tokens)), ("pieces", .number(pieces)),
      ("skipped_samples", .number(skippedSamples)), ("lanes", .number(lanes)),
      ("samples_per_epoch", .number(samplesPerEpoch)),
      ("first_batch_seconds", .real(firstBatchSeconds)), ("seconds", .real(seconds)),
      ("cpu_seconds", .real(cpuSeconds)),
    ])
  }
}
