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

  /// Takes tokens of each language until its budget is used, language after language.
  ///
  /// - Parameter budgets: Tokens wanted of each language; shape [languages].
  init(
    _ reader: HoldoutReader, sequenceLength: Int, budgets: [Int], endOfTextID: TokenID
  ) throws(LoadFailure) {
    self.sequenceLength = sequenceLength
    for (language, budget) in budgets.enumerated() where budget > 0 {
      var left = budget
      try reader.read(language: language) { piece in
        let count = min(piece.tokens.count, left)
        add(piece.tokens[..<count], piece, endOfTextID)
        left -= count
        return left > 0
      }
    }
    closeWindow()
  }

  /// The windows of one rank: those of all ranks are all windows, each once.
  func part(rank: Int, worldSize: Int) -> Range<Int> {
    (rank * windows / worldSize)..<((rank + 1) * windows / worldSize)
  }

  private mutating func add(
    _ tokens: ArraySlice<TokenID>, _ piece: HoldoutPiece, _ endOfTextID: TokenID
  ) {
    var previous = endOfTextID
    var rest = tokens
    while !rest.isEmpty {
      if ids.count % sequenceLength == 0 { windows += 1 }
      let place = ids.count % sequenceLength
      let count = min(rest.count, sequenceLength - place)
      segments.append(
        Segment(
          language: piece.language, firstRow: ids.count, rows: count,
          bytes: Double(piece.byteCount) * Double(count) / Double(piece.tokens.count)))
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
