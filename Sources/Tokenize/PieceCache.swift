import CSIMD
import ShardifyCore

/// A cache from short pretokens to their ids, of fixed size. One per thread.
///
/// A slot is one cache line: 24 bytes of key, padded with zeros, a word of key length, count of ids
/// and mark, and up to 9 ids. Two slots make a set. In a full set the entry that was not used since
/// the last insertion goes, so that pretokens seen once do not drive out those seen often. Results
/// never depend on it.
final class PieceCache {
  /// Longer pretokens are not kept.
  static let maxKeyBytes = 24
  /// Pretokens of more ids are not kept.
  static let maxIDs = 9

  /// A pretoken of up to 24 bytes in registers, with its hash.
  struct Key {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0
    var hash: UInt64 = 0
    /// Bytes.
    var length = 0

    init() {}

    /// Takes `length` bytes; 24 must be readable. `masks`: 24 bytes of ones and 24 of zeros.
    @inline(__always)
    init(_ bytes: UnsafePointer<UInt8>, _ length: Int, _ masks: UnsafePointer<UInt8>) {
      let mask = masks + (24 &- length)
      first = PieceHash.load8(bytes, 0) & PieceHash.load8(mask, 0)
      second = PieceHash.load8(bytes, 8) & PieceHash.load8(mask, 8)
      third = PieceHash.load8(bytes, 16) & PieceHash.load8(mask, 16)
      self.length = length
      let seed = UInt64(truncatingIfNeeded: length) &* 0x9E37_79B9_7F4A_7C15
      let product = (first ^ 0xA076_1D64_78BD_642F)
        .multipliedFullWidth(by: (second &+ seed) ^ 0xE703_7ED1_A0B4_28DB)
      let mixed = product.high ^ product.low ^ (third &* 0x8EBC_6AF0_9C88_C6E3)
      hash = (mixed ^ mixed >> 29) &* 0x5895_58CF_B3CB_9B2D
    }
  }

  private static let slotBytes = 64
  private static let metaOffset = 24
  private static let idsOffset = 28
  private let slots: UnsafeMutableRawPointer
  private let setCount: UInt64

  /// Makes an empty cache of so many slots, an even number.
  init(slotCount: Int) {
    setCount = UInt64(slotCount / 2)
    slots = HugePages.allocate(byteCount: Self.slotBytes * slotCount)
  }

  deinit { HugePages.free(slots) }

  @inline(__always)
  private func set(_ hash: UInt64) -> UnsafeMutableRawPointer {
    let index = hash.multipliedFullWidth(by: setCount).high
    return slots + Int(truncatingIfNeeded: index) &* (2 &* Self.slotBytes)
  }

  /// Asks for the memory that a search will read.
  @inline(__always)
  func prefetch(_ hash: UInt64) {
    let set = set(hash)
    csimd_prefetch(set)
    csimd_prefetch(set + Self.slotBytes)
  }

  @inline(__always)
  private func holds(_ slot: UnsafeMutableRawPointer, _ key: Key) -> Bool {
    let first = slot.load(as: UInt64.self) ^ key.first
    let second = slot.load(fromByteOffset: 8, as: UInt64.self) ^ key.second
    let third = slot.load(fromByteOffset: 16, as: UInt64.self) ^ key.third
    let length = UInt64(slot.load(fromByteOffset: Self.metaOffset, as: UInt8.self))
    return first | second | third | (length ^ UInt64(truncatingIfNeeded: key.length)) == 0
  }

  /// The slot of a pretoken, or nil. Valid until the next insertion.
  @inline(__always)
  func find(_ key: Key) -> UnsafeMutableRawPointer? {
    let first = set(key.hash)
    let second = first + Self.slotBytes
    let other = holds(second, key) ? second : nil
    return holds(first, key) ? first : other
  }

  /// Writes the ids of a slot and returns how many. Room for 9 ids must be at `out`.
  @inline(__always)
  func take(_ slot: UnsafeMutableRawPointer, into out: UnsafeMutablePointer<TokenID>) -> Int {
    let meta = slot.load(fromByteOffset: Self.metaOffset, as: UInt32.self)
    slot.storeBytes(of: 1, toByteOffset: Self.metaOffset + 2, as: UInt8.self)
    let count = Int(meta >> 8 & 0xFF)
    let target = UnsafeMutableRawPointer(out)
    target.storeBytes(
      of: slot.loadUnaligned(fromByteOffset: Self.idsOffset, as: SIMD4<UInt32>.self),
      as: SIMD4<UInt32>.self)
    if count > 4 {
      target.storeBytes(
        of: slot.loadUnaligned(fromByteOffset: Self.idsOffset + 16, as: SIMD4<UInt32>.self),
        toByteOffset: 16, as: SIMD4<UInt32>.self)
      target.storeBytes(
        of: slot.load(fromByteOffset: Self.idsOffset + 32, as: UInt32.self), toByteOffset: 32,
        as: UInt32.self)
    }
    return count
  }

  /// The word after the ids.
  @inline(__always)
  func last(_ slot: UnsafeMutableRawPointer) -> UInt32 {
    slot.load(fromByteOffset: Self.idsOffset + 32, as: UInt32.self)
  }

  /// Keeps 1 to `maxIDs - 1` ids, and a word in the place of the last.
  @inline(__always)
  func insert(_ key: Key, _ ids: UnsafePointer<TokenID>, _ idCount: Int, last: UInt32) {
    insert(key, ids, idCount).storeBytes(
      of: last, toByteOffset: Self.idsOffset + 32, as: UInt32.self)
  }

  /// Keeps the ids of a pretoken, 1 to `maxIDs` of them.
  @inline(__always) @discardableResult
  func insert(_ key: Key, _ ids: UnsafePointer<TokenID>, _ idCount: Int)
    -> UnsafeMutableRawPointer
  {
    var slot = set(key.hash)
    let other = slot + Self.slotBytes
    let markOffset = Self.metaOffset + 2
    if slot.load(fromByteOffset: markOffset, as: UInt8.self) != 0 {
      if other.load(fromByteOffset: markOffset, as: UInt8.self) != 0 {
        other.storeBytes(of: 0, toByteOffset: markOffset, as: UInt8.self)
        slot.storeBytes(of: 0, toByteOffset: markOffset, as: UInt8.self)
        if key.hash & 1 != 0 { slot = other }
      } else {
        slot = other
      }
    }
    slot.storeBytes(of: key.first, as: UInt64.self)
    slot.storeBytes(of: key.second, toByteOffset: 8, as: UInt64.self)
    slot.storeBytes(of: key.third, toByteOffset: 16, as: UInt64.self)
    slot.storeBytes(
      of: UInt32(truncatingIfNeeded: key.length | idCount << 8), toByteOffset: Self.metaOffset,
      as: UInt32.self)
    (slot + Self.idsOffset).copyMemory(
      from: ids, byteCount: idCount &* MemoryLayout<TokenID>.size)
    return slot
  }
}
