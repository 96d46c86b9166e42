import Load
import ShardifyCore

/// Held-out text cut to windows of the model's length: what an evaluation runs over, every time
/// the same.
///
/// Pieces are packed one after another, each behind an end-of-text id and unable to see the others.
/// Every token of a piece is predicted once; a piece longer than a window goes on in the next with
/// the last token before it as its only context.
struct HoldoutWindows: Sendable {
  /// Tokens of one piece in one window.
  struct Segment: Sendable {
    /// Index of the language.
    var language: Int
    /// The first row, counted over all windows.
    var firstRow: Int
    /// Rows.
    var rows: Int
    /// Bytes of text these tokens stand for; pro rata where a piece is cut.
    var bytes: Double
  }

  let sequenceLength: Int
  private(set) var windows = 0
  /// [windows, sequenceLength]
  private(set) var ids: [TokenID] = []
  /// [windows, sequenceLength]
  private(set) var targets: [TokenID] = []
  /// [windows, sequenceLength]
  private(set) var attendFrom: [Int32] = []
  private(set) var segments: [Segment] = []

  /// Takes tokens of each language until its budget is used.
  ///
  /// - Parameters:
  ///   - budgets: Tokens wanted of each language.
  ///   - vocabularySize: Ids at or above this are refused.
  init(
    _ source: any TokenSource, shards: [ShardFacts], sequenceLength: Int, budgets: [Int],
    vocabularySize: Int, endOfTextID: TokenID, skipsBadShards: Bool
  ) throws(LoadFailure) {
    self.sequenceLength = sequenceLength
    var left = budgets
    for number in shards.indices {
      do throws(LoadFailure) {
        try add(
          try source.open(shard: number), source.name(ofShard: number), &left, vocabularySize,
          endOfTextID)
      } catch {
        if !skipsBadShards { throw error }
      }
    }
    closeWindow()
  }

  private mutating func add(
    _ shard: any TokenShard, _ name: String, _ left: inout [Int], _ vocabularySize: Int,
    _ endOfTextID: TokenID
  ) throws(LoadFailure) {
    let pieces = shard.pieces
    var piece = 0
    let frame = TokenBuffer()
    var carried: [TokenID] = []  // the start of a piece that goes on in the next frame
    for (index, extent) in shard.frames.enumerated() {
      let end = extent.firstToken + extent.tokenCount
      // A frame in which no language has budget left is not read.
      var last = piece
      var wanted = false
      while last < pieces.entries.count && pieces.starts[last] < end {
        let language = pieces.entries[last].language
        if left.indices.contains(language), left[language] > 0 { wanted = true }
        last += 1
      }
      guard wanted else {
        while piece < pieces.entries.count && pieces.starts[piece + 1] <= end { piece += 1 }
        carried = []
        continue
      }
      try shard.readFrame(index, into: frame)
      guard frame.count == extent.tokenCount, frame.ids.allSatisfy({ Int($0) < vocabularySize })
      else {
        throw LoadFailure(
          .corruptShard, "cannot read shard", path: name, found: "ids outside the vocabulary",
          expected: "below \(vocabularySize)", remedy: "run verify")
      }
      while piece < pieces.entries.count && pieces.starts[piece] < end {
        let entry = pieces.entries[piece]
        let from = max(pieces.starts[piece], extent.firstToken) - extent.firstToken
        let to = min(pieces.starts[piece + 1], end) - extent.firstToken
        carried += frame.ids[from..<to]
        if pieces.starts[piece + 1] > end { break }
        // A piece whose start was in a frame that was not read is left out.
        if carried.count == entry.tokenCount, left.indices.contains(entry.language),
          left[entry.language] > 0
        {
          let count = min(carried.count, left[entry.language])
          add(carried[..<count], entry, endOfTextID)
          left[entry.language] -= count
        }
        carried = []
        piece += 1
      }
    }
  }

  private mutating func add(
    _ tokens: ArraySlice<TokenID>, _ entry: PieceIndex.Entry, _ endOfTextID: TokenID
  ) {
    var previous = endOfTextID
    var rest = tokens
    while !rest.isEmpty {
      if ids.count % sequenceLength == 0 { windows += 1 }
      let place = ids.count % sequenceLength
      let count = min(rest.count, sequenceLength - place)
      segments.append(
        Segment(
          language: entry.language, firstRow: ids.count, rows: count,
          bytes: Double(entry.byteCount) * Double(count) / Double(entry.tokenCount)))
      for token in rest.prefix(count) {
        ids.append(previous)
        targets.append(token)
        attendFrom.append(Int32(place))
        previous = token
      }
      rest = rest.dropFirst(count)
    }
  }

  private mutating func closeWindow() {
    while ids.count % sequenceLength != 0 {
      ids.append(0)
      targets.append(GPT.ignoredTarget)
      attendFrom.append(Int32(ids.count % sequenceLength))
    }
  }
}
