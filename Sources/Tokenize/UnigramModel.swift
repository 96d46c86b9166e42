import ShardifyCore

/// A unigram language model: pieces with scores; text becomes the best-scoring pieces.
///
/// Source: Kudo 2018 (arXiv:1804.10959).
final class UnigramModel: @unchecked Sendable {
  /// How the reference adds scores up: it decides near-ties.
  enum Arithmetic: Sendable {
    /// SentencePiece: sums are kept as Float.
    case single
    /// Hugging Face: Double throughout.
    case double
  }

  let arithmetic: Arithmetic
  let tokens: TokenTable
  let trie: DoubleArrayTrie
  /// Where walks through it start. Shapes as in `DoubleArrayTrie.Starts`.
  let firsts: UnsafeMutablePointer<UInt64>
  let seconds: UnsafeMutablePointer<UInt64>
  /// The nodes of each two ASCII characters; shape [128 x 128].
  let pairs: UnsafeMutablePointer<UInt64>
  /// Whether all scores are finite and all pieces are whole characters.
  let isRegular: Bool
  private let scoreTable: UnsafeMutableRawPointer
  /// Score of each id; shape [ids].
  let scores: UnsafeMutablePointer<Double>
  let unknownScore: Double
  let unknown: TokenID
  /// The tokens of bytes, for characters without a piece; or nil.
  let byteFallback: [TokenID]?
  /// The largest score by size.
  let largestScore: Double
  /// Whether no piece reaches across the place before a `▁`.
  let wordsAreApart: Bool
  /// Where else no piece reaches across.
  let cuts: SafeCuts

  /// `isPiece`: ids that text may become. `scores` are those the search uses.
  init(
    arithmetic: Arithmetic, tokens: TokenTable, scores values: [Double], unknownScore: Double,
    unknown: TokenID, byteFallback: [TokenID]?, isPiece: (Int) -> Bool
  ) {
    self.arithmetic = arithmetic
    self.tokens = tokens
    self.unknownScore = unknownScore
    self.unknown = unknown
    self.byteFallback = byteFallback
    trie = DoubleArrayTrie(tokens, where: isPiece)
    let starts = DoubleArrayTrie.Starts(trie)
    firsts = .allocate(capacity: 256)
    for (place, node) in starts.firsts.enumerated() { firsts[place] = node }
    seconds = .allocate(capacity: 1024)
    for (place, node) in starts.seconds.enumerated() { seconds[place] = node }
    pairs = .allocate(capacity: 128 * 128)
    for place in 0..<128 * 128 {
      let first = starts.firsts[place >> 7]
      pairs[place] = first == 0 ? 0 : trie.child(first, UInt8(place & 127))
    }
    isRegular =
      unknownScore.isFinite
      && (0..<tokens.count).allSatisfy { id in
        let bytes = UnsafeRawBufferPointer(tokens.bytes(of: TokenID(id)))
        return !isPiece(id)
          || values[id].isFinite && UTF8Check.firstError(bytes, 0..<bytes.count) == nil
      }
    wordsAreApart = MarkedWords.areApart(tokens, where: isPiece)
    cuts = SafeCuts(tokens, isWanted: isPiece)
    largestScore = values.reduce(abs(unknownScore)) { max($0, abs($1)) }
    // One before: see `UnigramWalker`.
    scoreTable = HugePages.allocate(byteCount: 8 * (values.count + 1))
    scores = scoreTable.bindMemory(to: Double.self, capacity: values.count + 1) + 1
    for (id, value) in values.enumerated() { scores[id] = value }
  }

  deinit {
    HugePages.free(scoreTable)
    firsts.deallocate()
    seconds.deallocate()
    pairs.deallocate()
  }
}
