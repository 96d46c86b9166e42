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
  /// The same pieces over characters, if these are well-formed and all scores can be Floats.
  let symbols: SymbolTrie?
  /// The id of each character of the basic plane by itself; nil if unknown ones become bytes. Shape
  /// [65536].
  let singles: UnsafeMutablePointer<TokenID>?
  /// Score of each id; shape [ids].
  let scores: UnsafeMutablePointer<Double>
  let unknownScore: Double
  let unknown: TokenID
  /// The tokens of bytes, for characters without a piece; or nil.
  let byteFallback: [TokenID]?
  /// The largest score by size.
  let largestScore: Double
  let hasPositiveScores: Bool
  /// Whether sums are kept as Float and all scores are such.
  let areFloats: Bool
  /// Whether no piece reaches across the place before a `▁`.
  let wordsAreApart: Bool
  /// Sums of a larger size start from zero again at the next character; see `UnigramEncoder.search`.
  let largestSum: Double
  /// Half a unit in the last place of the sums, relative.
  let rounding: Double
  /// Where else no piece reaches across.
  let cuts: SafeCuts

  /// `isPiece`: ids that text may become. `scores` are those the search uses.
  init(
    arithmetic: Arithmetic, tokens: TokenTable, scores values: [Double], unknownScore: Double,
    unknown: TokenID, byteFallback: [TokenID]?, isPiece: (Int) -> Bool
  ) {
    self.arithmetic = arithmetic
    largestSum = arithmetic == .single ? 100_000 : .infinity
    rounding = arithmetic == .single ? 0x1p-24 : 0x1p-53
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
    wordsAreApart = MarkedWords.areApart(tokens, where: isPiece)
    cuts = SafeCuts(tokens, isWanted: isPiece)
    largestScore = values.reduce(abs(unknownScore)) { max($0, abs($1)) }
    hasPositiveScores = unknownScore > 0 || values.contains { $0 > 0 }
    areFloats =
      arithmetic == .single && values.allSatisfy { Double(Float($0)) == $0 }
      && Double(Float(unknownScore)) == unknownScore
    scores = HugePages.allocate(byteCount: 8 * values.count)
      .bindMemory(to: Double.self, capacity: values.count)
    for (id, value) in values.enumerated() { scores[id] = value }
    let isRegular =
      largestScore < 1e30
      && (0..<tokens.count).allSatisfy { id in
        let bytes = UnsafeRawBufferPointer(tokens.bytes(of: TokenID(id)))
        return !isPiece(id)
          || values[id].isFinite && UTF8Check.firstError(bytes, 0..<bytes.count) == nil
      }
    singles = byteFallback == nil && isRegular ? .allocate(capacity: 1 << 16) : nil
    symbols =
      isRegular
      ? SymbolTrie(
        tokens, in: trie, scores: scores, unknown: unknown, unknownScore: unknownScore,
        isPiece: isPiece) : nil
    singles?.initialize(repeating: unknown, count: 1 << 16)
    for id in 0..<tokens.count where isPiece(id) && singles != nil {
      let bytes = tokens.bytes(of: TokenID(id))
      guard let base = bytes.baseAddress, bytes.count > 0, bytes.count < 4,
        UTF8Check.length(base, at: 0, end: bytes.count) == bytes.count
      else { continue }
      let scalar = UTF8Check.scalar(base, at: 0, length: bytes.count)
      // Of equal pieces the first counts.
      if singles?[Int(scalar)] == unknown { singles?[Int(scalar)] = TokenID(id) }
    }
  }

  deinit {
    singles?.deallocate()
    HugePages.free(scores)
    firsts.deallocate()
    seconds.deallocate()
  }
}
