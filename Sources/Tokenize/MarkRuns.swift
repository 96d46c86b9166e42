import ShardifyCore

/// Merges runs of `▁` where all merges of such have one priority, after those of all others.
///
/// The leftmost pair merges first, so that a symbol is pushed and merges with what is there already
/// as long as it can. Of `▁▁▁abc`, all but the run is merged first, as `▁abc` is without the marks
/// before; where that leaves its `▁` alone, this belongs to the run, of which nothing merges with
/// what follows.
///
/// Llama 2 and Mistral have such pieces, for the indentation of code.
struct MarkRuns {
  /// Pieces of more are in no known vocabulary.
  private static let mostMarks = 64

  /// The token of a run of each length; shape [marks].
  private var ids: [TokenID]
  /// Whether two runs merge; shape [marks x marks].
  private var merges = [Bool](repeating: false, count: mostMarks * mostMarks)

  /// Nil if runs do not merge so. Takes a model in which no token has a `▁` after another character.
  init?(_ model: BPEModel) {
    guard let priorities = model.priorities, let characters = model.characterTokens,
      model.options.frozen == nil, case let mark = characters[0x2581],
      mark != TokenTable.none, Int(mark) < model.options.pieceCount, mark != model.options.unknown
    else { return nil }
    ids = [TokenID](repeating: TokenTable.none, count: Self.mostMarks)
    ids[1] = mark
    var last: UInt32 = 0
    var ofRuns: UInt32?
    for rank in 0..<model.rankCount {
      let bytes = model.tokens.bytes(of: model.merged[rank])
      let priority = priorities[rank]
      if let base = bytes.baseAddress, MarkedWords.startsWithTwo(base, bytes.count) {
        guard MarkedWords.isRun(bytes), bytes.count < Self.mostMarks * 3,
          ofRuns == nil || ofRuns == priority
        else { return nil }
        ofRuns = priority
        ids[bytes.count / 3] = model.merged[rank]
      } else {
        last = max(last, priority)
      }
    }
    guard let ofRuns, ofRuns > last else { return nil }
    for left in ids.indices where ids[left] != TokenTable.none {
      for right in ids.indices where ids[right] != TokenTable.none {
        let rank = model.pairs.rank(ids[left], ids[right])
        if rank == PairTable.none { continue }
        guard left + right < ids.count, model.merged[Int(rank)] == ids[left + right] else {
          return nil
        }
        merges[left * Self.mostMarks + right] = true
      }
    }
  }

  var mark: TokenID { ids[1] }

  /// Writes the ids of a run, at most one a mark; returns how many.
  func encode(_ marks: Int, into out: UnsafeMutablePointer<TokenID>) -> Int {
    // Lengths first, for which there is room where the ids go.
    merges.withUnsafeBufferPointer { merges in
      var top = -1
      for _ in 0..<marks {
        var length = 1
        while top >= 0, merges[Int(out[top]) &* Self.mostMarks &+ length] {
          length &+= Int(out[top])
          top &-= 1
        }
        top &+= 1
        out[top] = TokenID(truncatingIfNeeded: length)
      }
      for index in 0..<top &+ 1 { out[index] = ids[Int(out[index])] }
      return top &+ 1
    }
  }
}
