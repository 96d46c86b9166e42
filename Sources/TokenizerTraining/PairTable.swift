/// A pair of neighbouring tokens: how often it occurs and where.
struct PairRecord {
  var left: UInt32
  var right: UInt32
  /// The weight of its occurrences now; 0 once it was merged.
  var count: Int64
  /// Where its places start in the arena of places.
  var start: Int
  var length: Int

  var key: UInt64 { UInt64(left) << 32 | UInt64(right) }
}

/// Records of pairs, found by the pair: open addressing over the two ids.
struct PairTable: ~Copyable {
  private(set) var records: UnsafeMutablePointer<PairRecord>
  private(set) var count = 0
  private var capacity = 1 << 10
  /// Per place the number of a record + 1; 0 is free.
  private var slots: UnsafeMutablePointer<UInt32>
  private var keys: UnsafeMutablePointer<UInt64>
  private var mask = (1 << 11) - 1

  init() {
    records = .allocate(capacity: capacity)
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
    keys = .allocate(capacity: mask + 1)
  }

  deinit {
    records.deallocate()
    slots.deallocate()
    keys.deallocate()
  }

  @inline(__always)
  private static func place(_ key: UInt64, _ mask: Int) -> Int {
    Int(truncatingIfNeeded: ByteHash.mix(key ^ 0x2545_F491_4F6C_DD1D)) & mask
  }

  /// The record of a pair, or -1.
  @inline(__always)
  func find(_ left: UInt32, _ right: UInt32) -> Int {
    let key = UInt64(left) << 32 | UInt64(right)
    var place = PairTable.place(key, mask)
    while slots[place] != 0 {
      if keys[place] == key { return Int(slots[place]) &- 1 }
      place = (place &+ 1) & mask
    }
    return -1
  }

  /// Adds the record of a pair that has none.
  mutating func append(_ record: PairRecord) {
    if count == capacity {
      capacity *= 2
      let larger = UnsafeMutablePointer<PairRecord>.allocate(capacity: capacity)
      larger.update(from: records, count: count)
      records.deallocate()
      records = larger
    }
    records[count] = record
    count += 1
    if count * 2 > mask { grow() }
    put(record.key, UInt32(count))
  }

  private func put(_ key: UInt64, _ number: UInt32) {
    var place = PairTable.place(key, mask)
    while slots[place] != 0 { place = (place &+ 1) & mask }
    slots[place] = number
    keys[place] = key
  }

  private mutating func grow() {
    let (oldSlots, oldKeys, oldMask) = (slots, keys, mask)
    mask = mask * 2 + 1
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
    keys = .allocate(capacity: mask + 1)
    for place in 0...oldMask where oldSlots[place] != 0 { put(oldKeys[place], oldSlots[place]) }
    oldSlots.deallocate()
    oldKeys.deallocate()
  }
}
