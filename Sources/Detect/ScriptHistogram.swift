import ShardifyCore

/// How many letters a text has of each script.
public struct ScriptHistogram: Sendable, Equatable {
  /// A script and its letters and marks, in code points.
  public struct Row: Sendable, Equatable {
    public var script: ScriptTag
    public var letters: UInt64
  }

  /// The scripts that occur, most letters first, ties by tag. As ICU names them: Hani, Hira, Hang.
  /// Letters of no known script stand under Zzzz.
  public let rows: [Row]
  /// All letters and marks.
  public let letters: UInt64
  /// Characters that only simplified Chinese uses.
  public let simplifiedHan: UInt64
  /// Characters that only traditional Chinese uses.
  public let traditionalHan: UInt64
  /// Code points of private use.
  public let privateUse: UInt64
  /// Code points that the ICU in use does not know.
  public let unassigned: UInt64
  /// Bytes that are not UTF-8.
  public let invalidBytes: UInt64

  init(_ counter: ScriptCounter) {
    var rows: [Row] = []
    for (code, name) in counter.table.names.enumerated() where counter.counts[code] != 0 {
      if let known = rows.firstIndex(where: { $0.script == name }) {
        rows[known].letters += counter.counts[code]
      } else {
        rows.append(Row(script: name, letters: counter.counts[code]))
      }
    }
    self.rows = rows.sorted { ($1.letters, $0.script) < ($0.letters, $1.script) }
    letters = rows.reduce(0) { $0 + $1.letters }
    simplifiedHan = counter.simplified
    traditionalHan = counter.traditional
    privateUse = counter.privateUse
    unassigned = counter.unassigned
    invalidBytes = counter.invalidBytes
  }
}
