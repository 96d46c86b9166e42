import ArgumentParser
import Shardify
import ShardifyCore
import Terminal

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a dataset or a token store: files, ids, mixture, repetition, accounting.",
    discussion: """
      Exit status 1 with the list if anything is off.

      In the table, "worst (tokens)" is how far a language was off its share of all tokens so far at \
      the end of the worst shard, and "worst (pieces)" the same over the length of the piece that \
      stands there: at most 1. "one shard" is how far a single shard is off its own share, in pieces: \
      at most 2, one at each end. "repeats" says whether copies of a document are one pass apart. \
      docs/verify.md explains them.
      """)

  @Argument(help: "The folder of a dataset or of a token store, or a manifest.sqlite.")
  var dataset: String

  @Option(help: "The token store it was made from, to compare the content as well.")
  var store: String?

  @Option(help: "With --store: the list of hashes the dataset was made without.")
  var excludeHashes: String?

  @Option(help: "Shards read at the same time (default: all processors).")
  var jobs: Int?

  @OptionGroup var output: OutputOptions

  func run() throws {
    let progress = Progress()
    if StoreVerify.isStore(dataset) { return try runStore(progress) }
    if var stages = StagesVerify(
      dataset: dataset, store: store, jobs: jobs ?? Parallel.availableProcessors,
      progress: progress, stop: Signals.stopFlag())
    {
      stages.excludedHashes = excludeHashes
      return try run(stages, progress)
    }
    var stage = VerifyStage(
      dataset: dataset, store: store, jobs: jobs ?? Parallel.availableProcessors,
      progress: progress, stop: Signals.stopFlag())
    stage.excludedHashes = excludeHashes
    let report = try ProgressLine.show(
      progress, unit: .tokens, quiet: output.quiet || output.json
    ) { try stage.run() }
    if output.json {
      Console.out(report.json())
    } else if !output.quiet {
      Console.out(report.text())
    } else if !report.problems.isEmpty {
      Console.out(report.problemText())
    }
    if !report.problems.isEmpty { throw ExitCode(1) }
  }

  private func runStore(_ progress: Progress) throws {
    if store != nil || excludeHashes != nil {
      throw ValidationError(
        "\(dataset) is a token store: --store and --exclude-hashes are for datasets")
    }
    let stage = StoreVerify(
      store: dataset, jobs: jobs ?? Parallel.availableProcessors, progress: progress,
      stop: Signals.stopFlag())
    let report = try ProgressLine.show(
      progress, unit: .tokens, quiet: output.quiet || output.json
    ) { try stage.run() }
    if output.json {
      Console.out(report.json())
    } else if !output.quiet {
      Console.out(report.text())
    } else if !report.isClean {
      Console.out(report.problemText())
    }
    if !report.isClean { throw ExitCode(1) }
  }

  /// One report after another, each under the name of its stage.
  private func run(_ stages: StagesVerify, _ progress: Progress) throws {
    let reports = try ProgressLine.show(
      progress, unit: .tokens, quiet: output.quiet || output.json
    ) { try stages.run() }
    if output.json {
      let items = reports.map { name, report in
        "{\"stage\":\(JSONText.quoted(name)),\"report\":\(report.json())}"
      }
      Console.out("[" + items.joined(separator: ",") + "]")
    } else {
      for (name, report) in reports where !output.quiet || !report.problems.isEmpty {
        Console.out("== \(name)")
        Console.out(output.quiet ? report.problemText() : report.text())
      }
    }
    if reports.contains(where: { !$0.report.isClean }) { throw ExitCode(1) }
  }
}
