import ArgumentParser
import Shardify
import ShardifyCore
import Terminal

struct RepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Make a lost manifest or catalog anew from the shards or runs themselves.",
    discussion: """
      A dataset's manifest.sqlite is made from plan.txt and its shards, with the same fingerprint; \
      a store's catalog.sqlite from its runs. A file that is there is kept under another name. A \
      shard that is missing or damaged is named with the command that writes it again.
      """)

  @Argument(help: "The folder of a dataset or of a token store.")
  var path: String

  @Option(help: "Shards read at the same time (default: all processors).")
  var jobs: Int?

  @OptionGroup var output: OutputOptions

  func run() throws {
    let progress = Progress()
    let stage = RepairStage(
      path: path, jobs: jobs ?? Parallel.availableProcessors, progress: progress,
      stop: Signals.stopFlag())
    let report = try ProgressLine.show(
      progress, unit: .tokens, quiet: output.quiet || output.json
    ) { try stage.run() }
    if output.json {
      Console.out(report.json())
    } else if !output.quiet {
      Console.out(report.text())
    }
  }
}
