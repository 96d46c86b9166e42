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
    Signals.openStandardStreams()
    Signals.ignoreBrokenPipe()
    refuseUnknownCommand()
    do {
      var command = try ShardifyRoot.parseAsRoot()
      try command.run()
    } catch let failure as any DescribedFailure {
      Console.error(failure.message)
      exit((failure as? StageFailure)?.code == .stopped ? 130 : 1)
    } catch let failure as UsageFailure {
      // As the parser writes what it refuses.
      Console.note("Error: " + failure.message)
      exit(ExitCode.validationFailure.rawValue)
    } catch {
      if let message = ExpectedForms.completed(ShardifyRoot.fullMessage(for: error)) {
        Console.note(message)
        exit(ExitCode.validationFailure.rawValue)
      }
      ShardifyRoot.exit(withError: error)
    }
  }

  /// The parser calls a command it does not know an unexpected argument.
  private static func refuseUnknownCommand() {
    guard CommandLine.arguments.count > 1 else { return }
    let word = CommandLine.arguments[1]
    let names = ShardifyRoot.configuration.subcommands.map { $0._commandName }
    guard word.utf8.first != UInt8(ascii: "-"), word != "help", !names.contains(word) else {
      return
    }
    let nearest = ExpectedForms.nearest(to: word, of: names).map { "; did you mean \($0)?" } ?? ""
    Console.note(
      "Error: unknown command \(word), expected one of \(names.joined(separator: ", "))\(nearest)")
    exit(ExitCode.validationFailure.rawValue)
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
