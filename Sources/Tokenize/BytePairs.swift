import CSIMD
import ShardifyCore

/// What is known of each pair of bytes, so that most merges of a word's bytes are made at once.
///
/// A pair of bytes merges in the end if no other merge takes one of the two away before its turn.
/// What else could is told by the bytes beside it: a merge of something that ends in the byte before
/// with the first, or of the second with something that starts with the byte after. If the pair's
/// rank is below all of these, it may be merged at any time.
final class BytePairs: @unchecked Sendable {
  private static let none = UInt64(CSIMD_OUTSIDE)

  /// As `csimd_merges.byte_pairs`; shape [256 x 256].
  let pairs: UnsafeMutablePointer<UInt64>

  /// Takes all merges, each pair once and after those that make its parts, and the token of each
  /// byte. Nil if a byte's token is not that byte.
  init?(
    _ merges: [(left: TokenID, right: TokenID, rank: UInt32)], tokens: TokenTable,
    byteTokens: [TokenID]
  ) {
    for (byte, id) in byteTokens.enumerated() {
      guard Int(id) < tokens.count, tokens.bytes(of: id).elementsEqual([UInt8(byte)]) else {
        return nil
      }
    }
    pairs = HugePages.allocate(byteCount: 65536 * 8)
      .bindMemory(to: UInt64.self, capacity: 65536)
    pairs.update(repeating: Self.none | Self.none << 21 | Self.none << 42, count: 65536)
    for merge in merges {
      let (left, right) = (tokens.bytes(of: merge.left), tokens.bytes(of: merge.right))
      guard let last = left.last, let first = right.first else { continue }
      let place = Int(last) << 8 | Int(first)
      if left.count == 1 { lower(place, 42, merge.rank) }
      if right.count == 1 { lower(place, 21, merge.rank) }
      if left.count == 1 && right.count == 1 { lower(place, 0, merge.rank) }
    }
  }

  deinit { HugePages.free(pairs) }

  private func lower(_ place: Int, _ shift: UInt64, _ rank: UInt32) {
    let known = pairs[place] >> shift & Self.none
    if UInt64(rank) < known { pairs[place] ^= (known ^ UInt64(rank)) << shift }
  }
}
