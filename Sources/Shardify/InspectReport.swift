import Balance
import ShardifyCore

/// What a store, dataset, run or shard holds.
public struct InspectReport: Sendable {
  /// A fact's value.
  enum Value: Sendable {
    case text(String)
    case number(Int)
  }

  /// `token store`, `dataset`, `run` or `shard`.
  public let kind: String
  /// The path as given.
  public let path: String
  private var facts: [(name: String, value: Value)] = []
  /// What is counted of each language, by its name.
  private let columns: [String]
  private var rows: [Row] = []

  /// A language, and the parts it is divided into.
  private struct Row {
    var tag: LanguageTag
    var counts: [Int]
    var parts: [(name: String, counts: [Int])]
  }

  /// - Parameter columns: The first is what languages are sorted by, the largest first.
  init(kind: String, path: String, columns: [String]) {
    self.kind = kind
    self.path = path
    self.columns = columns
  }

  mutating func add(_ name: String, _ value: Int) { facts.append((name, .number(value))) }

  mutating func add(_ name: String, _ value: String) { facts.append((name, .text(value))) }

  /// Adds a language with one count a column, and its parts.
  mutating func add(
    _ tag: LanguageTag, _ counts: [Int], parts: [(name: String, counts: [Int])] = []
  ) {
    rows.append(Row(tag: tag, counts: counts, parts: parts))
  }

  /// Whether a fact that a manifest keeps as text is a number of things; seeds and ids are not.
  private static func isCount(_ name: String) -> Bool {
    name.hasPrefix("documents_")
      || ["_tokens", "_count", "_size", "_bytes", "_shards"].contains { name.hasSuffix($0) }
  }

  private var sorted: [Row] {
    rows.sorted { $0.counts[0] != $1.counts[0] ? $0.counts[0] > $1.counts[0] : $0.tag < $1.tag }
  }

  /// For people: several lines, no newline after the last.
  public func text() -> String {
    var out = "\(kind) \(path)\n"
    let width = facts.reduce(0) { max($0, $1.name.utf8.count) }
    for (name, value) in facts {
      let padding = String(repeating: " ", count: width - name.utf8.count)
      let shown =
        switch value {
        case .text(let text): Self.isCount(name) ? Int(text).map(ReportTable.grouped) ?? text : text
        case .number(let number): ReportTable.grouped(number)
        }
      out += "  \(words(name))\(padding)  \(shown)\n"
    }
    var table = ReportTable(["language"] + columns.map(words) + ["share"])
    let total = rows.reduce(0) { $0 &+ $1.counts[0] }
    for row in sorted {
      // A language that no pattern concerns is one part, and its row says all of it.
      let parts = row.parts.map(\.name) == [SourceWeights.others] ? [] : row.parts
      for (name, counts) in [("\(row.tag)", row.counts)] + parts.map({ ("  " + $0, $1) }) {
        table.add(
          [name] + counts.map(ReportTable.grouped) + [ReportTable.percent(counts[0], of: total)])
      }
    }
    let lines = rows.isEmpty ? out : out + "\n" + table.text
    return String(lines.dropLast())
  }

  private func words(_ name: String) -> String {
    String(
      decoding: name.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
  }

  /// For machines: one JSON object on one line.
  public func json() -> String {
    var members = [("kind", ReportJSON.string(kind)), ("path", ReportJSON.string(path))]
    for (name, value) in facts {
      switch value {
      case .text(let text): members.append((name, ReportJSON.string(text)))
      case .number(let number): members.append((name, "\(number)"))
      }
    }
    let languages = sorted.map { row in
      let parts = row.parts.map { object("source", $0.name, $0.counts) }
      return ReportJSON.object(
        self.members("language", "\(row.tag)", row.counts)
          + (parts.isEmpty ? [] : [("parts", ReportJSON.array(parts))]))
    }
    return ReportJSON.object(members + [("languages", ReportJSON.array(languages))])
  }

  private func members(_ key: String, _ name: String, _ counts: [Int]) -> [(String, String)] {
    [(key, ReportJSON.string(name))] + zip(columns, counts).map { ($0, "\($1)") }
  }

  private func object(_ key: String, _ name: String, _ counts: [Int]) -> String {
    ReportJSON.object(members(key, name, counts))
  }
}
