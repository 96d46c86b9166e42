/// Places the nodes of a `DoubleArrayTrie`, in blocks of 256.
///
/// Works in raw memory: unoptimized builds call a function at each step through an array, and
/// loading a vocabulary took many seconds in them.
struct DoubleArrayBuilder: ~Copyable {
  /// A key and its value, from 0 on; 24 bytes.
  struct Key {
    var base: UnsafePointer<UInt8>
    /// Bytes, one or more.
    var count: Int32
    var value: Int32
    /// The first eight bytes, the first uppermost: most of what is looked at.
    private var head: UInt64

    init(_ base: UnsafePointer<UInt8>, _ count: Int, value: Int32) {
      self.base = base
      self.count = Int32(count)
      self.value = value
      head = 0
      if count >= 8 {
        head = UInt64(bigEndian: PieceHash.load8(base, 0))
      } else {
        var index = 0
        while index < count {
          head |= UInt64(base[index]) << UInt64(56 &- index &* 8)
          index &+= 1
        }
      }
    }

    /// The byte at an index below `count`.
    @inline(__always)
    func byte(_ index: Int) -> UInt8 {
      index < 8 ? UInt8(truncatingIfNeeded: head &>> UInt64(56 &- index &* 8)) : base[index]
    }
  }

  /// A node whose children have no places yet: the keys below it.
  private struct Item {
    var node: Int
    var start: Int
    var end: Int
    var depth: Int
    /// The value of the longest key above, or -1.
    var parent: Int32
    /// The item that was put into the same bucket before, or -1.
    var next: Int
  }

  private static let bucketCount = 2048
  /// Open blocks that a place is looked for in.
  private static let openCount = 24
  /// Searches without success after which a block is given up.
  private static let maxFailures: UInt8 = 60

  private let keys: UnsafeMutableBufferPointer<Key>
  private let parents: UnsafeMutablePointer<Int32>?
  private(set) var nodes: UnsafeMutablePointer<UInt64>
  private var blockCount = 0
  private var blockCapacity: Int
  /// Free places as bits; shape [blocks x 4].
  private var free: UnsafeMutablePointer<UInt64>
  /// Bases in use as bits; shape [blocks x 4]. Base 0 is that of nodes without children.
  private var taken: UnsafeMutablePointer<UInt64>
  /// Searches that found nothing; shape [blocks].
  private var failures: UnsafeMutablePointer<UInt8>
  /// Blocks with free places that were not yet given up on, the newest last; shape [openCount].
  private let open: UnsafeMutablePointer<Int>
  private var opened = 0
  /// Items of all buckets and those that are free again.
  private var items: UnsafeMutablePointer<Item>
  private var itemCount = 0
  private var itemCapacity = 1024
  private var idle = -1
  /// The item last put into each bucket, or -1.
  private let buckets: UnsafeMutablePointer<Int>
  private let sorter: KeySorter
  /// First bytes of the children of a node, where their keys start, and their least value.
  private let bytes: UnsafeMutablePointer<UInt8>
  private let starts: UnsafeMutablePointer<Int>
  private let least: UnsafeMutablePointer<Int32>

  /// Takes keys, whose order changes; of equal keys the first counts. Where `parents` has room for
  /// all values, the value of the longest shorter key that each key starts with is put there, or
  /// -1.
  init(_ keys: UnsafeMutableBufferPointer<Key>, parents: UnsafeMutablePointer<Int32>?) {
    self.keys = keys
    self.parents = parents
    blockCapacity = max(64, keys.count / 64)
    nodes = .allocate(capacity: blockCapacity * 256)
    free = .allocate(capacity: blockCapacity * 4)
    taken = .allocate(capacity: blockCapacity * 4)
    failures = .allocate(capacity: blockCapacity)
    open = .allocate(capacity: Self.openCount)
    items = .allocate(capacity: itemCapacity)
    buckets = .allocate(capacity: Self.bucketCount)
    buckets.initialize(repeating: -1, count: Self.bucketCount)
    sorter = KeySorter(capacity: keys.count)
    bytes = .allocate(capacity: 256)
    starts = .allocate(capacity: 257)
    least = .allocate(capacity: 256)
  }

  deinit {
    nodes.deallocate()
    free.deallocate()
    taken.deallocate()
    failures.deallocate()
    open.deallocate()
    items.deallocate()
    buckets.deallocate()
    bytes.deallocate()
    starts.deallocate()
    least.deallocate()
  }

  /// Places in `nodes`.
  var count: Int { blockCount << 8 }

  /// Places all nodes, in order of the least value below them, about: tokens of low ids are the
  /// frequent ones, so that what is read most lies together.
  mutating func build() {
    addBlock()
    use(0, label: 0)
    taken[0] |= 1
    guard !keys.isEmpty else { return }
    var largest = 0
    var index = 0
    while index < keys.count {
      largest = max(largest, Int(keys[index].value))
      index &+= 1
    }
    let width = (largest + 1) / Self.bucketCount + 1
    push(Item(node: 0, start: 0, end: keys.count, depth: 0, parent: -1, next: -1), into: 0)
    var bucket = 0
    while bucket < Self.bucketCount {
      let number = buckets[bucket]
      guard number >= 0 else {
        bucket &+= 1
        continue
      }
      let item = items[number]
      buckets[bucket] = item.next
      items[number].next = idle
      idle = number
      place(item, bucket, width)
    }
  }

  /// Places the children of a node, which then wait for their turn.
  private mutating func place(_ item: Item, _ bucket: Int, _ width: Int) {
    if item.end &- item.start == 1 {
      placeChain(item)
      return
    }
    var item = item
    let childCount = split(&item)
    guard childCount > 0 else { return }
    let base = takeBase(of: item.node, childCount)
    var index = 0
    while index < childCount {
      let child = base ^ Int(bytes[index])
      use(child, label: UInt64(bytes[index]) | 0x100)
      push(
        Item(
          node: child, start: starts[index], end: starts[index &+ 1], depth: item.depth &+ 1,
          parent: item.parent, next: -1), into: max(bucket, Int(least[index]) / width))
      index &+= 1
    }
  }

  /// Places all nodes of a single key: each would be the next in turn.
  private mutating func placeChain(_ item: Item) {
    let key = keys[item.start]
    var node = item.node
    var depth = item.depth
    while depth < Int(key.count) {
      bytes[0] = key.byte(depth)
      node = takeBase(of: node, 1) ^ Int(bytes[0])
      use(node, label: UInt64(bytes[0]) | 0x100)
      depth &+= 1
    }
    note(key.value, at: node, parent: item.parent)
  }

  private mutating func note(_ value: Int32, at node: Int, parent: Int32) {
    nodes[node] |= UInt64(UInt32(bitPattern: value) &+ 1) << 36
    parents?[Int(value)] = parent
  }

  private mutating func takeBase(of node: Int, _ childCount: Int) -> Int {
    let base = findBase(childCount)
    taken[base >> 6] |= 1 << UInt64(base & 63)
    nodes[node] |= UInt64(base) << 9
    return base
  }

  /// Sorts the keys of an item by their byte at its depth, notes the node's value, which is then
  /// the parent of those below, and returns how many children there are.
  private mutating func split(_ item: inout Item) -> Int {
    sorter.sort(keys, from: item.start, to: item.end, depth: item.depth)
    var at = item.start
    if Int(keys[at].count) == item.depth {
      let value = keys[at].value
      note(value, at: item.node, parent: item.parent)
      at &+= 1
      while at < item.end && Int(keys[at].count) == item.depth {
        parents?[Int(keys[at].value)] = item.parent
        at &+= 1
      }
      item.parent = value
    }
    var childCount = 0
    while at < item.end {
      let byte = keys[at].byte(item.depth)
      bytes[childCount] = byte
      starts[childCount] = at
      var smallest = Int32.max
      while at < item.end && keys[at].byte(item.depth) == byte {
        if keys[at].value < smallest { smallest = keys[at].value }
        at &+= 1
      }
      least[childCount] = smallest
      childCount &+= 1
    }
    starts[childCount] = item.end
    return childCount
  }

  private mutating func push(_ item: Item, into bucket: Int) {
    var number = idle
    if number >= 0 {
      idle = items[number].next
    } else {
      if itemCount == itemCapacity {
        Self.grow(&items, itemCount, to: itemCapacity * 2)
        itemCapacity *= 2
      }
      number = itemCount
      itemCount &+= 1
    }
    items[number] = item
    items[number].next = buckets[bucket]
    buckets[bucket] = number
  }

  private static func grow<T>(_ memory: inout UnsafeMutablePointer<T>, _ count: Int, to size: Int) {
    let larger = UnsafeMutablePointer<T>.allocate(capacity: size)
    larger.moveInitialize(from: memory, count: count)
    memory.deallocate()
    memory = larger
  }

  private mutating func addBlock() {
    // A base has 27 bits; the readers' limit on the size of a file keeps it far below.
    precondition(blockCount < 1 << 19, "too many nodes")
    if blockCount == blockCapacity {
      Self.grow(&nodes, blockCount * 256, to: blockCapacity * 512)
      Self.grow(&free, blockCount * 4, to: blockCapacity * 8)
      Self.grow(&taken, blockCount * 4, to: blockCapacity * 8)
      Self.grow(&failures, blockCount, to: blockCapacity * 2)
      blockCapacity *= 2
    }
    (nodes + blockCount * 256).initialize(repeating: 0, count: 256)
    (free + blockCount * 4).initialize(repeating: .max, count: 4)
    (taken + blockCount * 4).initialize(repeating: 0, count: 4)
    failures[blockCount] = 0
    if opened == Self.openCount { close(0) }
    open[opened] = blockCount
    opened &+= 1
    blockCount &+= 1
  }

  /// Gives an open block up.
  private mutating func close(_ slot: Int) {
    var index = slot
    while index &+ 1 < opened {
      open[index] = open[index &+ 1]
      index &+= 1
    }
    opened &-= 1
  }

  private mutating func use(_ index: Int, label: UInt64) {
    nodes[index] = label
    free[index >> 6] &= ~(1 << UInt64(index & 63))
  }

  /// Whether no node has this base and the places of the children are free.
  private func fits(_ base: Int, _ childCount: Int) -> Bool {
    if taken[base >> 6] >> UInt64(base & 63) & 1 != 0 { return false }
    var index = 1
    while index < childCount {
      let place = base ^ Int(bytes[index])
      if free[place >> 6] >> UInt64(place & 63) & 1 == 0 { return false }
      index &+= 1
    }
    return true
  }

  /// A base at which the children in `bytes` find free places.
  private mutating func findBase(_ childCount: Int) -> Int {
    let first = Int(bytes[0])
    var slot = opened &- 1
    while slot >= 0 {
      let block = open[slot]
      var isFull = true
      var word = block &* 4
      while word < block &* 4 &+ 4 {
        var bits = free[word]
        if bits != 0 { isFull = false }
        while bits != 0 {
          let base = (word << 6 | bits.trailingZeroBitCount) ^ first
          if fits(base, childCount) { return base }
          bits &= bits &- 1
        }
        word &+= 1
      }
      failures[block] &+= 1
      if isFull || failures[block] > Self.maxFailures { close(slot) }
      slot &-= 1
    }
    addBlock()
    return (blockCount &- 1) << 8
  }
}

/// Sorts keys by one byte, stably: those that end before it come first.
private final class KeySorter {
  private let copy: UnsafeMutablePointer<DoubleArrayBuilder.Key>
  private let places: UnsafeMutablePointer<Int>

  init(capacity: Int) {
    copy = .allocate(capacity: max(1, capacity))
    places = .allocate(capacity: 258)
  }

  deinit {
    copy.deallocate()
    places.deallocate()
  }

  private static func order(_ key: DoubleArrayBuilder.Key, _ depth: Int) -> Int {
    Int(key.count) > depth ? Int(key.byte(depth)) &+ 1 : 0
  }

  func sort(
    _ keys: UnsafeMutableBufferPointer<DoubleArrayBuilder.Key>, from start: Int, to end: Int,
    depth: Int
  ) {
    guard end &- start > 1, let base = keys.baseAddress else { return }
    if end &- start <= 48 {
      insert(base, start, end, depth)
      return
    }
    places.initialize(repeating: 0, count: 258)
    var index = start
    while index < end {
      copy[index] = base[index]
      places[Self.order(base[index], depth) &+ 1] &+= 1
      index &+= 1
    }
    places[0] = start
    var byte = 1
    while byte < 258 {
      places[byte] &+= places[byte &- 1]
      byte &+= 1
    }
    index = start
    while index < end {
      let order = Self.order(copy[index], depth)
      base[places[order]] = copy[index]
      places[order] &+= 1
      index &+= 1
    }
  }

  private func insert(
    _ base: UnsafeMutablePointer<DoubleArrayBuilder.Key>, _ start: Int, _ end: Int, _ depth: Int
  ) {
    var index = start &+ 1
    while index < end {
      let key = base[index]
      let order = Self.order(key, depth)
      var place = index
      while place > start && Self.order(base[place &- 1], depth) > order {
        base[place] = base[place &- 1]
        place &-= 1
      }
      base[place] = key
      index &+= 1
    }
  }
}
