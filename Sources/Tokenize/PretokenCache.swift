import CSIMD
import ShardifyCore

/// A cache from pretokens to their ids, of fixed size. One per thread.
///
/// Slots of 128 bytes, two to a set: header, key of up to 40 bytes and the first 4 ids share one
/// cache line. In a full set the entry that was not used since the last insertion goes, so that
/// pretokens seen once do not drive out those seen often. Results never depend on it.
final class PretokenCache {
  /// Longer pretokens are not kept.
  static let maxKeyBytes = 40
  /// Pretokens of more ids are not kept.
  static let maxIDs = 20

  private static let keyOffset = 8
  private static let idsOffset = 48
  private static let slotBytes = 128
  private let slots: UnsafeMutableRawPointer
  private let shift: UInt64

  /// Makes an empty cache of `1 << bits` slots.
  init(bits: Int) {
    shift = UInt64(64 - (bits - 1))
    let count = Self.slotBytes << bits
    slots = .allocate(byteCount: count, alignment: 4096)
    slots.initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  deinit { slots.deallocate() }

  @inline(__always)
  private func set(_ hash: UInt64) -> UnsafeMutableRawPointer {
    slots + Int(truncatingIfNeeded: hash >> shift) &* (2 &* Self.slotBytes)
  }

  /// Asks for the memory that a search will read.
  @inline(__always)
  func prefetch(_ hash: UInt64) { csimd_prefetch(set(hash)) }

  /// Writes the ids of a pretoken and returns how many, or 0 if it is not here. Room for 20 ids
  /// must be at `out`.
  @inline(__always)
  func find(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64,
    into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    let tag = UInt32(truncatingIfNeeded: hash)
    var slot = set(hash)
    var way = 0
    while way < 2 {
      if slot.load(as: UInt32.self) == tag
        && slot.load(fromByteOffset: 4, as: UInt8.self) == UInt8(truncatingIfNeeded: count)
        && PieceHash.equal(
          (slot + Self.keyOffset).assumingMemoryBound(to: UInt8.self), bytes, count)
      {
        if slot.load(fromByteOffset: 6, as: UInt8.self) == 0 {
          slot.storeBytes(of: 1, toByteOffset: 6, as: UInt8.self)
        }
        let idCount = Int(slot.load(fromByteOffset: 5, as: UInt8.self))
        let ids = (slot + Self.idsOffset).assumingMemoryBound(to: TokenID.self)
        let target = UnsafeMutableRawPointer(out)
        target.storeBytes(
          of: slot.load(fromByteOffset: Self.idsOffset, as: SIMD4<UInt32>.self),
          as: SIMD4<UInt32>.self)
        var index = 4
        while index < idCount {
          out[index] = ids[index]
          index &+= 1
        }
        return idCount
      }
      slot += Self.slotBytes
      way &+= 1
    }
    return 0
  }

  /// Keeps the ids of a pretoken, at most `maxIDs` of at most `maxKeyBytes` bytes.
  @inline(__always)
  func insert(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64, _ ids: UnsafePointer<TokenID>,
    _ idCount: Int
  ) {
    var slot = set(hash)
    let other = slot + Self.slotBytes
    if slot.load(fromByteOffset: 6, as: UInt8.self) != 0 {
      if other.load(fromByteOffset: 6, as: UInt8.self) != 0 {
        other.storeBytes(of: 0, toByteOffset: 6, as: UInt8.self)
        slot.storeBytes(of: 0, toByteOffset: 6, as: UInt8.self)
        if hash & 0x1_0000_0000 != 0 { slot = other }
      } else {
        slot = other
      }
    }
    slot.storeBytes(of: UInt32(truncatingIfNeeded: hash), as: UInt32.self)
    slot.storeBytes(of: UInt8(truncatingIfNeeded: count), toByteOffset: 4, as: UInt8.self)
    slot.storeBytes(of: UInt8(truncatingIfNeeded: idCount), toByteOffset: 5, as: UInt8.self)
    slot.storeBytes(of: 0, toByteOffset: 6, as: UInt8.self)
    (slot + Self.keyOffset).copyMemory(from: bytes, byteCount: count)
    (slot + Self.idsOffset).copyMemory(
      from: ids, byteCount: idCount &* MemoryLayout<TokenID>.size)
  }
}
