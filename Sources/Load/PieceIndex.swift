import ShardifyCore

/// The pieces of a shard in token order, for looking up what a token belongs to.
///
/// A row takes 32 bytes; a shard of 100 million tokens has some 100,000 pieces.
public struct PieceIndex: Sendable {
  /// One piece.
  public struct Entry: Hashable, Sendable {
    /// Index of its language in `DatasetFacts.languages`.
    public var language: Int
    /// Its tokens, with the end-of-text id if it ends its document.
    public var tokenCount: Int
    /// Bytes of its text.
    public var byteCount: Int
    /// The content hash of its document.
    public var content: ContentHash
    /// Whether it is the first of its document.
    public var startsDocument: Bool
    /// Whether it is the last.
    public var endsDocument: Bool

    /// Joins the parts; see the properties.
    public init(
      language: Int, tokenCount: Int, byteCount: Int, content: ContentHash,
      startsDocument: Bool, endsDocument: Bool
    ) {
      self.language = language
      self.tokenCount = tokenCount
      self.byteCount = byteCount
      self.content = content
      self.startsDocument = startsDocument
      self.endsDocument = endsDocument
    }
  }

  /// The pieces, each made when it is asked for.
  public struct Entries: RandomAccessCollection, Sendable {
    fileprivate let rows: [Row]
    fileprivate let starts: [Int]

    public var startIndex: Int { 0 }
    public var endIndex: Int { rows.count }

    public subscript(place: Int) -> Entry {
      let row = rows[place]
      return Entry(
        language: Int(row.language), tokenCount: starts[place + 1] - starts[place],
        byteCount: Int(row.byteCount), content: row.content,
        startsDocument: row.flags & 1 != 0, endsDocument: row.flags & 2 != 0)
    }
  }

  /// A piece but for its tokens, which `starts` tells.
  fileprivate struct Row: Sendable {
    var content: ContentHash
    var byteCount: UInt32
    var language: UInt16
    var flags: UInt8
  }

  /// The pieces.
  public let entries: Entries
  /// The first token of each piece; shape [pieces + 1], the last is the shard's token count.
  public var starts: [Int] { entries.starts }

  /// Makes the table; nil if a count is negative or too large for a shard.
  public init?(_ entries: some Sequence<Entry>) {
    var starts = [0]
    var rows: [Row] = []
    starts.reserveCapacity(entries.underestimatedCount + 1)
    rows.reserveCapacity(entries.underestimatedCount)
    var total = 0
    for entry in entries {
      guard entry.tokenCount >= 0, entry.tokenCount <= SampleOrder.tokenLimit - total,
        let byteCount = UInt32(exactly: entry.byteCount),
        let language = UInt16(exactly: entry.language)
      else { return nil }
      total += entry.tokenCount
      starts.append(total)
      rows.append(
        Row(
          content: entry.content, byteCount: byteCount, language: language,
          flags: (entry.startsDocument ? 1 : 0) | (entry.endsDocument ? 2 : 0)))
    }
    self.entries = Entries(rows: rows, starts: starts)
  }

  /// Tokens in all pieces.
  public var tokens: Int { starts[entries.count] }

  /// Memory taken, about.
  public var sizeBytes: Int { entries.count * (MemoryLayout<Row>.stride + 8) }

  /// The piece that holds a token.
  ///
  /// - Parameter token: From 0, below `tokens`.
  /// - Complexity: O(log pieces).
  public func piece(at token: Int) -> Int {
    let starts = entries.starts
    var low = 0
    var high = entries.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= token { low = middle } else { high = middle }
    }
    return low
  }
}
