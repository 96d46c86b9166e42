import ShardifyCore

/// The pieces of a shard in token order, for looking up what a token belongs to.
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

  /// The pieces.
  public let entries: [Entry]
  /// The first token of each piece; shape [pieces + 1], the last is the shard's token count.
  public let starts: [Int]

  /// Makes the table; nil if a count is negative or they add up to more than can be.
  public init?(_ entries: [Entry]) {
    var starts = [0]
    starts.reserveCapacity(entries.count + 1)
    var total = 0
    for entry in entries {
      guard entry.tokenCount >= 0, entry.byteCount >= 0, entry.language >= 0,
        entry.tokenCount <= SampleOrder.tokenLimit - total
      else { return nil }
      total += entry.tokenCount
      starts.append(total)
    }
    self.entries = entries
    self.starts = starts
  }

  /// Tokens in all pieces.
  public var tokens: Int { starts[entries.count] }

  /// The piece that holds a token.
  ///
  /// - Parameter token: From 0, below `tokens`.
  /// - Complexity: O(log pieces).
  public func piece(at token: Int) -> Int {
    var low = 0
    var high = entries.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= token { low = middle } else { high = middle }
    }
    return low
  }
}
