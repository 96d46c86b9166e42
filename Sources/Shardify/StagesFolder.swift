import Files
import ShardifyCore

/// A dataset of stages: a folder with `stages.txt` and a dataset for each stage.
struct StagesFolder {
  static let listName = "stages.txt"
  private static let title = "shardify stages v1"
  let path: String

  /// Whether a folder holds stages.
  static func isOne(_ path: String) -> Bool {
    FileSystem.status(path + "/" + listName)?.kind == .file
  }

  /// What to say where one dataset is asked for and a folder of stages is given; nil if it is none.
  static func refusal(_ path: String, _ what: String) -> StageFailure? {
    guard isOne(path), let names = try? StagesFolder(path: path).names(), let last = names.last
    else { return nil }
    return StageFailure(
      .options, what, path: path, found: "a folder of stages: \(names.joined(separator: ", "))",
      expected: "one dataset", remedy: "name one of them, e.g. \(path)/\(last)")
  }

  /// The folder of a stage.
  func stage(_ name: String) -> String { path + "/" + name }

  /// The names of its stages, in order.
  func names() throws -> [String] {
    let file = path + "/" + StagesFolder.listName
    let bytes = try FileSystem.read(file, limitBytes: 1 << 20)
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    guard lines.first == StagesFolder.title, lines.count > 1,
      lines.dropFirst().allSatisfy(MixtureStage.isName),
      Set(lines.dropFirst()).count == lines.count - 1
    else {
      throw StageFailure(
        .damaged, "cannot read stages", path: file,
        found: lines.first.map { String($0.prefix(60)).debugDescription } ?? "nothing",
        expected: "\(StagesFolder.title), then a name a line",
        remedy: "run the same shardify balance again")
    }
    return Array(lines.dropFirst())
  }

  /// Makes the folder with its list, or checks that the stages are those begun before, or more.
  func open(_ names: [String]) throws -> FileLock {
    if let status = FileSystem.status(path) {
      let inside = status.kind == .folder ? try FileSystem.names(in: path) : []
      let foreign = inside.first { $0 != "lock" && $0 != StagesFolder.listName + ".partial" }
      if status.kind != .folder || (foreign != nil && !StagesFolder.isOne(path)) {
        throw StageFailure(
          .options, "cannot make dataset", path: path,
          found: status.kind == .folder
            ? "a folder that holds \(foreign ?? "") and no stages" : "a file",
          expected: "a new or empty folder, or these stages begun before",
          remedy: "name another folder with --to")
      }
    }
    try FileSystem.makeFolders(path)
    let lock = try FileLock(path: path + "/lock", purpose: "shardify balance")
    var have: [String] = []
    if StagesFolder.isOne(path) { have = try self.names() }
    guard names.starts(with: have) else {
      throw StageFailure(
        .options, "cannot go on with dataset", path: path,
        found: "stages \(have.joined(separator: " "))",
        expected: "\(names.joined(separator: " ")): the same, or these and more after them",
        remedy: "name another folder with --to")
    }
    if have != names {
      let text = ([StagesFolder.title] + names).joined(separator: "\n") + "\n"
      try FileSystem.writeAtomically(Array(text.utf8), to: path + "/" + StagesFolder.listName)
    }
    return lock
  }
}
