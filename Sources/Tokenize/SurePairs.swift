import CSIMD
import ShardifyCore

/// What is known of each pair of first symbols, so that most merges of a word are made at once.
///
/// A pair of first symbols merges in the end if no other merge takes one of the two away before its
/// turn. What else could is told by the symbols beside it: a merge of something that ends in the
/// one before with the first, or of the second with something that starts with the one after. If
/// the pair's rank is below all of these, it may be merged at any time; and at once with all other
/// such pairs, none of which has a symbol in common with it.
///
/// That is so where each merge of what the pair makes has a higher rank than the pair.
final class SurePairs: @unchecked Sendable {
  private static let none = UInt64(CSIMD_OUTSIDE)
  /// Numbers of first symbols are below.
  static let numberCount = 256

  /// As `csimd_merges.byte_pairs`; shape [256 x 256].
  let pairs: UnsafeMutablePointer<UInt64>

  init() {
    pairs = HugePages.allocate(byteCount: 65536 * 8)
      .bindMemory(to: UInt64.self, capacity: 65536)
    pairs.update(repeating: Self.none | Self.none << 21 | Self.none << 42, count: 65536)
  }

  deinit { HugePages.free(pairs) }

  /// Takes note of a merge: the last first symbol of its left part and the first of its right one,
  /// and whether these are all of them; `isSure`: whether no merge of what it makes comes earlier.
  func add(
    last: Int, isWhole isLeftWhole: Bool, first: Int, isWhole isRightWhole: Bool, rank: UInt32,
    isSure: Bool
  ) {
    let place = last << 8 | first
    if isLeftWhole { lower(place, 42, rank) }
    if isRightWhole { lower(place, 21, rank) }
    if isLeftWhole && isRightWhole && isSure { lower(place, 0, rank) }
  }

  private func lower(_ place: Int, _ shift: UInt64, _ rank: UInt32) {
    let known = pairs[place] >> shift & Self.none
    if UInt64(rank) < known { pairs[place] ^= (known ^ UInt64(rank)) << shift }
  }
}

extension SurePairs {
  /// Of bytes. Takes all merges, each pair once and after those that make its parts, and the token
  /// of each byte. Nil if a byte's token is not that byte.
  convenience init?(
    _ merges: [(left: TokenID, right: TokenID, rank: UInt32)], tokens: TokenTable,
    byteTokens: [TokenID]
  ) {
    self.init()
    for (byte, id) in byteTokens.enumerated() {
      guard Int(id) < tokens.count, tokens.bytes(of: id).elementsEqual([UInt8(byte)]) else {
        return nil
      }
    }
    for merge in merges {
      let (left, right) = (tokens.bytes(of: merge.left), tokens.bytes(of: merge.right))
      guard let last = left.last, let first = right.first else { continue }
      add(
        last: Int(last), isWhole: left.count == 1, first: Int(first), isWhole: right.count == 1,
        rank: merge.rank, isSure: true)
    }
  }
}
