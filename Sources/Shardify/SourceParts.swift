import Balance
import Manifest
import ShardifyCore
import Shards

/// Tells to which part of its language a document belongs, by the source of the copy that stays.
struct SourceParts: Sendable {
  /// The fact of plan and manifest that names the patterns of a divided dataset.
  static let fact = "source_patterns"

  /// The patterns; part p is of the sources that pattern p is the first to match, and the last part of
  /// those that none matches.
  let patterns: [String]
  /// The part of each source, by its number among a run's names; shape [runs][sources].
  private let parts: [[UInt8]]

  init(patterns: [String], runs: [RunReader]) {
    self.patterns = patterns
    let compiled = patterns.map { WildcardPattern($0) }
    parts = runs.map { run in
      run.names.sources.map { name in
        let bytes = Array(name.utf8)
        return UInt8(clamping: compiled.firstIndex { $0.matches(bytes) } ?? compiled.count)
      }
    }
  }

  /// The part of a source.
  func part(run: Int, source: Int) -> Int { Int(parts[run][source]) }

  /// What a cursor needs to walk one part.
  func selection(_ part: Int) -> SourceSelection {
    SourceSelection(parts: parts, wanted: UInt8(clamping: part))
  }

  /// The name of a part.
  func name(of part: Int) -> String { Self.name(of: part, patterns) }

  static func name(of part: Int, _ patterns: [String]) -> String {
    patterns.indices.contains(part) ? patterns[part] : SourceWeights.others
  }

  /// Refuses a pattern that decides about no source: as likely a slip as a language that is not there.
  func check(_ runs: [RunReader], store: String) throws(StageFailure) {
    for (part, pattern) in patterns.enumerated()
    where !parts.contains(where: { $0.contains(UInt8(clamping: part)) }) {
      let compiled = WildcardPattern(pattern)
      let names = Set(runs.flatMap { $0.names.sources.map { Array($0.utf8) } })
      let matched = names.filter { compiled.matches($0) }.min {
        $0.lexicographicallyPrecedes($1)
      }
      if let matched {
        let first = patterns.first { WildcardPattern($0).matches(matched) } ?? ""
        throw Self.failure(
          store, found: "--source-weight \(pattern) after \(first), which matches all that it does",
          expected: "a pattern that decides about a source",
          remedy: "the first that matches decides: put \(pattern) before \(first), or drop it")
      }
      throw Self.failure(
        store, found: "--source-weight \(pattern) matches no source",
        expected: "one of " + Self.shown(names),
        remedy: "shardify ingest --source-field names the field that sources are read from")
    }
  }

  private static func failure(
    _ store: String, found: String, expected: String, remedy: String
  ) -> StageFailure {
    StageFailure(
      .options, "cannot balance", path: store, found: found, expected: expected, remedy: remedy)
  }

  private static func shown(_ names: Set<[UInt8]>) -> String {
    let sorted = names.filter { !$0.isEmpty }.sorted { $0.lexicographicallyPrecedes($1) }
    if sorted.isEmpty { return "the store's sources, of which it has none" }
    let text = sorted.prefix(10).map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
    return sorted.count > 10 ? "\(text) and \(sorted.count - 10) more" : text
  }

  /// The patterns as a fact: a line each.
  static func text(_ patterns: [String]) -> String {
    patterns.map(DatasetManifest.escaped).joined(separator: "\n")
  }

  /// The patterns of a plan or manifest; nil of one that is not divided.
  static func patterns(_ fact: String?) -> [String]? {
    fact?.split(separator: "\n", omittingEmptySubsequences: false)
      .map { DatasetManifest.unescaped($0) }
  }
}
