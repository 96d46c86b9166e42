import ArgumentParser
import Shardify
import Terminal

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a token store, a dataset, a run or a shard holds.")

  @Argument(help: "A store's folder, a dataset's folder or manifest, a run, or a shard.")
  var path: String

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let report = try InspectStage(path: path).run()
    Console.out(json ? report.json() : report.text())
  }
}
