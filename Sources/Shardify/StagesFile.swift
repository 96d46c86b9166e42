import Files
import ShardifyCore
import Yams

/// Reads the stages of a mixture file: the key `stages`, a list of mappings; `docs/stages.md`.
///
/// The other keys of the file hold for every stage that does not name them itself; a stage that
/// names a policy takes none over.
public enum StagesFile {
  /// A curriculum may have this many.
  static let limit = 1000

  /// Reads a file; nil if it has no key `stages` and so is a single mixture.
  ///
  /// - Throws: `FileFailure` if it cannot be read; `options` that names the line.
  public static func read(_ path: String) throws -> [MixtureStage]? {
    try parse(try FileSystem.read(path, limitBytes: MixtureFile.limitBytes), path: path)
  }

  /// Reads the bytes of a file; `path` is for messages.
  public static func parse(
    _ bytes: [UInt8], path: String
  ) throws(StageFailure) -> [MixtureStage]? {
    guard case .mapping(let root)? = try MixtureFile.root(bytes, path: path) else { return nil }
    var shared: [(Node, Node)] = []
    var list: Node?
    for (key, value) in root {
      if key.scalar?.string == "stages" { list = value } else { shared.append((key, value)) }
    }
    guard let list else { return nil }
    guard case .sequence(let items) = list, !items.isEmpty, items.count <= limit else {
      throw MixtureFile.failure(
        path, list.mark?.line, found: "stages that are no list",
        expected: "a list of 1 to \(limit) mixtures")
    }
    var stages: [MixtureStage] = []
    for (number, item) in items.enumerated() {
      let stage = try stage(item, number, shared, path)
      if stages.contains(where: { $0.name == stage.name }) {
        throw MixtureFile.failure(
          path, item.mark?.line, found: "two stages named \(stage.name)",
          expected: "a name for each")
      }
      stages.append(stage)
    }
    return stages
  }

  /// Reads the filters of a file with stages: they are beside `stages` and hold for all of them.
  ///
  /// - Throws: As `read`, and if a file that it names cannot be read.
  public static func readView(_ path: String) throws -> ViewOptions {
    let bytes = try FileSystem.read(path, limitBytes: MixtureFile.limitBytes)
    var reader = MixtureReader(path: path)
    guard case .mapping(let root)? = try MixtureFile.root(bytes, path: path) else {
      return reader.view
    }
    for (key, value) in root where MixtureReader.viewKeys.contains(key.scalar?.string ?? "") {
      try reader.take(key, value)
    }
    return reader.view
  }

  private static func stage(
    _ item: Node, _ number: Int, _ shared: [(Node, Node)], _ path: String
  ) throws(StageFailure) -> MixtureStage {
    guard case .mapping(let own) = item else {
      throw MixtureFile.failure(
        path, item.mark?.line, found: "stage \(number) is no mapping", expected: "keys and values")
    }
    var name = MixtureStage.defaultName(number)
    var shardCount: Int?
    var reader = MixtureReader(path: path)
    let keys = own.map { $0.key.scalar?.string ?? "" }
    let hasPolicy = keys.contains { MixtureReader.policyKeys.contains($0) }
    for (key, value) in shared {
      let word = key.scalar?.string ?? ""
      if MixtureReader.viewKeys.contains(word) { continue }
      if keys.contains(word) || hasPolicy && MixtureReader.policyKeys.contains(word) { continue }
      try reader.take(key, value)
    }
    for (key, value) in own {
      switch key.scalar?.string {
      case "name":
        name = value.scalar?.string ?? ""
        guard MixtureStage.isName(name) else {
          throw MixtureFile.failure(
            path, value.mark?.line, found: "the name \(name.debugDescription)",
            expected: "small letters, digits, . _ and -, and not a name that datasets use")
        }
      case "shards":
        shardCount = value.scalar.flatMap { Int($0.string) }
        guard let count = shardCount, (1...99_999).contains(count) else {
          throw MixtureFile.failure(
            path, value.mark?.line, found: "shards \(value.scalar?.string ?? "of no number")",
            expected: "from 1 to 99999")
        }
      default: try reader.take(key, value)
      }
    }
    if let (key, line) = reader.firstViewKey {
      throw MixtureFile.failure(
        path, line, found: "\(key) in a stage", expected: "filters beside stages, for all of them",
        remedy: "move it there, or balance --continue with other filters")
    }
    return MixtureStage(name: name, mixture: try reader.mixture(), shardCount: shardCount)
  }
}
