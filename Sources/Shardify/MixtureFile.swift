import Balance
import Files
import ShardifyCore
import Yams

/// Reads `mixture.yaml`; `docs/mixture.md` has the schema.
///
/// Values are read from their text by this file's own rules, not by YAML's, which differ between
/// versions. Anchors and aliases are refused: they can make a small file large.
public enum MixtureFile {
  /// Files may have this many bytes.
  public static let limitBytes = 1 << 20

  /// Reads a file.
  ///
  /// - Throws: `FileFailure` if it cannot be read; `StageFailure` that names the line.
  public static func read(_ path: String) throws -> Mixture {
    try parse(try FileSystem.read(path, limitBytes: limitBytes), path: path)
  }

  /// Reads a file with its filters; paths in it are relative to its folder.
  ///
  /// - Throws: As `read`, and if a file that it names cannot be read.
  public static func readWithView(_ path: String) throws -> (mixture: Mixture, view: ViewOptions) {
    let reader = try reader(try FileSystem.read(path, limitBytes: limitBytes), path: path)
    return (try reader.mixture(), reader.view)
  }

  /// Reads the bytes of a file; `path` is for messages.
  ///
  /// - Throws: `options`, naming file and line; a file with filters or weights of sources too,
  ///   which mean nothing without a store.
  public static func parse(_ bytes: [UInt8], path: String) throws(StageFailure) -> Mixture {
    let reader = try reader(bytes, path: path)
    if let (key, line) = reader.firstViewKey {
      throw failure(
        path, line, found: "\(key)", expected: "no filters here",
        remedy: "filters are for shardify balance")
    }
    let mixture = try reader.mixture()
    if mixture.sourceWeights != nil {
      throw failure(
        path, nil, found: "source_weights", expected: "no weights of sources here",
        remedy: "they are for shardify balance")
    }
    return mixture
  }

  private static func reader(
    _ bytes: [UInt8], path: String
  ) throws(StageFailure) -> MixtureReader {
    let root = try root(bytes, path: path)
    guard case .mapping(let mapping)? = root else {
      throw failure(
        path, root?.mark?.line, found: root == nil ? "no content" : "no mapping",
        expected: "keys and values such as temperature: 3.33")
    }
    var reader = MixtureReader(path: path)
    for (key, value) in mapping { try reader.take(key, value) }
    return reader
  }

  /// The top of a file, nil if there is nothing in it.
  static func root(_ bytes: [UInt8], path: String) throws(StageFailure) -> Node? {
    guard bytes.count <= limitBytes, let text = String(validating: bytes, as: UTF8.self) else {
      throw failure(
        path, nil,
        found: bytes.count > limitBytes ? "\(bytes.count) bytes" : "bytes that are not UTF-8",
        expected: "at most \(limitBytes) bytes of UTF-8")
    }
    try refuseAliases(bytes, path)
    return try compose(text, path)
  }

  static func failure(
    _ path: String, _ line: Int?, found: String, expected: String? = nil, remedy: String? = nil
  ) -> StageFailure {
    StageFailure(
      .options, "cannot read mixture", path: line.map { "\(path) line \($0)" } ?? path,
      found: found, expected: expected, remedy: remedy)
  }

  private static func compose(_ text: String, _ path: String) throws(StageFailure) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw describe(error, path)
    } catch {
      throw failure(path, nil, found: "no YAML")
    }
  }

  private static func describe(_ error: YamlError, _ path: String) -> StageFailure {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      failure(path, mark.line, found: problem, expected: "YAML")
    case .duplicatedKeysInMapping(let duplicates, let context):
      failure(
        path, context.mark.line, found: "\(duplicates.sorted().joined(separator: ", ")) twice",
        expected: "every key once")
    case .reader(let problem, _, _, _): failure(path, nil, found: problem, expected: "YAML")
    default: failure(path, nil, found: "no YAML", expected: "YAML")
    }
  }

  /// No mixture needs anchors and aliases, and with them YAML can do too much. They are `&` or `*` where
  /// a word begins; inside a word, as in "*_Cyrl" with its quotes, both mean nothing.
  private static func refuseAliases(_ bytes: [UInt8], _ path: String) throws(StageFailure) {
    var line = 1
    var isComment = false
    var isWordStart = true
    for (place, byte) in bytes.enumerated() {
      let next = place + 1 < bytes.count ? bytes[place + 1] : UInt8(ascii: " ")
      switch byte {
      case UInt8(ascii: "\n"):
        line += 1
        isComment = false
      case UInt8(ascii: "#"): isComment = isComment || isWordStart
      case UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"):
        let isSign = byte == UInt8(ascii: "!") && next == UInt8(ascii: "=")
        guard isComment || !isWordStart || isSign else {
          throw failure(
            path, line, found: "an anchor, alias or tag", expected: "plain keys and values",
            remedy: "put quotes around patterns such as \"*_Cyrl\"")
        }
      default: break
      }
      isWordStart = " \t\r\n[{,:".utf8.contains(byte)
    }
  }
}
