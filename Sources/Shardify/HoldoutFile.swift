import Files
import Manifest
import ShardifyCore

/// `holdout.tsv` of a token store: what is held out beyond the rank, so that it stays held out if
/// the catalog is lost. No run tells it.
enum HoldoutFile {
  static let name = "holdout.tsv"
  /// Bytes it may have.
  static let limitBytes = 256 << 20
  private static let title = "shardify holdout v1"

  /// Writes the file, if it says something else.
  static func write(_ holdout: [LanguageTag: Set<ContentHash>], store: String) throws {
    var lines = [title]
    for (tag, contents) in holdout.sorted(by: { $0.key < $1.key }) {
      for content in contents.sorted() { lines.append("\(tag)\t\(content)") }
    }
    let text = Array((lines.joined(separator: "\n") + "\n").utf8)
    let path = store + "/" + name
    let old =
      FileSystem.status(path) == nil
      ? nil : try FileSystem.read(path, limitBytes: limitBytes)
    if old != text { try FileSystem.writeAtomically(text, to: path) }
  }

  /// Reads the file; nil if it is not there.
  static func read(
    store: String
  ) throws -> [(language: LanguageTag, content: ContentHash)]? {
    let path = store + "/" + name
    guard FileSystem.status(path) != nil else { return nil }
    let bytes = try FileSystem.read(path, limitBytes: limitBytes)
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard let first = lines.first, first == title else {
      throw failure(path, 1, lines.first ?? "", title)
    }
    var rows: [(language: LanguageTag, content: ContentHash)] = []
    for (number, line) in lines.enumerated().dropFirst() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 2, let tag = LanguageTag(fields[0]),
        let content = ContentHash(hex: fields[1])
      else { throw failure(path, number + 1, line, "a language tag and a content hash") }
      rows.append((tag, content))
    }
    return rows
  }

  private static func failure(
    _ path: String, _ line: Int, _ found: Substring, _ expected: String
  ) -> StageFailure {
    StageFailure(
      .damaged, "cannot read held-out documents", path: "\(path) line \(line)",
      found: String(found.prefix(60)).debugDescription, expected: expected,
      remedy: "put the file back, or move it away: documents are then picked anew")
  }
}
