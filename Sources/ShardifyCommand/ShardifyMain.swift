import ArgumentParser
import Glibc
import Shardify
import ShardifyCore
import Terminal

/// The entry of the program.
enum ShardifyMain {
  /// Parses the command line, runs the command, and exits: 0 done, 1 failed, 64 usage,
  /// 130 stopped by the user.
  static func start() {
    Signals.ignoreBrokenPipe()
    do {
      var command = try ShardifyRoot.parseAsRoot()
      try command.run()
    } catch let failure as any DescribedFailure {
      Console.error(failure.message)
      exit((failure as? StageFailure)?.code == .stopped ? 130 : 1)
    } catch {
      ShardifyRoot.exit(withError: error)
    }
  }
}

/// The root of the subcommands.
struct ShardifyRoot: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shardify",
    abstract: "Turns multilingual text into balanced, compressed, training-ready token shards.",
    discussion: """
      ingest reads a corpus once into a token store; balance writes any number of mixtures from \
      it as datasets; train-from-manifest, or any reader of plain token arrays, consumes them.

      Exit status: 0 done, 1 failed, 64 wrong usage, 130 stopped by a signal (run the same command \
      again to go on).
      """,
    version: ShardifyVersion.text,
    subcommands: [
      IngestCommand.self, BalanceCommand.self, VerifyCommand.self, LocateCommand.self,
      RepairCommand.self, InspectCommand.self,
      OrderCommand.self, DetectCommand.self, LanguagesCommand.self, LanguageEvalCommand.self,
      EncodeCommand.self, DecodeCommand.self,
      TrainTokenizerCommand.self, TokenizerReportCommand.self,
    ])
}
