import Foundation

/// The built `shardify` beside the tests, run in a folder of its own.
final class CommandLineTool {
  /// What a run left.
  struct Outcome {
    var status: Int32
    var out: String
    var error: String

    var lines: [String] { out.split(separator: "\n").map(String.init) }
  }

  /// The folder that relative paths are in; removed when the value goes.
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("command-tests-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// `fixtures/` of the repository.
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("fixtures")
    .resolvingSymlinksInPath()

  /// A path in `fixtures/`.
  static func fixture(_ name: String) -> String { fixtures.appendingPathComponent(name).path }

  private static let executable: URL? = {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let beside = own.deletingLastPathComponent().appendingPathComponent("shardify")
    return FileManager.default.isExecutableFile(atPath: beside.path) ? beside : nil
  }()

  struct NotBuilt: Error {}

  func write(_ text: some Sequence<UInt8>, to name: String) throws {
    try Data(text).write(to: folder.appendingPathComponent(name))
  }

  /// Runs `shardify` with arguments; input and outputs go through files, so that no pipe fills.
  func run(_ arguments: [String], input: String = "") throws -> Outcome {
    guard let executable = CommandLineTool.executable else { throw NotBuilt() }
    return try run(executable, arguments, input: input)
  }

  /// Runs a line of shell in which `$0` is `shardify`, then the words.
  func run(shell line: String, _ words: [String] = []) throws -> Outcome {
    guard let executable = CommandLineTool.executable else { throw NotBuilt() }
    return try run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", line, executable.path] + words, input: "")
  }

  private func run(_ executable: URL, _ arguments: [String], input: String) throws -> Outcome {
    let number = UUID().uuidString
    let paths = ["in", "out", "error"].map { folder.appendingPathComponent(".\($0)-\(number)") }
    try Data(input.utf8).write(to: paths[0])
    for path in paths[1...] { try Data().write(to: path) }
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = try FileHandle(forReadingFrom: paths[0])
    process.standardOutput = try FileHandle(forWritingTo: paths[1])
    process.standardError = try FileHandle(forWritingTo: paths[2])
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationReason == .exit
        ? process.terminationStatus : -process.terminationStatus,
      out: String(decoding: try Data(contentsOf: paths[1]), as: UTF8.self),
      error: String(decoding: try Data(contentsOf: paths[2]), as: UTF8.self))
  }

  /// Runs `shardify ingest` into `store`.
  func ingest(
    _ inputs: [String], store: String = "store", tokenizer: String = "bytes",
    _ more: [String] = []
  ) throws -> Outcome {
    try run(["ingest"] + inputs + ["--to", store, "--tokenizer", tokenizer] + more)
  }
}
