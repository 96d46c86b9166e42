import ShardifyCore

/// Merges any number of symbols with a heap of (priority, place) and a linked list: O(n log n).
final class HeapMerger {
  private let model: BPEModel
  private var capacity = 0
  private var ids: UnsafeMutablePointer<TokenID>
  private var ranks: UnsafeMutablePointer<UInt32>
  private var after: UnsafeMutablePointer<Int32>
  private var before: UnsafeMutablePointer<Int32>
  /// Each symbol enters once at the start, and each merge adds two: three a symbol are enough.
  private var heap: UnsafeMutablePointer<UInt64>
  /// Symbols loaded.
  private(set) var count = 0

  init(_ model: BPEModel) {
    self.model = model
    ids = .allocate(capacity: 0)
    ranks = .allocate(capacity: 0)
    after = .allocate(capacity: 0)
    before = .allocate(capacity: 0)
    heap = .allocate(capacity: 0)
  }

  deinit { free() }

  private func free() {
    ids.deallocate()
    ranks.deallocate()
    after.deallocate()
    before.deallocate()
    heap.deallocate()
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
    heap = .allocate(capacity: capacity * 3)
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
    let run = Run(
      pairs: model.pairs, merged: model.merged, priorities: model.priorities, ids: ids,
      ranks: ranks, after: after, before: before, heap: heap, count: count)
    return run.merge(into: out)
  }

  /// One run of the algorithm, over memory that the merger owns.
  private struct Run {
    let pairs: PairTable
    let merged: UnsafeMutablePointer<TokenID>
    let priorities: UnsafeMutablePointer<UInt32>?
    let ids: UnsafeMutablePointer<TokenID>
    let ranks: UnsafeMutablePointer<UInt32>
    let after: UnsafeMutablePointer<Int32>
    let before: UnsafeMutablePointer<Int32>
    let heap: UnsafeMutablePointer<UInt64>
    let count: Int

    func merge(into out: UnsafeMutablePointer<TokenID>) -> Int {
      var size = load()
      while size > 0 {
        let top = heap[0]
        size &-= 1
        if size > 0 { sink(heap[size], 0, size) }
        let place = Int(top & 0xFFFF_FFFF)
        let rank = ranks[place]
        guard rank != PairTable.none, item(rank, place) == top else { continue }
        let eaten = Int(after[place])
        let next = Int(after[eaten])
        let id = merged[Int(rank)]
        ids[place] = id
        ranks[eaten] = PairTable.none
        after[place] = Int32(truncatingIfNeeded: next)
        if next < count {
          before[next] = Int32(truncatingIfNeeded: place)
          offer(pairs.rank(id, ids[next]), place, &size)
        } else {
          ranks[place] = PairTable.none
        }
        let previous = Int(before[place])
        if previous >= 0 { offer(pairs.rank(ids[previous], id), previous, &size) }
      }
      return write(into: out)
    }

    /// Links the symbols and fills the heap; returns its size.
    private func load() -> Int {
      var size = 0
      for index in 0..<count {
        after[index] = Int32(truncatingIfNeeded: index &+ 1)
        before[index] = Int32(truncatingIfNeeded: index &- 1)
        let rank = index &+ 1 < count ? pairs.rank(ids[index], ids[index &+ 1]) : PairTable.none
        ranks[index] = rank
        if rank != PairTable.none {
          heap[size] = item(rank, index)
          size &+= 1
        }
      }
      var at = size / 2
      while at > 0 {
        at &-= 1
        sink(heap[at], at, size)
      }
      return size
    }

    private func write(into out: UnsafeMutablePointer<TokenID>) -> Int {
      var written = 0
      var place = 0
      while place < count {
        out[written] = ids[place]
        written &+= 1
        place = Int(after[place])
      }
      return written
    }

    @inline(__always)
    private func item(_ rank: UInt32, _ place: Int) -> UInt64 {
      let priority = priorities.map { $0[Int(rank)] } ?? rank
      return UInt64(priority) << 32 | UInt64(place)
    }

    @inline(__always)
    private func offer(_ rank: UInt32, _ place: Int, _ size: inout Int) {
      ranks[place] = rank
      guard rank != PairTable.none else { return }
      let item = item(rank, place)
      var at = size
      size &+= 1
      while at > 0 {
        let parent = (at &- 1) >> 1
        if heap[parent] <= item { break }
        heap[at] = heap[parent]
        at = parent
      }
      heap[at] = item
    }

    @inline(__always)
    private func sink(_ item: UInt64, _ start: Int, _ size: Int) {
      var at = start
      while true {
        var child = 2 &* at &+ 1
        if child >= size { break }
        if child &+ 1 < size && heap[child &+ 1] < heap[child] { child &+= 1 }
        if heap[child] >= item { break }
        heap[at] = heap[child]
        at = child
      }
      heap[at] = item
    }
  }
}
