import ShardifyCore

/// How each token is made: the one pair of tokens that merges to it, and the merge's rank.
///
/// While the symbols inside a token's bytes merge, nothing outside can change their course without
/// taking one of them across the token's edge, and then the token is not made. So a token is made
/// by one pair only, the last of the merges of its own bytes, and one whose bytes do not merge to
/// it is never made. The other pairs (half of them, where merges were derived from ranks) only
/// fill the table.
struct MergeTree {
  /// How a token is made.
  struct Origin: Equatable {
    var left = TokenTable.none
    var right = TokenTable.none
    /// The merge's rank; `atom` for bytes, `never` for tokens that no merges make.
    var rank = Origin.never

    static let atom: Int32 = -1
    static let never: Int32 = -2
  }

  /// Longer tokens are not looked into.
  static let maxBytes = 1000
  /// Symbols that may be looked at for tokens over 64 bytes, all together.
  private static let longBudget = 60_000_000

  /// Shape [ids].
  private(set) var origins: [Origin]
  /// Merges that can happen.
  private(set) var merges: [(left: TokenID, right: TokenID, rank: UInt32)] = []
  /// The table of `merges`, where it was made on the way.
  private(set) var table: PairTable?
  /// Whether every token was looked into.
  private(set) var isComplete = true

  /// The rank of each pair of bytes, which half of the pairs looked up are; shape [256 x 256].
  private var byteRanks = [UInt32](repeating: PairTable.none, count: 65536)
  private let bytesOf: TokenTable
  private let byteTokens: [TokenID]

  private init(_ tokens: TokenTable, _ byteTokens: [TokenID]) {
    bytesOf = tokens
    self.byteTokens = byteTokens
    origins = [Origin](repeating: Origin(), count: tokens.count)
  }

  /// From what is known already of each id.
  init(_ origins: [Origin], _ tokens: TokenTable) {
    self.init(tokens, [])
    self.origins = origins
  }

  /// From a list of merges; `merged`: the token each rank makes. `byteTokens`: the token of each
  /// byte, none missing.
  init(
    _ all: [(left: TokenID, right: TokenID, rank: UInt32)], merged: [TokenID], tokens: TokenTable,
    byteTokens: [TokenID]
  ) {
    self.init(tokens, byteTokens)
    let pairs = PairTable(all)
    noteByteRanks(all)
    var isUnknown = [Bool](repeating: false, count: tokens.count)
    var budget = Self.longBudget
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.maxBytes * 2) { scratch in
      for id in 0..<tokens.count {
        let count = tokens.bytes(of: TokenID(id)).count
        if count > 64 { budget -= count * count }
        if count > Self.maxBytes || count > 64 && budget < 0 {
          isUnknown[id] = true
          isComplete = false
        } else if count > 0 {
          let left = merge(id, scratch, pairs) { merged[Int($0)] }
          if left != 1 || scratch[0] != TokenID(id) { origins[id] = Origin() }
        }
      }
    }
    for merge in all {
      let id = Int(merged[Int(merge.rank)])
      let origin = origins[id]
      if isUnknown[id]
        || origin.rank >= 0 && origin.left == merge.left && origin.right == merge.right
      {
        merges.append(merge)
      }
    }
  }

  /// From tokens that are their own ranks, where any two tokens merge that spell a third.
  ///
  /// Goes through the tokens by rank: each is made by the two that the merges before it leave.
  /// Nil if that is not so for a token (then pairs of every rank have to be looked at).
  init?(ranks tokens: TokenTable, byteTokens: [TokenID]) {
    self.init(tokens, byteTokens)
    let pairs = PairTable(capacity: tokens.count)
    merges.reserveCapacity(tokens.count)
    var budget = Self.longBudget
    let isWhole = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.maxBytes * 2) {
      scratch in
      for id in 0..<tokens.count {
        let count = tokens.bytes(of: TokenID(id)).count
        if count == 0 { continue }
        if count > 64 { budget -= count * count }
        guard count <= Self.maxBytes, budget >= 0 else { return false }
        let left = merge(id, scratch, pairs) { TokenID($0) }
        if count == 1 { continue }
        guard left == 2 else { return false }
        origins[id] = Origin(left: scratch[0], right: scratch[1], rank: Int32(id))
        pairs.insert((scratch[0], scratch[1], UInt32(id)))
        if count == 2 {
          let bytes = tokens.bytes(of: TokenID(id))
          byteRanks[Int(bytes[0]) << 8 | Int(bytes[1])] = UInt32(id)
        }
        merges.append((scratch[0], scratch[1], UInt32(id)))
      }
      return true
    }
    guard isWhole else { return nil }
    table = pairs
  }

  /// Gives the merges that can happen ranks without gaps, in the same order; `merged`: the token
  /// each rank makes, before and after.
  ///
  /// Files that were made from ranks hold two merges for each token; without the idle ones a
  /// token's id is its rank and a constant again, and need not be looked up.
  mutating func renumber(_ merged: inout [TokenID]) {
    var newRanks = [Int32](repeating: Origin.never, count: merged.count)
    for merge in merges { newRanks[Int(merge.rank)] = 0 }
    var kept: [TokenID] = []
    for rank in newRanks.indices where newRanks[rank] == 0 {
      newRanks[rank] = Int32(kept.count)
      kept.append(merged[rank])
    }
    for place in merges.indices { merges[place].rank = UInt32(newRanks[Int(merges[place].rank)]) }
    for id in origins.indices where origins[id].rank >= 0 {
      origins[id].rank = newRanks[Int(origins[id].rank)]
    }
    merged = kept
  }

  /// Whether every merge comes after those that make its parts.
  var isMonotone: Bool {
    origins.allSatisfy { origin in
      origin.rank < 0
        || origin.rank > origins[Int(origin.left)].rank
          && origin.rank > origins[Int(origin.right)].rank
          && origins[Int(origin.left)].rank != Origin.never
          && origins[Int(origin.right)].rank != Origin.never
    }
  }

  private mutating func noteByteRanks(
    _ merges: [(left: TokenID, right: TokenID, rank: UInt32)]
  ) {
    var byteOf = [Int16](repeating: -1, count: bytesOf.count)
    for (byte, id) in byteTokens.enumerated() { byteOf[Int(id)] = Int16(byte) }
    for merge in merges {
      let (left, right) = (byteOf[Int(merge.left)], byteOf[Int(merge.right)])
      if left >= 0 && right >= 0 { byteRanks[Int(left) << 8 | Int(right)] = merge.rank }
    }
  }

  /// Merges the bytes of a token; notes the last merge as its origin, and returns how many symbols
  /// are left at the start of `symbols`.
  private mutating func merge(
    _ id: Int, _ symbols: UnsafeMutableBufferPointer<UInt32>, _ pairs: PairTable,
    _ result: (UInt32) -> TokenID
  ) -> Int {
    let bytes = bytesOf.bytes(of: TokenID(id))
    var count = bytes.count
    for index in 0..<count { symbols[index] = byteTokens[Int(bytes[index])] }
    if count == 1 {
      if symbols[0] == TokenID(id) { origins[id].rank = Origin.atom }
      return 1
    }
    let ranks = UnsafeMutableBufferPointer(rebasing: symbols[Self.maxBytes...])
    for place in 0..<count - 1 {
      ranks[place] = byteRanks[Int(bytes[place]) << 8 | Int(bytes[place + 1])]
    }
    while count > 1 {
      var best = PairTable.none
      var place = 0
      for index in 0..<count - 1 where ranks[index] < best {
        best = ranks[index]
        place = index
      }
      if best == PairTable.none { return count }
      if count == 2 {
        origins[id] = Origin(left: symbols[0], right: symbols[1], rank: Int32(best))
      }
      symbols[place] = result(best)
      count -= 1
      for index in place + 1..<max(place + 1, count) {
        symbols[index] = symbols[index + 1]
        ranks[index] = ranks[index + 1]
      }
      if place + 1 < count { ranks[place] = pairs.rank(symbols[place], symbols[place + 1]) }
      if place > 0 { ranks[place - 1] = pairs.rank(symbols[place - 1], symbols[place]) }
    }
    return 1
  }
}
