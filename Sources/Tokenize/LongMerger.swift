import ShardifyCore

/// Merges any number of symbols, linked in a list, in O(n log n) at worst.
///
/// Pairs wait in buckets, one a priority, and a bucket is gone through from left to right. Most
/// merges make pairs whose turn comes later, so that nearly all wait in buckets; those whose turn
/// has come wait in a heap of (priority, place) that goes first where it holds less.
final class LongMerger {
  private let model: BPEModel
  private var capacity = 0
  private var ids: UnsafeMutablePointer<TokenID>
  private var ranks: UnsafeMutablePointer<UInt32>
  private var after: UnsafeMutablePointer<Int32>
  private var before: UnsafeMutablePointer<Int32>
  /// Pairs in buckets from 1 on, `next in bucket << 32 | place`; the heap, backwards from the end.
  /// Each symbol enters once at the start, and each merge adds two: three a symbol are enough.
  private var pairs: UnsafeMutablePointer<UInt64>
  /// Places of the bucket being gone through.
  private var places: UnsafeMutablePointer<UInt32>
  /// The last pair of each bucket, or 0. Shape [ranks]; made when first used, and left zero.
  private var buckets: UnsafeMutablePointer<UInt32>?
  /// A bit for each bucket that holds pairs, then one for each word of those bits.
  private var bits: UnsafeMutablePointer<UInt64>?
  private let bitWords: Int
  /// Symbols loaded.
  private(set) var count = 0

  init(_ model: BPEModel) {
    self.model = model
    ids = .allocate(capacity: 0)
    ranks = .allocate(capacity: 0)
    after = .allocate(capacity: 0)
    before = .allocate(capacity: 0)
    pairs = .allocate(capacity: 0)
    places = .allocate(capacity: 0)
    bitWords = model.rankCount / 64 + 1
  }

  deinit {
    free()
    if let buckets { HugePages.free(buckets) }
    if let bits { HugePages.free(bits) }
  }

  private func free() {
    ids.deallocate()
    ranks.deallocate()
    after.deallocate()
    before.deallocate()
    pairs.deallocate()
    places.deallocate()
  }

  /// Forgets the symbols and makes room for `symbols` of them.
  func start(_ symbols: Int) {
    count = 0
    guard symbols > capacity else { return }
    free()
    capacity = max(256, symbols + symbols / 2)
    ids = .allocate(capacity: capacity)
    ranks = .allocate(capacity: capacity)
    after = .allocate(capacity: capacity)
    before = .allocate(capacity: capacity)
    pairs = .allocate(capacity: capacity * 3 + 1)
    places = .allocate(capacity: capacity * 3)
  }

  /// Adds a symbol within the room that `start` made.
  @inline(__always)
  func add(_ id: TokenID) {
    ids[count] = id
    count &+= 1
  }

  /// Adds the unknown id, joined to an unknown just before it if the model says so.
  func addUnknown() {
    guard let unknown = model.options.unknown else { return }
    if model.options.fusesUnknown && count > 0 && ids[count &- 1] == unknown { return }
    add(unknown)
  }

  /// Loads the bytes of a pretoken as symbols.
  func loadBytes(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) {
    start(byteCount)
    for index in 0..<byteCount {
      let table = index == byteCount &- 1 ? model.lastByteTokens : model.byteTokens
      let id = table[Int(bytes[index])]
      if id == TokenTable.none { addUnknown() } else { add(id) }
    }
  }

  /// Merges what is loaded; writes at most `count` ids, and returns how many.
  func merge(into out: UnsafeMutablePointer<TokenID>) -> Int {
    let buckets = buckets ?? Self.zeros(model.rankCount + 1)
    let bits = bits ?? Self.zeros(bitWords + bitWords / 64 + 1)
    self.buckets = buckets
    self.bits = bits
    var run = Run(
      table: model.pairs, merged: model.merged, priorities: model.priorities, ids: ids,
      ranks: ranks, after: after, before: before, count: count, pairs: pairs,
      heap: pairs + capacity * 3, places: places, placesEnd: capacity * 3, buckets: buckets,
      bits: bits, summary: bits + bitWords, summaryWords: bitWords / 64 + 1)
    return run.merge(into: out)
  }

  private static func zeros<T: FixedWidthInteger>(_ count: Int) -> UnsafeMutablePointer<T> {
    HugePages.allocate(byteCount: count * MemoryLayout<T>.stride)
      .bindMemory(to: T.self, capacity: count)
  }

  /// One run of the algorithm, over memory that the merger owns.
  private struct Run {
    let table: PairTable
    let merged: UnsafeMutablePointer<TokenID>
    let priorities: UnsafeMutablePointer<UInt32>?
    let ids: UnsafeMutablePointer<TokenID>
    let ranks: UnsafeMutablePointer<UInt32>
    let after: UnsafeMutablePointer<Int32>
    let before: UnsafeMutablePointer<Int32>
    let count: Int
    let pairs: UnsafeMutablePointer<UInt64>
    /// Its first item; the others stand before it.
    let heap: UnsafeMutablePointer<UInt64>
    let places: UnsafeMutablePointer<UInt32>
    let placesEnd: Int
    let buckets: UnsafeMutablePointer<UInt32>
    let bits: UnsafeMutablePointer<UInt64>
    let summary: UnsafeMutablePointer<UInt64>
    let summaryWords: Int
    /// The last pair in a bucket.
    var last = 0
    var heapCount = 0
    /// The priority of the bucket being gone through; all other pairs in buckets have higher ones,
    /// and none in the heap has.
    var turn = -1

    mutating func merge(into out: UnsafeMutablePointer<TokenID>) -> Int {
      load()
      while let start = takeBucket() {
        var at = start
        while true {
          let item = at < placesEnd ? UInt64(turn) << 32 | UInt64(places[at]) : UInt64.max
          if heapCount > 0 && heap[0] < item {
            let least = heap[0]
            heapCount &-= 1
            if heapCount > 0 { sink(heap[-heapCount]) }
            mergePair(Int(least & 0xFFFF_FFFF), UInt32(least >> 32))
          } else if at < placesEnd {
            at &+= 1
            mergePair(Int(item & 0xFFFF_FFFF), UInt32(truncatingIfNeeded: turn))
          } else {
            break
          }
        }
      }
      return MergeKernel.write(ids, after, 0..<count, into: out)
    }

    /// Merges the symbol at a place with the next, if their priority still is the given one.
    @inline(__always)
    private mutating func mergePair(_ place: Int, _ priority: UInt32) {
      let rank = ranks[place]
      guard rank != PairTable.none, self.priority(rank) == priority else { return }
      let eaten = Int(after[place])
      let next = Int(after[eaten])
      let id = merged[Int(rank)]
      ids[place] = id
      ranks[eaten] = PairTable.none
      after[place] = Int32(truncatingIfNeeded: next)
      if next < count {
        before[next] = Int32(truncatingIfNeeded: place)
        offer(table.rank(id, ids[next]), place)
      } else {
        ranks[place] = PairTable.none
      }
      let previous = Int(before[place])
      if previous >= 0 { offer(table.rank(ids[previous], id), previous) }
    }

    /// Links the symbols and fills the buckets.
    @inline(__always)
    private mutating func load() {
      for index in 0..<count {
        after[index] = Int32(truncatingIfNeeded: index &+ 1)
        before[index] = Int32(truncatingIfNeeded: index &- 1)
        offer(
          index &+ 1 < count ? table.rank(ids[index], ids[index &+ 1]) : PairTable.none, index)
      }
    }

    /// Empties the bucket of the least priority into the end of `places`, from left to right.
    /// Returns where it starts, nil if there is none; sets `turn`.
    @inline(__always)
    private mutating func takeBucket() -> Int? {
      var word = max(0, turn) >> 12
      while word < summaryWords && summary[word] == 0 { word &+= 1 }
      guard word < summaryWords else { return nil }
      let top = word << 6 | summary[word].trailingZeroBitCount
      turn = top << 6 | bits[top].trailingZeroBitCount
      bits[top] &= bits[top] &- 1
      if bits[top] == 0 { summary[word] &= summary[word] &- 1 }
      var pair = Int(buckets[turn])
      buckets[turn] = 0
      var start = placesEnd
      var right = UInt32.max
      var isOrdered = true
      while pair != 0 {
        let place = UInt32(truncatingIfNeeded: pairs[pair])
        pair = Int(pairs[pair] >> 32)
        start &-= 1
        places[start] = place
        if place > right { isOrdered = false }
        right = place
      }
      if !isOrdered {
        var bucket = UnsafeMutableBufferPointer(start: places + start, count: placesEnd &- start)
        bucket.sort()
      }
      return start
    }

    @inline(__always)
    private func priority(_ rank: UInt32) -> UInt32 {
      priorities.map { $0[Int(rank)] } ?? rank
    }

    /// Sets the rank of the pair at a place, and lets the pair wait for its turn.
    @inline(__always)
    private mutating func offer(_ rank: UInt32, _ place: Int) {
      ranks[place] = rank
      guard rank != PairTable.none else { return }
      let priority = Int(priority(rank))
      if priority <= turn {
        push(UInt64(priority) << 32 | UInt64(place))
        return
      }
      let head = buckets[priority]
      if head == 0 {
        bits[priority >> 6] |= 1 << UInt64(priority & 63)
        summary[priority >> 12] |= 1 << UInt64(priority >> 6 & 63)
      }
      last &+= 1
      pairs[last] = UInt64(head) << 32 | UInt64(place)
      buckets[priority] = UInt32(truncatingIfNeeded: last)
    }

    @inline(__always)
    private mutating func push(_ item: UInt64) {
      var at = heapCount
      heapCount &+= 1
      while at > 0 {
        let parent = (at &- 1) >> 1
        if heap[-parent] <= item { break }
        heap[-at] = heap[-parent]
        at = parent
      }
      heap[-at] = item
    }

    @inline(__always)
    private func sink(_ item: UInt64) {
      var at = 0
      while true {
        var child = 2 &* at &+ 1
        if child >= heapCount { break }
        if child &+ 1 < heapCount && heap[-child &- 1] < heap[-child] { child &+= 1 }
        if heap[-child] >= item { break }
        heap[-at] = heap[-child]
        at = child
      }
      heap[-at] = item
    }
  }
}
