import Balance
import ShardifyCore

/// How two plans or datasets differ: languages that came, went or changed, and settings.
public struct PlanDifference: Sendable {
  let a: PlanSnapshot
  let b: PlanSnapshot

  /// One language in either of the two.
  struct Row {
    var tag: LanguageTag
    var a: PlanSnapshot.Language?
    var b: PlanSnapshot.Language?
    var shareA: Double
    var shareB: Double

    var isSame: Bool { a?.quota == b?.quota && a?.available == b?.available && a?.rule == b?.rule }
    var change: String {
      a == nil ? "appears" : b == nil ? "vanishes" : isSame ? "same" : "changes"
    }
  }

  /// Reads both; each is a dataset's folder, a manifest, a `plan.txt`, or the output of
  /// `balance --dry-run --json`.
  public init(_ a: String, _ b: String) throws {
    self.a = try PlanSnapshot.read(a)
    self.b = try PlanSnapshot.read(b)
  }

  /// The largest change of share first, ties by tag.
  var rows: [Row] {
    let (budgetA, budgetB) = (Double(max(1, a.budget)), Double(max(1, b.budget)))
    return Set(a.languages.keys).union(b.languages.keys).map { tag in
      let (inA, inB) = (a.languages[tag], b.languages[tag])
      return Row(
        tag: tag, a: inA, b: inB, shareA: Double(inA?.quota ?? 0) / budgetA,
        shareB: Double(inB?.quota ?? 0) / budgetB)
    }.sorted { x, y in
      let (changeX, changeY) = ((x.shareB - x.shareA).magnitude, (y.shareB - y.shareA).magnitude)
      return changeX != changeY ? changeX > changeY : x.tag < y.tag
    }
  }

  /// Settings that both know and that differ, by name.
  var settings: [(name: String, a: String, b: String)] {
    a.settings.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { name in
      guard let inA = a.settings[name], let inB = b.settings[name], inA != inB else { return nil }
      return (name, inA, inB)
    }
  }

  /// Whether nothing differs.
  public var isEmpty: Bool { settings.isEmpty && rows.allSatisfy(\.isSame) }

  /// For people: several lines, no newline after the last.
  public func text() -> String {
    var lines = [
      "A: \(a.path) (\(a.kind), \(a.languages.count) languages, "
        + "\(ReportTable.grouped(a.budget)) tokens)",
      "B: \(b.path) (\(b.kind), \(b.languages.count) languages, "
        + "\(ReportTable.grouped(b.budget)) tokens)",
    ]
    for (name, inA, inB) in settings {
      lines += ["\(name): A \(Self.shown(inA))", "\(Self.blank(name)): B \(Self.shown(inB))"]
    }
    let rows = rows
    let changed = rows.filter { !$0.isSame }
    if !changed.isEmpty {
      var table = ReportTable([
        "language", "share A", "share B", "change", "quota A", "quota B", "epochs A", "epochs B",
        "bound by",
      ])
      for row in changed { table.add(Self.cells(row)) }
      lines += ["", String(table.text.dropLast())]
    }
    let same = rows.count - changed.count
    if same > 0 { lines.append("\(same) language\(same == 1 ? "" : "s") the same in both") }
    if isEmpty { lines.append("no difference") }
    return lines.joined(separator: "\n")
  }

  private static func cells(_ row: Row) -> [String] {
    func share(_ value: Double, _ there: Bool) -> String {
      there ? ReportTable.fixed(100 * value, places: 4) + "%" : "-"
    }
    func quota(_ language: PlanSnapshot.Language?) -> String {
      language.map { ReportTable.grouped($0.quota) } ?? "-"
    }
    func epochs(_ language: PlanSnapshot.Language?) -> String {
      language.map { ReportTable.fixed($0.epochs, places: 2) } ?? "-"
    }
    let points = 100 * (row.shareB - row.shareA)
    let rule =
      switch (row.a?.rule, row.b?.rule) {
      case (let a?, let b?): a == b ? a : "\(a) -> \(b)"
      case (nil, let b?): "appears: \(b)"
      case (let a?, nil): "vanishes: \(a)"
      case (nil, nil): ""
      }
    return [
      "\(row.tag)", share(row.shareA, row.a != nil), share(row.shareB, row.b != nil),
      (points > 0 ? "+" : "") + ReportTable.fixed(points, places: 4), quota(row.a), quota(row.b),
      epochs(row.a), epochs(row.b), rule,
    ]
  }

  private static func shown(_ value: String) -> String {
    let line = value.split(separator: "\n").joined(separator: "; ")
    if line.isEmpty { return "none" }
    return line.utf8.count > 400 ? String(line.unicodeScalars.prefix(400)) + "..." : line
  }

  private static func blank(_ text: String) -> String {
    String(repeating: " ", count: text.utf8.count)
  }

  /// One JSON object on one line.
  public func json() -> String {
    func language(_ language: PlanSnapshot.Language?, _ share: Double) -> String {
      guard let language else { return "null" }
      return ReportJSON.object([
        ("documents", "\(language.documents)"), ("available", "\(language.available)"),
        ("quota", "\(language.quota)"), ("share", ReportJSON.number(share)),
        ("effective_epochs", ReportJSON.number(language.epochs)),
        ("binding_rule", ReportJSON.string(language.rule)),
      ])
    }
    func side(_ snapshot: PlanSnapshot) -> String {
      ReportJSON.object([
        ("path", ReportJSON.string(snapshot.path)), ("kind", ReportJSON.string(snapshot.kind)),
        ("languages", "\(snapshot.languages.count)"), ("budget", "\(snapshot.budget)"),
      ])
    }
    return ReportJSON.object([
      ("a", side(a)), ("b", side(b)), ("is_same", "\(isEmpty)"),
      (
        "settings",
        ReportJSON.array(
          settings.map { name, inA, inB in
            ReportJSON.object([
              ("name", ReportJSON.string(name)), ("a", ReportJSON.string(inA)),
              ("b", ReportJSON.string(inB)),
            ])
          })
      ),
      (
        "languages",
        ReportJSON.array(
          rows.sorted { $0.tag < $1.tag }.map { row in
            ReportJSON.object([
              ("language", ReportJSON.string("\(row.tag)")),
              ("change", ReportJSON.string(row.change)), ("a", language(row.a, row.shareA)),
              ("b", language(row.b, row.shareB)),
            ])
          })
      ),
    ])
  }
}
