import ShardifyCore

/// Finds the merges that can happen at all.
///
/// While the symbols inside a token's bytes merge, nothing outside can change their course without
/// taking one of them across the token's edge, and then the token is not made. So a token is made
/// by one pair only, the last of the merges of its own bytes, and one whose bytes do not merge to
/// it is never made. The other pairs (half of them, where merges were derived from ranks) only
/// fill the table.
struct PairPruner {
  /// Longer tokens keep all their pairs.
  private static let maxBytes = 64

  /// Merges that can happen, in the order given.
  private(set) var merges: [(left: TokenID, right: TokenID, rank: UInt32)] = []
  /// Whether the bytes of each id merge to it; shape [ids]. False for long tokens.
  private(set) var isExact: [Bool]

  /// `byteTokens`: the token of each byte, none missing.
  init(
    _ all: [(left: TokenID, right: TokenID, rank: UInt32)], merged: [TokenID], tokens: TokenTable,
    byteTokens: [TokenID]
  ) {
    isExact = [Bool](repeating: false, count: tokens.count)
    let pairs = PairTable(all)
    var made = [UInt64](repeating: .max, count: tokens.count)
    var keepsAll = [Bool](repeating: false, count: tokens.count)
    withUnsafeTemporaryAllocation(of: TokenID.self, capacity: Self.maxBytes * 2) { scratch in
      for id in 0..<tokens.count {
        let bytes = tokens.bytes(of: TokenID(id))
        keepsAll[id] = bytes.count > Self.maxBytes
        guard !bytes.isEmpty, !keepsAll[id] else { continue }
        for (index, byte) in bytes.enumerated() { scratch[index] = byteTokens[Int(byte)] }
        made[id] = Self.lastMerge(scratch, bytes.count, pairs, merged)
        isExact[id] = scratch[0] == TokenID(id) && made[id] != Self.unfinished
      }
    }
    for merge in all {
      let id = Int(merged[Int(merge.rank)])
      let pair = UInt64(merge.left) << 32 | UInt64(merge.right)
      if keepsAll[id] || isExact[id] && made[id] == pair { merges.append(merge) }
    }
  }

  private static let unfinished: UInt64 = .max - 1

  /// Merges symbols down to one in `symbols[0]` and returns the last pair; `unfinished` if more
  /// than one is left, all ones if there was but one.
  private static func lastMerge(
    _ symbols: UnsafeMutableBufferPointer<TokenID>, _ start: Int, _ pairs: PairTable,
    _ merged: [TokenID]
  ) -> UInt64 {
    var count = start
    let ranks = UnsafeMutableBufferPointer(rebasing: symbols[maxBytes...])
    for place in 0..<count - 1 { ranks[place] = pairs.rank(symbols[place], symbols[place + 1]) }
    var last = UInt64.max
    while count > 1 {
      var best = PairTable.none
      var place = 0
      for index in 0..<count - 1 where ranks[index] < best {
        best = ranks[index]
        place = index
      }
      if best == PairTable.none { return unfinished }
      last = UInt64(symbols[place]) << 32 | UInt64(symbols[place + 1])
      symbols[place] = merged[Int(best)]
      count -= 1
      for index in place + 1..<max(place + 1, count) {
        symbols[index] = symbols[index + 1]
        ranks[index] = ranks[index + 1]
      }
      if place + 1 < count { ranks[place] = pairs.rank(symbols[place], symbols[place + 1]) }
      if place > 0 { ranks[place - 1] = pairs.rank(symbols[place - 1], symbols[place]) }
    }
    return last
  }
}
