import ShardifyCore

/// The names a run's piece tables refer to by number.
public struct RunNames: Sendable, Equatable {
  /// Source names, sorted by bytes; number 0 is the empty name.
  public var sources: [String]
  /// The numeric columns, in the order the store was made with.
  public var numberColumns: [String]
  /// What a catalog can be rebuilt from: the store's facts and the units in the run, a line each.
  public var notes: [String]

  /// Makes the names.
  public init(
    sources: [String] = [""], numberColumns: [String] = [], notes: [String] = []
  ) {
    self.sources = sources
    self.numberColumns = numberColumns
    self.notes = notes
  }

  func encode() -> [UInt8] {
    var out: [UInt8] = []
    for list in [sources, numberColumns, notes] {
      out.appendLittleEndian(UInt32(list.count))
      for name in list { out.appendLengthPrefixed(name) }
    }
    return out
  }

  static func decode(_ payload: UnsafeRawBufferPointer) -> RunNames? {
    var reader = ByteReader(payload)
    func list() -> [String]? {
      guard let count = reader.read(UInt32.self), Int(count) <= reader.remaining / 4 else {
        return nil
      }
      var names: [String] = []
      for _ in 0..<count {
        guard let name = reader.readLengthPrefixed() else { return nil }
        names.append(name)
      }
      return names
    }
    guard let sources = list(), !sources.isEmpty, let columns = list(), columns.count <= 64,
      let notes = list(), reader.remaining == 0
    else { return nil }
    return RunNames(sources: sources, numberColumns: columns, notes: notes)
  }
}
