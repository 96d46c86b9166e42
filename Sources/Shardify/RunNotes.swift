import Manifest
import ShardifyCore

/// What a run notes of its store, so that the catalog can be rebuilt from runs alone: lines of
/// tab-separated fields, `docs/token-store.md`.
enum RunNotes {
  /// The notes of a new run.
  static func lines(
    store: TokenStore, units: [UnitRecord], rejects: [RejectRecord], finished: [Int]
  ) throws -> [String] {
    var lines = store.facts.rows.map { line(["fact", $0.key, $0.value]) }
    let named = Set(units.map(\.input) + rejects.map(\.input) + finished)
    for input in try store.catalog.inputs() where named.contains(input.number) {
      let done = input.isDone || finished.contains(input.number)
      lines.append(
        line([
          "input", "\(input.number)", input.name, input.options, "\(input.fileSizeBytes)",
          "\(input.modifiedNanoseconds)", done ? "1" : "0",
        ]))
    }
    for unit in units {
      lines.append(
        line([
          "unit", "\(unit.input)", "\(unit.unit)", "\(unit.bytes)", "\(unit.documents)",
          "\(unit.digest)",
        ]))
    }
    for reject in rejects {
      lines.append(
        line([
          "reject", "\(reject.input)", "\(reject.unit)", reject.reason, "\(reject.documents)",
          "\(reject.firstOffset)", reject.detail,
        ]))
    }
    return lines
  }

  /// The notes of a run merged from others: the facts once, then everything else in their order.
  static func merged(_ notes: [[String]]) -> [String] {
    let isFact = { (line: String) in line.hasPrefix("fact\t") }
    let facts = notes.first?.filter(isFact) ?? []
    return facts + notes.flatMap { $0.filter { !isFact($0) } }
  }

  private static func line(_ fields: [String]) -> String {
    fields.map(DatasetManifest.escaped).joined(separator: "\t")
  }
}
