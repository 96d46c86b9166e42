import Dataset
import Files
import Glibc
import Load
import ShardifyCore
import Terminal
import Train

/// One run of the program on one rank: joins the dataset, the trainer, the log and the terminal.
struct TrainRun {
  private let command: TrainCommand
  private let ranks: Communicator

  init(_ command: TrainCommand, _ ranks: Communicator) {
    self.command = command
    self.ranks = ranks
  }

  /// - Returns: Whether a signal ended it before its last step.
  func run() throws(TrainFailure) -> Bool {
    let facts: DatasetFacts
    do throws(LoadFailure) { facts = try DatasetFacts(manifest: command.manifest) } catch {
      throw .wrapping(.data, error)
    }
    let options = command.options(
      processors: Processors.share(localRanks: ranks.localRanks))
    let display = StepDisplay(steps: options.steps, quiet: command.quiet)
    let sinks = Sinks()
    let trainer = try Trainer(
      TrainingData(facts), options: options, ranks: ranks,
      stop: Signals.stopFlag(on: [SIGINT, SIGTERM, SIGUSR1], after: "the step in hand")
    ) { event in
      sinks.log?.write(event)
      sinks.record?.write(event)
      display.show(event)
    }
    if ranks.rank == 0 { try open(sinks, trainer, facts) }
    let summary = try trainer.run()
    guard ranks.rank == 0 else { return summary.wasStopped }
    display.finish()
    sinks.log?.write(summary)
    sinks.record?.finish()
    Console.out(SummaryText.text(summary, steps: options.steps))
    if let failure = sinks.log?.failure ?? sinks.record?.failure { throw failure }
    return summary.wasStopped
  }

  /// Where events go; opened once the options are known to be right.
  private final class Sinks {
    var log: RunLog?
    var record: RunRecord?
  }

  private func open(
    _ sinks: Sinks, _ trainer: Trainer, _ facts: DatasetFacts
  ) throws(TrainFailure) {
    if let folder = command.runFolder {
      do throws(FileFailure) { try FileSystem.makeFolders(folder) } catch {
        throw .wrapping(.file, error)
      }
      sinks.record = try RunRecord(
        folder + "/run.sqlite", identity: trainer.identity, earlier: trainer.earlierIdentity(),
        facts: [
          ("dataset", "\(facts.fingerprint)"), ("seed", "\(trainer.order.seed)"),
          ("sequence_length", "\(trainer.order.sequenceLength)"),
          ("lanes", "\(trainer.order.lanes)"), ("global_batch", "\(command.globalBatch)"),
        ])
    }
    let path = command.log ?? command.runFolder.map { $0 + "/log.jsonl" }
    if let path { sinks.log = try RunLog(path) }
  }
}
