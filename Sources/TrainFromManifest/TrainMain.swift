import ArgumentParser
import Glibc
import ShardifyCore
import Terminal
import Train

/// The entry of the program.
enum TrainMain {
  /// Parses the command line, trains, and exits: 0 done, 1 failed, 64 wrong usage, 130 stopped by a
  /// signal.
  static func start() {
    Signals.openStandardStreams()
    Signals.ignoreBrokenPipe()
    let command: TrainCommand
    do {
      command = try TrainCommand.parse()
    } catch {
      TrainCommand.exit(withError: error)
    }
    let ranks: Communicator
    do throws(TrainFailure) {
      ranks = try Communicator(environment: Communicator.environment)
    } catch {
      Console.note("error: \(error.message)")
      exit(1)
    }
    let wasStopped: Bool
    do throws(TrainFailure) {
      wasStopped = try TrainRun(command, ranks).run()
    } catch {
      let rank = ranks.worldSize > 1 ? "rank \(ranks.rank): " : ""
      Console.note("error: \(rank)\(error.message)")
      // A failure that all ranks share ends each of them; any other must not leave them waiting.
      usleep(ranks.worldSize > 1 ? 300_000 : 0)
      ranks.abort(status: 1)
      exit(1)
    }
    ranks.finish()
    if wasStopped { exit(130) }
  }
}
