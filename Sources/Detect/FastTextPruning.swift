import CSIMD
import ShardifyCore

/// The letter n-grams that a pruned model kept, and their rows.
///
/// Open addressing in twice to four times as many places, each a bucket and its row in one word, and
/// before it a filter of sixteen to thirty-two bits an n-gram by the last bits of the bucket: most n-grams
/// of a text were not kept, and the filter, small enough to stay in cache, says so. Of two entries for one
/// bucket, which only a corrupt file has, the later counts.
final class FastTextPruning: @unchecked Sendable {
  /// A bit for each value of the last bits of a bucket.
  let filter: UnsafeMutablePointer<UInt32>
  let filterMask: UInt32
  /// The bucket plus one in the high half, the row in the low; 0 is empty.
  private let places: UnsafeMutablePointer<UInt64>
  private let placeMask: Int
  private let shift: UInt64
  private let firstRow: UInt32

  /// Reads `count` n-grams; their rows are counted from `firstRow` on.
  init(_ reader: inout FastTextReader, count: Int, firstRow: Int) throws(DetectFailure) {
    self.firstRow = UInt32(truncatingIfNeeded: firstRow)
    var bits: UInt64 = 4
    while 1 << bits < 2 * count { bits += 1 }
    shift = 64 - bits
    placeMask = 1 << Int(bits) - 1
    // A filter of 2^32 bits says all there is to say of a bucket.
    let filterBits = min(bits + 3, 32)
    filterMask = UInt32(truncatingIfNeeded: UInt64(1) << filterBits &- 1)
    places = .allocate(capacity: placeMask + 1)
    places.initialize(repeating: 0, count: placeMask + 1)
    filter = .allocate(capacity: 1 << (filterBits - 5))
    filter.initialize(repeating: 0, count: 1 << (filterBits - 5))
    for _ in 0..<count {
      let bucket: Int32 = try reader.read("a kept n-gram")
      let row: Int32 = try reader.read("a kept n-gram")
      guard bucket >= 0 else { continue }
      let number = UInt32(bitPattern: bucket)
      var place = home(number)
      let key = UInt64(number) + 1
      while places[place] != 0, places[place] >> 32 != key { place = (place + 1) & placeMask }
      places[place] = key << 32 | UInt64(UInt32(bitPattern: row))
      filter[Int((number & filterMask) >> 5)] |= 1 << (number & 31)
    }
  }

  deinit {
    places.deallocate()
    filter.deallocate()
  }

  /// Fetches the place where a bucket is looked up.
  @inline(__always)
  func prefetch(_ bucket: UInt32) { csimd_prefetch(places + home(bucket)) }

  /// The row of a bucket; nil if the n-gram was not kept, or its row is no number of a row.
  @inline(__always)
  func row(_ bucket: UInt32) -> UInt32? {
    let key = UInt64(bucket) + 1
    var place = home(bucket)
    while places[place] != 0 {
      if places[place] >> 32 == key {
        let row = Int64(Int32(truncatingIfNeeded: places[place])) + Int64(firstRow)
        return row < 0 || row > Int64(Int32.max) ? nil : UInt32(truncatingIfNeeded: row)
      }
      place = (place &+ 1) & placeMask
    }
    return nil
  }

  @inline(__always)
  private func home(_ bucket: UInt32) -> Int {
    Int((UInt64(bucket) &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }
}
