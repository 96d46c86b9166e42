import ArgumentParser
import Files
import Manifest
import Shardify
import ShardifyCore
import Terminal

struct LocateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "locate",
    abstract: "Find a document in a dataset, or the document at a place of it.",
    discussion: """
      A document is named by its content hash (32 hexadecimal digits), by its exact text on \
      standard input (--text), or with --store by the id it came with (--id). A place is a shard \
      with a token or a piece. With --store the answer says where the document came from, and why \
      it is not there. Exit status 1 if nothing is found.
      """)

  @Argument(help: "The dataset's folder, or its manifest.sqlite.")
  var dataset: String

  @Argument(help: "The content hash of a document.")
  var content: String?

  @Flag(name: .customLong("text"), help: "Read the document's exact text from standard input.")
  var readsText = false

  @Option(help: "The id the document came with; needs --store.")
  var id: String?

  @Option(help: "The number of a shard.")
  var shard: Int?

  @Option(help: "With --shard: a token of it, from 0.")
  var token: Int?

  @Option(help: "With --shard: a piece of it, from 0.")
  var piece: Int?

  @Flag(help: "With --shard: a held-out shard.")
  var holdout = false

  @Option(help: "The token store the dataset was made from.")
  var store: String?

  @Option(help: "With --store: the list of hashes the dataset was made without.")
  var excludeHashes: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    let given = [content != nil, readsText, id != nil, shard != nil].count { $0 }
    if given != 1 { throw ValidationError("give one of HASH, --text, --id, --shard") }
    if let content, ContentHash(hex: content) == nil {
      throw ValidationError("\(content): expected a content hash of 32 hexadecimal digits")
    }
    if id != nil && store == nil { throw ValidationError("--id needs --store STORE") }
    if excludeHashes != nil && store == nil {
      throw ValidationError("--exclude-hashes needs --store STORE")
    }
    if shard != nil && (token != nil) == (piece != nil) {
      throw ValidationError("give --token or --piece with --shard")
    }
    if shard == nil && (token != nil || piece != nil || holdout) {
      throw ValidationError("--token, --piece and --holdout need --shard N")
    }
  }

  func run() throws {
    var stage = LocateStage(dataset: dataset, store: store, stop: Signals.stopFlag())
    stage.excludedHashes = excludeHashes
    let report = try stage.run(try query())
    Console.out(json ? report.json() : report.text())
    if !report.isFound { throw ExitCode(1) }
  }

  private func query() throws -> LocateStage.Query {
    if let content, let hash = ContentHash(hex: content) { return .content(hash) }
    if readsText { return .text(try StandardInput.read(limitBytes: 1 << 30)) }
    if let id { return .id(id) }
    let split = holdout ? DatasetManifest.Split.holdout : .train
    if let piece { return .piece(split: split, shard: shard ?? 0, piece: piece) }
    return .token(split: split, shard: shard ?? 0, token: token ?? 0)
  }
}

/// Standard input as a whole.
enum StandardInput {
  /// Everything up to its end.
  static func read(limitBytes: Int) throws -> [UInt8] {
    let file = try FileDescriptor.read("-")
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = try block.withUnsafeMutableBytes { try file.read(into: $0) }
      if count == 0 { return bytes }
      bytes += block[..<count]
      guard bytes.count <= limitBytes else {
        throw StreamFailure(
          .line, "cannot read standard input", found: "over \(limitBytes) bytes",
          expected: "one document")
      }
    }
  }
}
