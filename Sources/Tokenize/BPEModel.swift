import ShardifyCore

/// Byte-pair encoding: tokens, merges, and how a pretoken becomes its first symbols.
final class BPEModel: @unchecked Sendable {
  /// What the first symbols of a pretoken are.
  enum Symbols: Sendable { case bytes, characters }

  /// How the model treats what it has no token for, and other switches of the formats.
  struct Options: Sendable {
    /// The first symbols.
    var symbols = Symbols.bytes
    /// A pretoken that is a token is that token, whatever the merges say.
    var wholeFirst = false
    /// The id for a character without a token.
    var unknown: TokenID?
    /// Neighbouring unknown characters give one id.
    var fusesUnknown = false
    /// A character without a token becomes its bytes, `<0x00>` to `<0xFF>`; shape [256].
    var byteFallback: [TokenID]?
    /// What every symbol but the first of a pretoken starts with, in the vocabulary.
    var continuingPrefix: [UInt8] = []
    /// What the last symbol of a pretoken ends with, in the vocabulary.
    var wordSuffix: [UInt8] = []
    /// Ids from here on are no tokens, and become bytes or unknown; `Int.max` if there are none.
    var pieceCount = Int.max
    /// Texts that are symbols of their own and never merge, with their ids.
    var frozen: ByteTrie?
  }

  let options: Options
  /// Tokens by their text as merges see it.
  let tokens: TokenTable
  let pairs: PairTable
  /// The token that a rank makes; shape [ranks].
  let merged: UnsafeMutablePointer<TokenID>
  /// Ranks there are.
  let rankCount: Int
  /// What `merged` is over the rank, or -1 if that differs: 0 in `.tiktoken` files, 256 in most
  /// byte-level ones of Hugging Face.
  let rankOffset: Int
  /// When a rank's turn comes: ranks of equal priority go from left to right. Shape [ranks]; nil
  /// if it is the rank itself.
  let priorities: UnsafeMutablePointer<UInt32>?
  /// The token of each byte, or `TokenTable.none`; shape [256].
  let byteTokens: UnsafeMutablePointer<TokenID>
  /// The same for the last byte of a pretoken; differs where there is a word suffix.
  let lastByteTokens: UnsafeMutablePointer<TokenID>
  /// The rank of each pair of bytes, or `PairTable.none`; shape [256 x 256].
  let bytePairRanks: UnsafeMutablePointer<UInt32>
  /// The token of each character below U+10000, or `TokenTable.none`; shape [65536]. Nil where
  /// first symbols are bytes, or depend on their place.
  let characterTokens: UnsafeMutablePointer<TokenID>?
  /// What each character below U+10000 becomes where nothing around it reaches to it: a token, or
  /// `WordBatch.inBytes`; shape [65536]. Nil where `characterTokens` or `cuts` is.
  let singles: UnsafeMutablePointer<TokenID>?
  /// Whether all bytes have tokens.
  let hasAllBytes: Bool
  /// For encoding from left to right, where that is exact.
  let seams: SeamTables?
  /// The same where first symbols are characters, for words without two `▁` in a row.
  let characterSeams: SeamTables?
  /// For merging short pretokens, where `seams` is, and where first symbols are characters whose
  /// merges go by rank.
  let pairRanks: PairRanks?
  /// Whether `pairRanks` has the token that a pair makes in place of the rank, where the order is
  /// the same.
  let pairRanksAreIDs: Bool
  /// The pairs of bytes that surely merge; nil where first symbols are characters.
  let bytePairs: SurePairs?
  /// The same of characters.
  let characterPairs: CharacterPairs?
  /// For cutting long pretokens, where that changes nothing.
  let cuts: SafeCuts?
  /// Whether a pretoken may be a token that its bytes do not merge to.
  let hasUnmadeWholes: Bool
  /// Whether a pretoken found whole is the answer; shape [ids].
  let wholeIsExact: UnsafeMutablePointer<Bool>

  /// Takes the definition; ids in it must be in `tokens`. `tree`: how the tokens are made of
  /// bytes, `characterTree`: of characters, where the caller knows.
  init(
    options: Options, tokens: TokenTable,
    merges: [(left: TokenID, right: TokenID, rank: UInt32)], merged results: [TokenID],
    byteTokens bytes: [TokenID], lastByteTokens lastBytes: [TokenID],
    priorities order: [UInt32]? = nil, tree given: MergeTree? = nil,
    characterTree: MergeTree? = nil
  ) {
    self.options = options
    self.tokens = tokens
    hasAllBytes = !bytes.contains(TokenTable.none) && !lastBytes.contains(TokenTable.none)
    let canPrune = hasAllBytes && options.symbols == .bytes && options.wordSuffix.isEmpty
    var results = results
    var tree = given
    if canPrune && given == nil {
      tree = MergeTree(merges, merged: results, tokens: tokens, byteTokens: bytes)
      if order == nil { tree?.renumber(&results) }
    }
    if !canPrune { tree = nil }
    let table = tree?.table ?? PairTable(tree?.merges ?? merges)
    pairs = table
    seams =
      order != nil
      ? nil : tree.flatMap { SeamTables($0, tokens: tokens, wholeFirst: options.wholeFirst) }
    characterSeams = characterTree.flatMap {
      SeamTables($0, tokens: tokens, wholeFirst: false)
    }
    let hasLanes =
      seams != nil
      || options.symbols == .characters && options.continuingPrefix.isEmpty
        && options.wordSuffix.isEmpty && Self.tiesAreRuns(order, results, tokens)
    let distinct =
      !hasLanes
      ? [] : (tree?.merges ?? merges).filter { table.rank($0.left, $0.right) == $0.rank }
    pairRanksAreIDs = hasLanes && options.symbols == .characters && Self.idsRise(order, results)
    let numbers = pairRanksAreIDs ? results : nil
    pairRanks = hasLanes ? PairRanks(distinct, by: numbers) : nil
    bytePairs =
      seams != nil
      ? SurePairs(distinct, tokens: tokens, byteTokens: bytes) : nil
    characterTokens = Self.characterTokens(options, tokens)
    if hasLanes, let characterTokens {
      characterPairs = CharacterPairs(
        distinct, by: numbers, merged: results, tokens: tokens, characters: characterTokens,
        options: options)
    } else {
      characterPairs = nil
    }
    let isKnown = options.symbols == .characters || seams != nil
    cuts =
      !isKnown
      ? nil
      : Self.cuts(options, tokens) { id in
        options.wholeFirst || tree.map { $0.origins[id].rank != MergeTree.Origin.never } ?? true
      }
    hasUnmadeWholes =
      options.wholeFirst
      && tree.map { tree in
        (0..<tokens.count).contains {
          tree.origins[$0].rank == MergeTree.Origin.never && !tokens.bytes(of: TokenID($0)).isEmpty
        }
      } ?? true
    rankCount = results.count
    merged = .allocate(capacity: results.count + 1)
    for (rank, id) in results.enumerated() { merged[rank] = id }
    let offset = Int(results.first ?? 0)
    let isShifted = results.indices.allSatisfy { Int(results[$0]) == $0 + offset }
    rankOffset = isShifted ? offset : -1
    priorities = order.map { order in
      let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: order.count + 1)
      for (rank, priority) in order.enumerated() { copy[rank] = priority }
      return copy
    }
    byteTokens = .allocate(capacity: 256)
    lastByteTokens = .allocate(capacity: 256)
    for byte in 0..<256 {
      byteTokens[byte] = bytes[byte]
      lastByteTokens[byte] = lastBytes[byte]
    }
    bytePairRanks = .allocate(capacity: 65536)
    for left in 0..<256 {
      for right in 0..<256 {
        let known = bytes[left] != TokenTable.none && bytes[right] != TokenTable.none
        bytePairRanks[left << 8 | right] =
          known ? pairs.rank(bytes[left], bytes[right]) : PairTable.none
      }
    }
    singles = cuts == nil ? nil : characterTokens.map { Self.singles(options, $0) }
    wholeIsExact = .allocate(capacity: tokens.count + 1)
    wholeIsExact.initialize(repeating: options.wholeFirst, count: tokens.count + 1)
    if let tree, !options.wholeFirst {
      for (id, origin) in tree.origins.enumerated() {
        wholeIsExact[id] = origin.rank != MergeTree.Origin.never
      }
    }
  }

  /// Whether only tokens of nothing but `▁` share a priority with another.
  static func tiesAreRuns(
    _ priorities: [UInt32]?, _ merged: [TokenID], _ tokens: TokenTable
  ) -> Bool {
    guard let priorities else { return true }
    return priorities.indices.allSatisfy {
      !isTied($0, priorities) || MarkedWords.isRun(tokens.bytes(of: merged[$0]))
    }
  }

  /// What a token's id is over the number that `pairRanks` has for it, or -1 if that differs.
  var pairOffset: Int { pairRanksAreIDs ? 0 : rankOffset }

  /// Whether the tokens of ranks that share no priority are in the order of the ranks.
  private static func idsRise(_ priorities: [UInt32]?, _ merged: [TokenID]) -> Bool {
    var last = -1
    for (rank, id) in merged.enumerated() {
      if let priorities, isTied(rank, priorities) { continue }
      if Int(id) <= last { return false }
      last = Int(id)
    }
    return true
  }

  private static func isTied(_ rank: Int, _ priorities: [UInt32]) -> Bool {
    priorities[rank] != UInt32(rank)
      || rank + 1 < priorities.count && priorities[rank + 1] == priorities[rank]
  }

  private static func characterTokens(_ options: Options, _ tokens: TokenTable)
    -> UnsafeMutablePointer<TokenID>?
  {
    guard options.symbols == .characters, options.continuingPrefix.isEmpty,
      options.wordSuffix.isEmpty
    else { return nil }
    let table = UnsafeMutablePointer<TokenID>.allocate(capacity: 65536)
    table.initialize(repeating: TokenTable.none, count: 65536)
    for id in 0..<tokens.count {
      let bytes = tokens.bytes(of: TokenID(id))
      guard let base = bytes.baseAddress, bytes.count > 0, bytes.count < 4,
        UTF8Check.length(base, at: 0, end: bytes.count) == bytes.count
      else { continue }
      let scalar = UTF8Check.scalar(base, at: 0, length: bytes.count)
      table[Int(scalar)] = tokens.find(base, bytes.count, PieceHash.of(base, bytes.count))
    }
    return table
  }

  private static func singles(_ options: Options, _ characters: UnsafeMutablePointer<TokenID>)
    -> UnsafeMutablePointer<TokenID>
  {
    let table = UnsafeMutablePointer<TokenID>.allocate(capacity: 65536)
    for scalar in 0..<65536 {
      let id = characters[scalar]
      let isToken =
        id != TokenTable.none && Int(id) < options.pieceCount && id != options.unknown
      table[scalar] = isToken ? id : WordBatch.inBytes
    }
    return table
  }

  /// Nil where a symbol's id depends on its place, or on an unknown one before it.
  private static func cuts(
    _ options: Options, _ tokens: TokenTable, isWanted: (Int) -> Bool
  ) -> SafeCuts? {
    guard options.continuingPrefix.isEmpty, options.wordSuffix.isEmpty else { return nil }
    if options.symbols == .characters {
      guard let fallback = options.byteFallback, !options.wholeFirst else { return nil }
      if fallback.contains(TokenTable.none) { return nil }
      return SafeCuts(tokens) { _ in true }
    }
    return SafeCuts(tokens, isWanted: isWanted)
  }

  /// The token that a pair makes for which `pairRanks` has a number.
  @inline(__always)
  func token(ofPair number: Int) -> TokenID {
    pairOffset >= 0 ? TokenID(truncatingIfNeeded: number &+ pairOffset) : merged[number]
  }

  deinit {
    merged.deallocate()
    priorities?.deallocate()
    byteTokens.deallocate()
    lastByteTokens.deallocate()
    bytePairRanks.deallocate()
    characterTokens?.deallocate()
    singles?.deallocate()
    wholeIsExact.deallocate()
  }
}
