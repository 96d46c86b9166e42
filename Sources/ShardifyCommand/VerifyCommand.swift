import ArgumentParser
import Shardify
import ShardifyCore
import Terminal

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a dataset: files, ids, mixture, repetition, accounting.",
    discussion: "Exit status 1 with the list if anything is off.")

  @Argument(help: "The dataset's folder, or its manifest.sqlite.")
  var dataset: String

  @Option(help: "The token store it was made from, to compare the content as well.")
  var store: String?

  @Option(help: "Shards read at the same time (default: all processors).")
  var jobs: Int?

  @OptionGroup var output: OutputOptions

  func run() throws {
    let progress = Progress()
    let stage = VerifyStage(
      dataset: dataset, store: store, jobs: jobs ?? Parallel.availableProcessors,
      progress: progress, stop: Signals.stopFlag())
    let report = try ProgressLine.show(
      progress, unit: .tokens, quiet: output.quiet || output.json
    ) { try stage.run() }
    if output.json {
      Console.out(report.json())
    } else if !output.quiet || !report.problems.isEmpty {
      Console.out(report.text())
    }
    if !report.problems.isEmpty { throw ExitCode(1) }
  }
}
