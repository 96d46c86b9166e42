import ShardifyCore

/// A trie over bytes in one array: the child of a node for a byte is at `base ^ byte`, and says
/// which node it belongs to. Immutable once made.
final class DoubleArrayTrie: @unchecked Sendable {
  /// One node.
  struct Node {
    /// Where the children are.
    var base: Int32
    /// The parent, or -1 if the place is free.
    var parent: Int32
    /// The value of the key that ends here, or -1.
    var value: Int32
    /// Unused; keeps nodes at 16 bytes.
    var padding: Int32 = 0
  }

  /// The node of the empty key.
  static let root: Int32 = 0

  let nodes: UnsafeMutablePointer<Node>
  let count: Int

  /// Takes distinct keys in byte order with values from 0 on. Empty keys are left out.
  init(sorted keys: [(key: UnsafeBufferPointer<UInt8>, value: Int32)]) {
    var builder = DoubleArrayBuilder()
    builder.build(keys.filter { !$0.key.isEmpty })
    count = builder.nodes.count
    nodes = .allocate(capacity: count)
    for (index, node) in builder.nodes.enumerated() { nodes[index] = node }
  }

  deinit { nodes.deallocate() }

  /// Makes a trie of tokens: values are their ids.
  convenience init(_ tokens: TokenTable, where isWanted: (Int) -> Bool = { _ in true }) {
    var keys: [(key: UnsafeBufferPointer<UInt8>, value: Int32)] = []
    for id in 0..<tokens.count where isWanted(id) {
      keys.append((tokens.bytes(of: TokenID(id)), Int32(id)))
    }
    keys.sort { $0.key.lexicographicallyPrecedes($1.key) }
    self.init(sorted: keys)
  }

  /// The child of a node for a byte, or -1.
  @inline(__always)
  func child(_ node: Int32, _ byte: UInt8) -> Int32 {
    let next = nodes[Int(node)].base ^ Int32(byte)
    return nodes[Int(next)].parent == node ? next : -1
  }
}

/// Places the nodes of a `DoubleArrayTrie`, in blocks of 256.
private struct DoubleArrayBuilder {
  var nodes: [DoubleArrayTrie.Node] = []
  /// Blocks with free places that were not yet given up on.
  private var open: [Int] = []
  /// Free places of each block as bits; shape [blocks x 4].
  private var free: [UInt64] = []
  private var failures: [UInt8] = []

  mutating func build(_ keys: [(key: UnsafeBufferPointer<UInt8>, value: Int32)]) {
    addBlock()
    use(0, parent: -2)
    guard !keys.isEmpty else {
      return
    }
    var stack: [(node: Int, range: Range<Int>, depth: Int)] = [(0, 0..<keys.count, 0)]
    while let (node, range, depth) = stack.popLast() {
      var children: [(byte: UInt8, range: Range<Int>)] = []
      var at = range.lowerBound
      if keys[at].key.count == depth {
        nodes[node].value = keys[at].value
        at += 1
      }
      while at < range.upperBound {
        let byte = keys[at].key[depth]
        let start = at
        while at < range.upperBound && keys[at].key[depth] == byte { at += 1 }
        children.append((byte, start..<at))
      }
      guard !children.isEmpty else { continue }
      let base = place(children.map(\.byte))
      nodes[node].base = Int32(base)
      for child in children {
        let index = base ^ Int(child.byte)
        use(index, parent: Int32(node))
        stack.append((index, child.range, depth + 1))
      }
    }
  }

  private mutating func addBlock() {
    open.append(nodes.count / 256)
    free += [.max, .max, .max, .max]
    failures.append(0)
    for _ in 0..<256 { nodes.append(.init(base: 0, parent: -1, value: -1)) }
  }

  private mutating func use(_ index: Int, parent: Int32) {
    nodes[index].parent = parent
    free[index >> 6] &= ~(1 << UInt64(index & 63))
  }

  private func isFree(_ index: Int) -> Bool { free[index >> 6] >> UInt64(index & 63) & 1 != 0 }

  /// A base whose places for all of `bytes` are free.
  private mutating func place(_ bytes: [UInt8]) -> Int {
    var slot = open.count - 1
    while slot >= 0 && slot >= open.count - 24 {
      let block = open[slot]
      for word in block * 4..<block * 4 + 4 {
        var bits = free[word]
        while bits != 0 {
          let base = (word << 6 | bits.trailingZeroBitCount) ^ Int(bytes[0])
          if bytes.allSatisfy({ isFree(base ^ Int($0)) }) { return base }
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
    return (nodes.count - 256) ^ 0
  }
}
