import ShardifyCore

/// What the verification of a token store found.
public struct StoreVerifyReport: Sendable {
  /// The store.
  public let path: String
  /// What is wrong, a clear line each; the last counts those that are not shown.
  public internal(set) var problems: [String] = []
  /// What is not wrong, but good to know.
  public internal(set) var notes: [String] = []
  /// Runs in which nothing is wrong.
  public internal(set) var runs = 0
  /// Tokens of the runs that were read.
  public internal(set) var tokens = 0
  /// Pieces of them.
  public internal(set) var pieces = 0
  /// Documents of them; copies in several runs are counted in each.
  public internal(set) var documents = 0

  init(path: String) { self.path = path }

  /// Whether nothing is wrong.
  public var isClean: Bool { problems.isEmpty }

  /// For people: several lines, no newline after the last.
  public func text() -> String {
    let read =
      "\(ReportTable.grouped(runs)) whole runs, \(ReportTable.grouped(tokens)) tokens,"
      + " \(ReportTable.grouped(pieces)) pieces, \(ReportTable.grouped(documents)) documents read"
    return read + "\n" + (isClean ? noted(["nothing is wrong"]) : problemText())
  }

  /// What is wrong and what to do: several lines, no newline after the last.
  public func problemText() -> String {
    let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
    return noted(problems.map { "problem: \($0)" } + ["\(count) found"])
  }

  private func noted(_ lines: [String]) -> String {
    (notes.map { "note: \($0)" } + lines).joined(separator: "\n")
  }

  /// For machines: one JSON object on one line.
  public func json() -> String {
    ReportJSON.object([
      ("kind", ReportJSON.string("store")), ("path", ReportJSON.string(path)),
      ("clean", isClean ? "true" : "false"), ("runs", "\(runs)"), ("tokens", "\(tokens)"),
      ("pieces", "\(pieces)"), ("documents", "\(documents)"),
      ("problems", ReportJSON.array(problems.map(ReportJSON.string))),
      ("notes", ReportJSON.array(notes.map(ReportJSON.string))),
    ])
  }
}
