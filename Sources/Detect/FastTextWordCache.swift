import CSIMD
import Glibc

/// What was found out about words: the sum of a word's rows, how many there were, and its hash.
///
/// Texts repeat their words, and a word's sum is the same each time, so that a word seen before costs
/// one addition of a vector. Of fixed size: a word's place is its hash, and a word in the same place is
/// forgotten. What is remembered changes no result, only the time it takes.
///
/// A record is 64 bytes, the word with what is known of it, and the sum, in neighbouring cache lines.
final class FastTextWordCache {
  /// What is known of a word.
  struct Entry {
    var rowCount: Int32 = 0
    var hash: UInt32 = 0
    /// Bytes of the word; 0 where there is none.
    var count: UInt8 = 0
    /// Whether it is a label, which is no part of the text.
    var isLabel = false
  }

  /// Longer words are not kept.
  static let longestBytes = 32
  private static let memoryBytes = 8 << 20
  private static let entryOffset = 32
  private static let sumOffset = 64

  private let shift: UInt64
  private let stride: Int
  private let records: UnsafeMutableRawPointer

  init(dimension: Int) {
    stride = (Self.sumOffset + 4 * dimension + 63) / 64 * 64
    var bits: UInt64 = 16
    while bits > 8, (1 << bits) * stride > Self.memoryBytes { bits -= 1 }
    shift = 64 - bits
    records = .allocate(byteCount: stride << Int(bits), alignment: 64)
    memset(records, 0, stride << Int(bits))
  }

  deinit { records.deallocate() }

  /// The record where a word of 1 to `longestBytes` bytes belongs; it is on its way to the cache.
  @inline(__always)
  func locate(_ word: UnsafeRawPointer, _ count: Int) -> UnsafeMutableRawPointer {
    var h = UInt64(truncatingIfNeeded: count)
    var at = 0
    while at &+ 8 <= count {
      h = (h ^ word.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
      h ^= h >> 29
      at &+= 8
    }
    h = (h ^ Self.tail(word + at, count &- at)) &* 0x9E37_79B9_7F4A_7C15
    let record = records + Int(h >> shift) &* stride
    csimd_prefetch(record)
    csimd_prefetch(record + Self.sumOffset)
    return record
  }

  /// Whether a record is that of a word.
  @inline(__always)
  static func holds(
    _ record: UnsafeMutableRawPointer, _ word: UnsafeRawPointer, _ count: Int
  ) -> Bool {
    let known = record.load(fromByteOffset: entryOffset + 8, as: UInt8.self)
    guard Int(known) == count else { return false }
    var at = 0
    var difference: UInt64 = 0
    while at &+ 8 <= count {
      difference |=
        record.load(fromByteOffset: at, as: UInt64.self)
        ^ word.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      at &+= 8
    }
    let other = UnsafeRawPointer(record) + at
    return difference | tail(word + at, count &- at) ^ tail(other, count &- at) == 0
  }

  /// Up to seven bytes as a number.
  @inline(__always)
  private static func tail(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
    if count >= 4 {
      let first = UInt64(bytes.loadUnaligned(as: UInt32.self))
      return first << 32
        | UInt64(bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
    }
    if count == 0 { return 0 }
    let first = UInt64(bytes.load(as: UInt8.self))
    let middle = UInt64(bytes.load(fromByteOffset: count >> 1, as: UInt8.self))
    return first << 16 | middle << 8
      | UInt64(bytes.load(fromByteOffset: count &- 1, as: UInt8.self))
  }

  /// What a record says of its word.
  @inline(__always)
  static func entry(_ record: UnsafeMutableRawPointer) -> Entry {
    record.load(fromByteOffset: entryOffset, as: Entry.self)
  }

  /// The sum of the rows of a record's word.
  @inline(__always)
  static func sum(_ record: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
    (record + sumOffset).assumingMemoryBound(to: Float.self)
  }

  /// Puts a word into a record; its sum is the caller's to write.
  static func put(
    _ word: UnsafeRawPointer, _ entry: Entry, in record: UnsafeMutableRawPointer
  ) {
    memcpy(record, word, Int(entry.count))
    record.storeBytes(of: entry, toByteOffset: entryOffset, as: Entry.self)
  }
}
