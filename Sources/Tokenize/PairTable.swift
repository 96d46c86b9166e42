import CSIMD
import ShardifyCore

/// Which pairs of tokens merge, and at what rank: open addressing, one word a pair.
final class PairTable: @unchecked Sendable {
  /// No rank has this value.
  static let none: UInt32 = (1 << 21) - 1

  private let slots: UnsafeMutablePointer<UInt64>
  /// A bit for each eighth of a slot, set where a pair of the table falls: most pairs that are
  /// asked for do not merge, and the bits stay in the cache when the slots do not.
  private let filter: UnsafeMutablePointer<UInt64>
  private let shift: UInt64
  private let mask: Int
  /// Pairs in the table.
  private(set) var count = 0

  /// Takes pairs with ranks below `none`. Of a pair that stands twice, the last rank stays, as
  /// the reference has it.
  convenience init(_ pairs: [(left: TokenID, right: TokenID, rank: UInt32)]) {
    self.init(capacity: pairs.count)
    for pair in pairs { insert(pair) }
  }

  /// An empty table with room for so many pairs.
  init(capacity: Int) {
    var bits: UInt64 = 10
    while 1 << bits < capacity + capacity / 4 { bits += 1 }
    shift = 64 - bits
    mask = (1 << Int(bits)) - 1
    slots = HugePages.allocate(byteCount: (mask + 1) * 8)
      .bindMemory(to: UInt64.self, capacity: mask + 1)
    slots.update(repeating: .max, count: mask + 1)
    filter = HugePages.allocate(byteCount: mask + 1)
      .bindMemory(to: UInt64.self, capacity: (mask + 1) / 8)
  }

  /// Adds a pair within the capacity; only while the table is being made.
  func insert(_ pair: (left: TokenID, right: TokenID, rank: UInt32)) {
    let key = UInt64(pair.left) << 21 | UInt64(pair.right)
    let hash = key &* 0x9E37_79B9_7F4A_7C15
    let bit = hash >> (shift - 3)
    filter[Int(truncatingIfNeeded: bit >> 6)] |= 1 << (bit & 63)
    var index = Int(truncatingIfNeeded: hash >> shift)
    while slots[index] != .max && slots[index] >> 21 != key { index = (index &+ 1) & mask }
    if slots[index] == .max { count += 1 }
    slots[index] = key << 21 | UInt64(pair.rank)
  }

  deinit {
    HugePages.free(slots)
    HugePages.free(filter)
  }

  /// Asks for the memory that `rank` will read.
  @inline(__always)
  func prefetch(_ left: TokenID, _ right: TokenID) {
    let hash = (UInt64(left) << 21 | UInt64(right)) &* 0x9E37_79B9_7F4A_7C15
    csimd_prefetch(filter + Int(truncatingIfNeeded: hash >> (shift &+ 3)))
    csimd_prefetch(slots + Int(truncatingIfNeeded: hash >> shift))
  }

  /// The rank at which two tokens merge, or `none`.
  @inline(__always)
  func rank(_ left: TokenID, _ right: TokenID) -> UInt32 {
    let key = UInt64(left) << 21 | UInt64(right)
    let hash = key &* 0x9E37_79B9_7F4A_7C15
    let bit = hash >> (shift &- 3)
    if filter[Int(truncatingIfNeeded: bit >> 6)] >> (bit & 63) & 1 == 0 { return Self.none }
    var index = Int(truncatingIfNeeded: hash >> shift)
    while true {
      let slot = slots[index]
      if slot >> 21 == key { return UInt32(truncatingIfNeeded: slot) & Self.none }
      if slot == .max { return Self.none }
      index = (index &+ 1) & mask
    }
  }
}
