import ShardifyCore

/// A trie over bytes in one array of words: the child of a node for a byte is at `base ^ byte`,
/// and names that byte. Immutable once made.
///
/// A node is one word, from the low end: 9 bits of label (its byte, and a bit that tells a used
/// place from a free one), 27 of base, 28 of value + 1. No two nodes share a base, so that the
/// label alone tells whose child a place is.
final class DoubleArrayTrie: @unchecked Sendable {
  /// Nodes a trie can have.
  static let maxNodes = 1 << 27
  /// Values are below this.
  static let maxValue: Int32 = (1 << 28) - 2

  let nodes: UnsafeMutablePointer<UInt64>
  let count: Int

  /// Takes keys in byte order with values from 0 on; of equal keys the first counts. Empty keys
  /// are left out.
  init(sorted keys: [(key: UnsafeBufferPointer<UInt8>, value: Int32)]) {
    var builder = DoubleArrayBuilder()
    builder.build(keys.first?.key.isEmpty == true ? keys.filter { !$0.key.isEmpty } : keys)
    count = builder.nodes.count
    let memory = HugePages.allocate(byteCount: count * 8)
    nodes = memory.bindMemory(to: UInt64.self, capacity: count)
    builder.nodes.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { nodes.update(from: base, count: count) }
    }
  }

  deinit { HugePages.free(nodes) }

  /// Makes a trie of tokens: values are their ids.
  convenience init(_ tokens: TokenTable, where isWanted: (Int) -> Bool = { _ in true }) {
    self.init(tokens, values: { isWanted($0) ? Int32($0) : -1 })
  }

  /// Makes a trie of tokens with a value for each id, -1 for those that are left out.
  convenience init(_ tokens: TokenTable, values: (Int) -> Int32) {
    var order: [(head: UInt64, id: Int32, value: Int32)] = []
    order.reserveCapacity(tokens.count)
    for id in 0..<tokens.count {
      let value = values(id)
      guard value >= 0 else { continue }
      var head: UInt64 = 0
      let bytes = tokens.bytes(of: TokenID(id))
      for index in 0..<8 { head = head << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
      order.append((head, Int32(id), value))
    }
    order.sort {
      if $0.head != $1.head { return $0.head < $1.head }
      let (a, b) = (tokens.bytes(of: TokenID($0.id)), tokens.bytes(of: TokenID($1.id)))
      if a.lexicographicallyPrecedes(b) { return true }
      return !b.lexicographicallyPrecedes(a) && $0.id < $1.id
    }
    self.init(sorted: order.map { (tokens.bytes(of: TokenID($0.id)), $0.value) })
  }

  /// The node of the empty key.
  @inline(__always) var root: UInt64 { nodes[0] }

  /// The child of a node for a byte, or 0.
  @inline(__always)
  func child(_ node: UInt64, _ byte: UInt8) -> UInt64 {
    let place = Int(truncatingIfNeeded: node >> 9 & 0x7FF_FFFF) ^ Int(byte)
    let found = nodes[place]
    return found & 0x1FF == UInt64(byte) | 0x100 ? found : 0
  }

  /// The value of a node, or -1.
  @inline(__always)
  static func value(_ node: UInt64) -> Int32 { Int32(truncatingIfNeeded: node >> 36) &- 1 }
}

/// Places the nodes of a `DoubleArrayTrie`, in blocks of 256.
private struct DoubleArrayBuilder {
  var nodes: [UInt64] = []
  /// Blocks with free places that were not yet given up on.
  private var open: [Int] = []
  /// Free places of each block as bits; shape [blocks x 4].
  private var free: [UInt64] = []
  /// Bases in use, as bits; shape [blocks x 4]. Base 0 is that of nodes without children.
  private var taken: [UInt64] = []
  private var failures: [UInt8] = []

  mutating func build(_ keys: [(key: UnsafeBufferPointer<UInt8>, value: Int32)]) {
    addBlock()
    use(0, label: 0)
    taken[0] |= 1
    guard !keys.isEmpty else { return }
    // Nodes are placed in order of the least value below them, about: tokens of low ids are the
    // frequent ones, so that what is read most lies together.
    var waiting = [[Item]](repeating: [], count: Self.bucketCount)
    waiting[0].append(Item(node: 0, start: 0, end: keys.count, depth: 0))
    let width = max(1, (keys.reduce(0) { max($0, Int($1.value)) } + 1) / Self.bucketCount + 1)
    var bytes: [UInt8] = []
    var children: [(start: Int, least: Int)] = []
    for bucket in 0..<Self.bucketCount {
      while let item = waiting[bucket].popLast() {
        let depth = item.depth
        var at = item.start
        if keys[at].key.count == depth {
          nodes[item.node] |= UInt64(UInt32(bitPattern: keys[at].value) + 1) << 36
          repeat { at += 1 } while at < item.end && keys[at].key.count == depth
        }
        bytes.removeAll(keepingCapacity: true)
        children.removeAll(keepingCapacity: true)
        while at < item.end {
          let byte = keys[at].key[depth]
          bytes.append(byte)
          let start = at
          var least = Int.max
          repeat {
            least = min(least, Int(keys[at].value))
            at += 1
          } while at < item.end && keys[at].key[depth] == byte
          children.append((start, least))
        }
        guard !bytes.isEmpty else { continue }
        children.append((item.end, 0))
        let base = place(bytes)
        taken[base >> 6] |= 1 << UInt64(base & 63)
        nodes[item.node] |= UInt64(base) << 9
        for (index, byte) in bytes.enumerated() {
          let child = base ^ Int(byte)
          use(child, label: UInt64(byte) | 0x100)
          waiting[max(bucket, children[index].least / width)].append(
            Item(
              node: child, start: children[index].start, end: children[index + 1].start,
              depth: depth + 1))
        }
      }
    }
  }

  /// A node whose children have no places yet: the keys below it.
  private struct Item {
    var node: Int
    var start: Int
    var end: Int
    var depth: Int
  }
  private static let bucketCount = 2048

  private mutating func addBlock() {
    open.append(nodes.count / 256)
    for _ in 0..<4 {
      free.append(.max)
      taken.append(0)
    }
    failures.append(0)
    nodes.append(contentsOf: repeatElement(0, count: 256))
  }

  private mutating func use(_ index: Int, label: UInt64) {
    nodes[index] = label
    free[index >> 6] &= ~(1 << UInt64(index & 63))
  }

  private static func has(_ bits: [UInt64], _ index: Int) -> Bool {
    bits[index >> 6] >> UInt64(index & 63) & 1 != 0
  }

  /// Whether no node has this base and the places of `bytes` are free.
  private func fits(_ base: Int, _ bytes: [UInt8]) -> Bool {
    if Self.has(taken, base) { return false }
    for byte in bytes where !Self.has(free, base ^ Int(byte)) { return false }
    return true
  }

  /// A base that fits.
  private mutating func place(_ bytes: [UInt8]) -> Int {
    var slot = open.count - 1
    while slot >= 0 && slot >= open.count - 24 {
      let block = open[slot]
      for word in block * 4..<block * 4 + 4 {
        var bits = free[word]
        while bits != 0 {
          let base = (word << 6 | bits.trailingZeroBitCount) ^ Int(bytes[0])
          if fits(base, bytes) { return base }
          bits &= bits - 1
        }
      }
      failures[block] += 1
      if failures[block] > 60 || (0..<4).allSatisfy({ free[block * 4 + $0] == 0 }) {
        open.remove(at: slot)
      }
      slot -= 1
    }
    addBlock()
    return nodes.count - 256
  }
}
