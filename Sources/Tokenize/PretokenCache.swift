import CSIMD
import ShardifyCore

/// A cache from pretokens to their ids, of fixed size, for those that `PieceCache` does not take.
/// One per thread.
///
/// Sets of eight entries: a cache line of heads, which say which entry a pretoken may be, then the
/// entries, each the pretoken and its ids in three bytes each. In a full set an entry goes that was
/// not used since all were, so that pretokens seen once do not drive out those seen often. Results
/// never depend on it.
final class PretokenCache {
  /// Longer pretokens are not kept.
  static let maxKeyBytes = 84
  /// Pretokens of more ids are not kept.
  static let maxIDs = 32

  private static let ways = 8
  private static let headsBytes = 64
  /// A pretoken, its ids, and what reading them in fours may pass.
  private static let entryBytes = 120
  private static let setBytes = headsBytes + ways * entryBytes
  /// A head: 32 bits of the hash, bytes in 8, count of ids in 8, whether it was used.
  private static let tagMask: UInt64 = 0xFF_FFFF_FFFF
  private static let used: UInt64 = 1 << 48
  private let sets: UnsafeMutableRawPointer
  private let setCount: UInt64

  /// Makes an empty cache of `1 << bits` entries.
  init(bits: Int) {
    setCount = UInt64(max(1, (1 << bits) / Self.ways))
    // And what reading ids in fours may pass at the end.
    sets = HugePages.allocate(byteCount: Self.setBytes * Int(setCount) + 8)
  }

  deinit { HugePages.free(sets) }

  @inline(__always)
  private func set(_ hash: UInt64) -> UnsafeMutableRawPointer {
    sets + Int(truncatingIfNeeded: hash.multipliedFullWidth(by: setCount).high) &* Self.setBytes
  }

  @inline(__always)
  private func tag(_ hash: UInt64, _ count: Int) -> UInt64 {
    hash & 0xFFFF_FFFF | UInt64(truncatingIfNeeded: count) << 32
  }

  /// Asks for the memory that a search will read first.
  @inline(__always)
  func prefetch(_ hash: UInt64) { csimd_prefetch(set(hash)) }

  /// Writes the ids of a pretoken and returns how many, or 0 if it is not here. Room for `maxIDs` ids
  /// must be at `out`.
  @inline(__always)
  func find(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64,
    into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    let set = set(hash)
    let heads = set.assumingMemoryBound(to: UInt64.self)
    let tag = tag(hash, count)
    var way = 0
    while way < Self.ways {
      if heads[way] & Self.tagMask == tag {
        let entry = set + (Self.headsBytes &+ way &* Self.entryBytes)
        if PieceHash.equal(entry.assumingMemoryBound(to: UInt8.self), bytes, count) {
          if heads[way] & Self.used == 0 { heads[way] |= Self.used }
          let idCount = Int(heads[way] >> 40 & 0xFF)
          // Four bytes from one before the id, the first of which is not of it.
          let ids = entry + (count &- 1)
          for index in 0..<idCount {
            out[index] = ids.loadUnaligned(fromByteOffset: index &* 3, as: UInt32.self) >> 8
          }
          return idCount
        }
      }
      way &+= 1
    }
    return 0
  }

  /// Keeps the ids of a pretoken that is not here, at most `maxIDs` of at most `maxKeyBytes` bytes;
  /// not if both are many.
  @inline(__always)
  func insert(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64, _ ids: UnsafePointer<TokenID>,
    _ idCount: Int
  ) {
    guard count &+ 3 &* idCount <= Self.entryBytes else { return }
    let set = set(hash)
    let way = room(set.assumingMemoryBound(to: UInt64.self), hash)
    set.storeBytes(
      of: tag(hash, count) | UInt64(truncatingIfNeeded: idCount) << 40, toByteOffset: way &* 8,
      as: UInt64.self)
    let entry = set + (Self.headsBytes &+ way &* Self.entryBytes)
    entry.copyMemory(from: bytes, byteCount: count)
    var at = count
    for index in 0..<idCount {
      entry.storeBytes(
        of: UInt16(truncatingIfNeeded: ids[index]), toByteOffset: at, as: UInt16.self)
      entry.storeBytes(
        of: UInt8(truncatingIfNeeded: ids[index] >> 16), toByteOffset: at &+ 2, as: UInt8.self)
      at &+= 3
    }
  }

  /// The entry that an insertion overwrites: an empty one, else one that was not used.
  @inline(__always)
  private func room(_ heads: UnsafeMutablePointer<UInt64>, _ hash: UInt64) -> Int {
    let start = Int(truncatingIfNeeded: hash)
    var unused = -1
    for step in 0..<Self.ways {
      let way = (start &+ step) & (Self.ways &- 1)
      if heads[way] == 0 { return way }
      if unused < 0 && heads[way] & Self.used == 0 { unused = way }
    }
    if unused >= 0 { return unused }
    for way in 0..<Self.ways { heads[way] &= ~Self.used }
    return start & (Self.ways &- 1)
  }
}
