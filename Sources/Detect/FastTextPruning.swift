import CSIMD

/// The n-grams that a pruned model keeps: bucket numbers and the rows they moved to.
///
/// An open-addressing table of at least twice as many places, each a bucket and its row in one word, and
/// before it a filter of eight bits a place: most n-grams of a text were not kept, and the filter, small
/// enough to stay in cache, says so. Of two entries for one bucket, which only a corrupt file has, the
/// later counts.
struct FastTextPruning {
  /// The bucket plus one in the high half, the row in the low; 0 is empty.
  private var places: [UInt64]
  private var filter: [UInt64]
  private let shift: UInt64

  init(_ reader: inout FastTextReader, count: Int) throws(DetectFailure) {
    var bits: UInt64 = 4
    while 1 << bits < 2 * count { bits += 1 }
    shift = 64 - bits
    places = [UInt64](repeating: 0, count: 1 << bits)
    filter = [UInt64](repeating: 0, count: 1 << (bits - 3))
    for _ in 0..<count {
      let bucket: Int32 = try reader.read("a kept n-gram")
      let row: Int32 = try reader.read("a kept n-gram")
      guard bucket >= 0 else { continue }
      let key = UInt64(bucket) + 1
      let hash = Self.hash(bucket)
      var place = Int(hash >> shift)
      while places[place] != 0, places[place] >> 32 != key {
        place = (place + 1) & (places.count - 1)
      }
      places[place] = key << 32 | UInt64(UInt32(bitPattern: row))
      let bit = hash >> (shift - 3)
      filter[Int(bit >> 6)] |= 1 << (bit & 63)
    }
  }

  /// Puts in place of buckets the rows they moved to; those not kept are left out.
  ///
  /// In two passes, so that the places are fetched together.
  func keep(_ buckets: FastTextRows) {
    filter.withUnsafeBufferPointer { filter in
      places.withUnsafeBufferPointer { places in
        guard let filter = filter.baseAddress, let first = places.baseAddress else { return }
        for i in 0..<buckets.count {
          csimd_prefetch(filter + Int(Self.hash(buckets.base[i]) >> (shift &+ 3)))
        }
        buckets.filter { bucket in
          let hash = Self.hash(bucket)
          let bit = hash >> (shift &- 3)
          return filter[Int(bit >> 6)] >> (bit & 63) & 1
        }
        for i in 0..<buckets.count {
          csimd_prefetch(first + Int(Self.hash(buckets.base[i]) >> shift))
        }
        buckets.replace { row($0, first, places.count) }
      }
    }
  }

  @inline(__always)
  private func row(_ bucket: Int32, _ places: UnsafePointer<UInt64>, _ count: Int) -> Int32? {
    let key = UInt64(UInt32(bitPattern: bucket)) + 1
    var place = Int(Self.hash(bucket) >> shift)
    while places[place] != 0 {
      if places[place] >> 32 == key {
        return Int32(bitPattern: UInt32(truncatingIfNeeded: places[place]))
      }
      place = (place &+ 1) & (count &- 1)
    }
    return nil
  }

  @inline(__always)
  private static func hash(_ bucket: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: bucket)) &* 0x9E37_79B9_7F4A_7C15
  }
}
