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

  func run() throws(TrainFailure) {
    let facts: DatasetFacts
    do throws(LoadFailure) { facts = try DatasetFacts(manifest: command.manifest) } catch {
      throw .wrapping(.data, error)
    }
    let options = command.options(processors: Self.processors())
    let log = try openLog()
    let display = StepDisplay(steps: options.steps, quiet: command.quiet)
    let trainer = try Trainer(
      TrainingData(facts), options: options, ranks: ranks,
      stop: Signals.stopFlag(on: [SIGINT, SIGTERM, SIGUSR1], after: "the step in hand")
    ) { event in
      log?.write(event)
      display.show(event)
    }
    let summary = try trainer.run()
    guard ranks.rank == 0 else { return }
    display.finish()
    log?.write(summary)
    Console.out(SummaryText.text(summary, steps: options.steps))
    if let failure = log?.failure { throw failure }
  }

  private func openLog() throws(TrainFailure) -> RunLog? {
    guard ranks.rank == 0 else { return nil }
    if let path = command.log { return try RunLog(path) }
    guard let folder = command.runFolder else { return nil }
    do throws(FileFailure) { try FileSystem.makeFolders(folder) } catch {
      throw TrainFailure(
        .file, error.what, path: error.path, found: error.found, remedy: error.remedy)
    }
    return try RunLog(folder + "/log.jsonl")
  }

  /// Processors for this rank: what Slurm gave each task, or this machine's shared out to its ranks.
  private static func processors() -> Int {
    func number(_ name: String) -> Int? {
      getenv(name).flatMap { Int(String(cString: $0)) }.flatMap { $0 > 0 ? $0 : nil }
    }
    let available = Parallel.availableProcessors
    if let given = number("SLURM_CPUS_PER_TASK") { return min(given, available) }
    let ranks = number("OMPI_COMM_WORLD_LOCAL_SIZE") ?? number("SLURM_NTASKS_PER_NODE") ?? 1
    return max(1, available / ranks)
  }
}
