/// Problems found, in order; beyond a limit they are only counted.
struct VerifyProblems: Sendable {
  /// Lines kept of one shard, and of all together.
  static let limitPerShard = 20
  static let limit = 200

  private(set) var lines: [String] = []
  private(set) var dropped = 0
  private let limit: Int

  init(limit: Int = VerifyProblems.limit) { self.limit = limit }

  /// Adds a line.
  mutating func add(_ line: String) {
    if lines.count < limit { lines.append(line) } else { dropped += 1 }
  }

  /// Adds what another list holds.
  mutating func add(_ other: VerifyProblems) {
    for line in other.lines { add(line) }
    dropped += other.dropped
  }

  /// Adds a line that says both values, if they differ.
  mutating func compare<Value: Equatable>(
    _ what: @autoclosure () -> String, found: Value, expected: Value
  ) {
    if found != expected { add("\(what()): \(found), expected \(expected)") }
  }

  /// The lines for the report, the last one counting the rest.
  var report: [String] {
    dropped == 0 ? lines : lines + ["and \(ReportTable.grouped(dropped)) more"]
  }
}
