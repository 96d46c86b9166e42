import ShardifyCore

/// What a repair did.
public struct RepairReport: Sendable {
  /// `dataset` or `store`.
  public var kind: String
  /// The file that was made anew, or found whole.
  public var path: String
  /// Whether there was nothing to do.
  public var isWhole = false
  /// Where the file that was there before is kept; nil if there was none.
  public var keptPath: String?
  /// What was read: shards or runs.
  public var files = 0
  /// Tokens in them.
  public var tokens = 0
  /// The dataset's fingerprint; nil of a store.
  public var fingerprint: String?
  /// What could not be made anew, or is to be known.
  public var notes: [String] = []

  /// For people: several lines, no newline after the last.
  public func text() -> String {
    var lines: [String] = []
    let unit = kind == "store" ? "runs" : "shards"
    let read = "\(ReportTable.grouped(files)) \(unit), \(ReportTable.grouped(tokens)) tokens"
    lines.append(isWhole ? "\(path) is whole: nothing to repair" : "made \(path) from \(read)")
    if let keptPath { lines.append("the file that was there is kept as \(keptPath)") }
    if let fingerprint { lines.append("fingerprint \(fingerprint)") }
    lines += notes.map { "note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// For machines: one JSON object on one line.
  public func json() -> String {
    ReportJSON.object([
      ("kind", ReportJSON.string(kind)), ("path", ReportJSON.string(path)),
      ("whole", isWhole ? "true" : "false"),
      ("kept_path", keptPath.map(ReportJSON.string) ?? "null"),
      ("files", "\(files)"), ("tokens", "\(tokens)"),
      ("fingerprint", fingerprint.map(ReportJSON.string) ?? "null"),
      ("notes", ReportJSON.array(notes.map(ReportJSON.string))),
    ])
  }
}
