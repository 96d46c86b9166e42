import CSIMD
import Glibc

/// What was found out about words: the sum of a word's rows, how many there were, and its hash.
///
/// Texts repeat their words, and a word's sum is the same each time, so that a word seen before costs
/// one addition of a vector. Of fixed size: a word's place is its hash, and a word in the same place is
/// forgotten. What is remembered changes no result, only the time it takes.
///
/// A record is 64 bytes, the word's key with what is known of it, and the sum, in neighbouring cache lines.
final class FastTextWordCache {
  /// What is known of a word.
  struct Entry {
    var rowCount: Int32 = 0
    var hash: UInt32 = 0
    /// Whether it is a label, which is no part of the text.
    var isLabel = false
  }

  /// Longer words are not kept.
  static let longestBytes = 32
  private static let pageBytes = 2 << 20
  private static let recordLimit = 1 << 17
  private static let memoryBytes = 16 << 20
  private static let entryOffset = 32
  private static let sumOffset = 64

  private let count: Int
  private let stride: Int
  private let sumBytes: Int
  private let records: UnsafeMutableRawPointer

  init(dimension: Int) {
    sumBytes = 4 * dimension
    stride = (Self.sumOffset + sumBytes + 63) / 64 * 64
    count = max(256, min(Self.recordLimit, Self.memoryBytes / stride))
    // In huge pages where there are any: records are read at random.
    records = .allocate(byteCount: stride * count, alignment: Self.pageBytes)
    madvise(records, stride * count, Int32(MADV_HUGEPAGE))
    memset(records, 0, stride * count)
  }

  deinit { records.deallocate() }

  /// The record where a word of at most `longestBytes` belongs, by its hash; it is on its way to the cache.
  @inline(__always)
  func locate(_ hash: UInt64) -> UnsafeMutableRawPointer {
    let place = (hash &>> 32 &* UInt64(truncatingIfNeeded: count)) &>> 32
    let record = records + Int(truncatingIfNeeded: place) &* stride
    csimd_prefetch(record)
    csimd_prefetch(record + Self.sumOffset)
    return record
  }

  /// What a record says of its word.
  @inline(__always)
  static func entry(_ record: UnsafeMutableRawPointer) -> Entry {
    record.load(fromByteOffset: entryOffset, as: Entry.self)
  }

  /// The sum of the rows of a record's word.
  @inline(__always)
  static func sum(_ record: UnsafeMutableRawPointer) -> UnsafePointer<Float> {
    UnsafePointer((record + sumOffset).assumingMemoryBound(to: Float.self))
  }

  /// Puts a word into a record.
  @inline(__always)
  func put(
    _ word: UnsafePointer<csimd_word>, _ entry: Entry, _ sum: UnsafePointer<Float>,
    in record: UnsafeMutableRawPointer
  ) {
    csimd_put_key(record, word)
    record.storeBytes(of: entry, toByteOffset: Self.entryOffset, as: Entry.self)
    (record + Self.sumOffset).copyMemory(from: sum, byteCount: sumBytes)
  }
}
