/// What one merge adds and removes, by neighbour; shared by indexes that merge one after another.
///
/// Slots: `2·id` for the pair (id, merged), `2·id + 1` for (merged, id); what is removed are the
/// pairs (id, left) and (right, id).
final class MergeScratch {
  private(set) var added: UnsafeMutablePointer<Int64>
  private(set) var removed: UnsafeMutablePointer<Int64>
  private(set) var lengths: UnsafeMutablePointer<Int>
  private(set) var starts: UnsafeMutablePointer<Int>
  private(set) var kept: UnsafeMutablePointer<Bool>
  private var isTouched: UnsafeMutablePointer<Bool>
  private(set) var touched: [Int] = []
  private var capacity = 0
  /// New pairs in the order in which they were met: slot and place.
  private var met: UnsafeMutablePointer<(slot: UInt32, place: UInt32)>
  private var metCount = 0
  private var metCapacity = 1 << 12
  /// Places of the pairs that are kept, slot by slot.
  private(set) var sorted: UnsafeMutablePointer<UInt32>
  private var sortedCapacity = 1 << 12

  init() {
    added = .allocate(capacity: 0)
    removed = .allocate(capacity: 0)
    lengths = .allocate(capacity: 0)
    starts = .allocate(capacity: 0)
    kept = .allocate(capacity: 0)
    isTouched = .allocate(capacity: 0)
    met = .allocate(capacity: metCapacity)
    sorted = .allocate(capacity: sortedCapacity)
  }

  deinit {
    freeSlots()
    met.deallocate()
    sorted.deallocate()
  }

  private func freeSlots() {
    added.deallocate()
    removed.deallocate()
    lengths.deallocate()
    starts.deallocate()
    kept.deallocate()
    isTouched.deallocate()
  }

  /// Makes room for so many tokens. All slots are clean.
  func start(tokenCount: Int) {
    guard tokenCount * 2 > capacity else { return }
    freeSlots()
    capacity = tokenCount * 4
    added = .allocate(capacity: capacity)
    removed = .allocate(capacity: capacity)
    lengths = .allocate(capacity: capacity)
    starts = .allocate(capacity: capacity)
    kept = .allocate(capacity: capacity)
    isTouched = .allocate(capacity: capacity)
    added.initialize(repeating: 0, count: capacity)
    removed.initialize(repeating: 0, count: capacity)
    lengths.initialize(repeating: 0, count: capacity)
    starts.initialize(repeating: 0, count: capacity)
    kept.initialize(repeating: false, count: capacity)
    isTouched.initialize(repeating: false, count: capacity)
  }

  @inline(__always)
  private func touch(_ slot: Int) {
    if !isTouched[slot] {
      isTouched[slot] = true
      touched.append(slot)
    }
  }

  /// Notes a pair that came, and its place.
  @inline(__always)
  func add(_ slot: Int, _ weight: Int64, _ place: UInt32) {
    touch(slot)
    added[slot] &+= weight
    lengths[slot] &+= 1
    if metCount == metCapacity { growMet() }
    met[metCount] = (UInt32(truncatingIfNeeded: slot), place)
    metCount &+= 1
  }

  /// Notes a pair that went.
  @inline(__always)
  func remove(_ slot: Int, _ weight: Int64) {
    touch(slot)
    removed[slot] &+= weight
  }

  private func growMet() {
    let larger = UnsafeMutablePointer<(slot: UInt32, place: UInt32)>.allocate(
      capacity: metCapacity * 2)
    larger.update(from: met, count: metCount)
    met.deallocate()
    met = larger
    metCapacity *= 2
  }

  /// Puts the places of wanted slots one slot after another, each in the order they were met.
  ///
  /// - Returns: How many places there are in `sorted`.
  func sortPlaces(_ isWanted: (Int) -> Bool) -> Int {
    var total = 0
    for slot in touched {
      kept[slot] = lengths[slot] > 0 && isWanted(slot)
      starts[slot] = total
      if kept[slot] { total += lengths[slot] }
    }
    if total > sortedCapacity {
      sortedCapacity = total * 2
      sorted.deallocate()
      sorted = .allocate(capacity: sortedCapacity)
    }
    for index in 0..<metCount {
      let slot = Int(met[index].slot)
      if kept[slot] {
        sorted[starts[slot]] = met[index].place
        starts[slot] &+= 1
      }
    }
    for slot in touched where kept[slot] { starts[slot] -= lengths[slot] }
    return total
  }

  /// Cleans the slots that were used.
  func finish() {
    for slot in touched {
      added[slot] = 0
      removed[slot] = 0
      lengths[slot] = 0
      kept[slot] = false
      isTouched[slot] = false
    }
    touched.removeAll(keepingCapacity: true)
    metCount = 0
  }
}
