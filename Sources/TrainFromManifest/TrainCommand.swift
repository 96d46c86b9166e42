import ArgumentParser
import Load
import ShardifyCore
import Train

/// The command line.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-from-manifest",
    abstract: "Trains a small GPT on a dataset, on one process or many under mpirun or srun.",
    discussion: """
      The order of samples depends on the dataset, the seed, the sequence length and the lanes, \
      never on the number of ranks: stop it, and go on with more or fewer of them.

      SIGINT, SIGTERM and SIGUSR1 write a checkpoint and end the run after the step in hand. \
      Under mpirun send SIGUSR1, which it passes on.

      Exit status: 0 done, 1 failed, 64 wrong usage, 130 stopped by a signal (run the same command \
      again to go on).
      """,
    version: "0.1.0")

  @Argument(help: "The dataset: its manifest.sqlite, or the folder that holds it.")
  var manifest: String

  @Option(parsing: .unconditional, help: "Steps in all, those before a resume included.")
  var steps = TrainerOptions().steps

  @Option(parsing: .unconditional, help: "Tokens a sample predicts.")
  var sequenceLength = TrainerOptions().sequenceLength

  @Option(parsing: .unconditional, help: "Samples in a step, over all ranks.")
  var globalBatch = TrainerOptions().globalBatch

  @Option(parsing: .unconditional, help: "For the order of samples and the first weights.")
  var seed: UInt64 = 1

  @Option(
    parsing: .unconditional,
    help: """
      Streams that samples are taken from in turn (default: 64, fewer where that would leave less \
      than 64 samples to each).
      """)
  var lanes: Int?

  @Option(parsing: .unconditional, help: "Width of the model.")
  var width = TrainerOptions().width

  @Option(parsing: .unconditional, help: "Blocks of the model.")
  var layers = TrainerOptions().layers

  @Option(parsing: .unconditional, help: "Attention heads.")
  var heads = TrainerOptions().heads

  @Option(
    parsing: .unconditional, help: "Width of the feed-forward layer (default: 8/3 of the width).")
  var hiddenWidth: Int?

  @Option(parsing: .unconditional, help: "The highest learning rate.")
  var learningRate = TrainerOptions().learningRate

  @Option(
    parsing: .unconditional,
    help: """
      Steps of the learning rate's whole schedule, where stages follow each other (default: --steps).
      """)
  var scheduleSteps: Int?

  @Option(
    parsing: .unconditional,
    help: "Steps of warm-up (default: a twentieth of the schedule, at most 200).")
  var warmupSteps: Int?

  @Option(parsing: .unconditional, help: "Weight decay.")
  var weightDecay = TrainerOptions().optimizer.weightDecay

  @Option(parsing: .unconditional, help: "Gradients with a larger norm are scaled down to it.")
  var clipNorm = TrainerOptions().optimizer.clipNorm

  @Flag(help: "Let tokens attend to the documents before their own in the sample.")
  var attendAcrossDocuments = false

  @Option(
    parsing: .unconditional,
    help: "Threads that compute, for each rank (default: its share of the processors).")
  var threads: Int?

  @Option(parsing: .unconditional, help: "Threads that decompress, for each rank.")
  var readerThreads = 1

  @Option(
    parsing: .unconditional,
    help: "MiB for frames, piece tables and batches read ahead, for each rank.")
  var readerMemoryMib = ReaderOptions().memoryBytes >> 20

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "A folder for everything the run leaves: checkpoints/, log.jsonl, run.sqlite.",
      valueName: "folder"))
  var runFolder: String?

  @Option(help: "Where checkpoints are kept (default: in the --run folder, or nowhere).")
  var checkpointFolder: String?

  @Option(parsing: .unconditional, help: "Steps between checkpoints; 0 for one at the end only.")
  var checkpointEvery = 100

  @Option(parsing: .unconditional, help: "Checkpoints kept.")
  var checkpointsKept = 2

  @Option(
    help: ArgumentHelp(
      "What to start from: auto (the newest checkpoint of the folder), none, or a checkpoint.",
      valueName: "auto|none|PATH"))
  var resume = "auto"

  @Option(
    help: ArgumentHelp(
      "Begin this dataset, the next stage, with the model, optimizer and step of a run on another: a "
        + "checkpoint or a --run folder, the same one or another. Once the stage has a checkpoint of "
        + "its own, --resume auto goes on from that.",
      valueName: "checkpoint|run"))
  var startFrom: String?

  @Option(
    parsing: .unconditional,
    help: "Steps between evaluations on held-out text; 0 for one at the end only.")
  var evalEvery = 0

  @Option(parsing: .unconditional, help: "Held-out tokens of an evaluation; 0 for none.")
  var evalTokens = TrainerOptions().evaluationTokens

  @Option(
    help: """
      A file that gets one JSON object a line: steps, evaluations, checkpoints (default: in the \
      --run folder, or none).
      """)
  var log: String?

  @Flag(help: "Leave out samples of shards that cannot be read, instead of stopping.")
  var skipBadShards = false

  @Flag(help: "Log the SHA-256 of each step's samples (docs/run-database.md).")
  var hashSamples = false

  @Option(
    parsing: .unconditional,
    help: "Seconds that a rank waits for the others before it gives up; 0 for no limit.")
  var stallTimeout = TrainerOptions().stallTimeoutSeconds

  @Flag(help: "Print the summary alone.")
  var quiet = false

  /// The trainer's options.
  ///
  /// - Parameter processors: Threads that compute, where the command line does not say.
  func options(processors: Int) -> TrainerOptions {
    var options = TrainerOptions()
    options.steps = steps
    options.sequenceLength = sequenceLength
    options.globalBatch = globalBatch
    options.seed = seed
    options.lanes = lanes
    options.width = width
    options.layers = layers
    options.heads = heads
    options.hiddenWidth = hiddenWidth
    options.learningRate = learningRate
    options.scheduleSteps = scheduleSteps
    options.warmupSteps = warmupSteps
    options.optimizer.weightDecay = weightDecay
    options.optimizer.clipNorm = clipNorm
    options.attendsAcrossDocuments = attendAcrossDocuments
    options.threads = threads ?? min(1024, processors)
    options.checkpointFolder = checkpointFolder ?? runFolder.map { $0 + "/checkpoints" }
    options.checkpointEvery = checkpointEvery
    options.checkpointsKept = checkpointsKept
    switch resume {
    case "auto": options.resume = .auto
    case "none": options.resume = .none
    default: options.resume = .path(resume)
    }
    options.startFrom = startFrom
    options.evaluateEvery = evalEvery
    options.evaluationTokens = evalTokens
    options.reader = ReaderOptions(
      threads: readerThreads, memoryBytes: readerMemoryMib << 20, skipsBadShards: skipBadShards)
    options.hashesSamples = hashSamples
    options.stallTimeoutSeconds = stallTimeout
    return options
  }

  func validate() throws {
    guard resume == "auto" || resume == "none" || !resume.isEmpty else {
      throw ValidationError("--resume needs auto, none or a path")
    }
    if startFrom != nil && resume != "auto" && resume != "none" {
      throw ValidationError("give --start-from or --resume PATH, not both")
    }
    if let startFrom, startFrom.isEmpty {
      throw ValidationError("--start-from needs a checkpoint or a run folder")
    }
    for (name, value, least) in [
      ("steps", steps, 1), ("sequence-length", sequenceLength, 1),
      ("global-batch", globalBatch, 1), ("lanes", lanes ?? 1, 1), ("width", width, 1),
      ("layers", layers, 1), ("heads", heads, 1), ("hidden-width", hiddenWidth ?? 1, 1),
      ("schedule-steps", scheduleSteps ?? steps, steps),
      ("warmup-steps", warmupSteps ?? 0, 0), ("checkpoint-every", checkpointEvery, 0),
      ("checkpoints-kept", checkpointsKept, 1), ("eval-every", evalEvery, 0),
      ("eval-tokens", evalTokens, 0), ("stall-timeout", stallTimeout, 0),
    ] where value < least {
      throw ValidationError("--\(name) must be \(least) or more, not \(value)")
    }
    guard (1...1024).contains(readerThreads) else {
      throw ValidationError("--reader-threads must be 1 to 1024, not \(readerThreads)")
    }
    guard (1...1 << 30).contains(readerMemoryMib) else {
      throw ValidationError("--reader-memory-mib must be 1 to 1073741824, not \(readerMemoryMib)")
    }
    guard threads.map({ (1...1024).contains($0) }) ?? true else {
      throw ValidationError("--threads must be 1 to 1024")
    }
  }
}
