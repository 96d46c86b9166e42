import ShardifyCore

/// A trie over bytes in one array of words: the child of a node for a byte is at `base ^ byte`,
/// and names that byte. Immutable once made.
///
/// A node is one word, from the low end: 9 bits of label (its byte, and a bit that tells a used
/// place from a free one), 27 of base, 28 of value + 1. No two nodes share a base, so that the
/// label alone tells whose child a place is.
final class DoubleArrayTrie: @unchecked Sendable {
  let nodes: UnsafeMutablePointer<UInt64>
  let count: Int

  /// Takes keys, and changes their order; of equal keys the first counts. Notes in `parents`, for
  /// each value, that of the longest shorter key that its key starts with.
  init(
    _ keys: UnsafeMutableBufferPointer<DoubleArrayBuilder.Key>,
    parents: UnsafeMutablePointer<Int32>? = nil
  ) {
    var builder = DoubleArrayBuilder(keys, parents: parents)
    builder.build()
    count = builder.count
    nodes = HugePages.allocate(byteCount: count * 8).bindMemory(to: UInt64.self, capacity: count)
    nodes.update(from: builder.nodes, count: count)
  }

  deinit { HugePages.free(nodes) }

  /// Makes a trie of tokens: values are their ids.
  convenience init(_ tokens: TokenTable, where isWanted: (Int) -> Bool = { _ in true }) {
    self.init(tokens, values: { isWanted($0) ? Int32($0) : -1 })
  }

  /// Makes a trie of tokens with a value for each id, -1 for those that are left out. Sets
  /// `parents`, which has room for all values, to -1 where no key is a prefix.
  convenience init(
    _ tokens: TokenTable, parents: UnsafeMutablePointer<Int32>? = nil, values: (Int) -> Int32
  ) {
    let keys = UnsafeMutableBufferPointer<DoubleArrayBuilder.Key>.allocate(
      capacity: max(1, tokens.count))
    defer { keys.deallocate() }
    var count = 0
    for id in 0..<tokens.count {
      let value = values(id)
      let bytes = tokens.bytes(of: TokenID(id))
      guard value >= 0, let base = bytes.baseAddress, bytes.count > 0 else { continue }
      keys[count] = .init(base, bytes.count, value: value)
      count += 1
    }
    self.init(UnsafeMutableBufferPointer(rebasing: keys[..<count]), parents: parents)
  }

  /// The node of the empty key.
  @inline(__always) var root: UInt64 { nodes[0] }

  /// The child of a node for a byte, or 0.
  @inline(__always)
  func child(_ node: UInt64, _ byte: UInt8) -> UInt64 {
    let place = Self.base(node) ^ Int(byte)
    let found = nodes[place]
    return found & 0x1FF == UInt64(byte) | 0x100 ? found : 0
  }

  /// The nodes of each first byte, and of each first two bytes of a character of three:
  /// shapes [256] and [16 x 64]. Walks start with them, since they stay in the fastest cache.
  struct Starts {
    let firsts: [UInt64]
    let seconds: [UInt64]

    init(_ trie: DoubleArrayTrie) {
      let firsts = (0..<256).map { trie.child(trie.root, UInt8($0)) }
      self.firsts = firsts
      seconds = (0..<1024).map { place in
        let first = firsts[0xE0 | place >> 6]
        return first == 0 ? 0 : trie.child(first, UInt8(0x80 | place & 63))
      }
    }
  }

  /// The base of a node: where its children are, but for their bytes.
  @inline(__always)
  static func base(_ node: UInt64) -> Int { Int(truncatingIfNeeded: node >> 9 & 0x7FF_FFFF) }

  /// The value of a node, or -1.
  @inline(__always)
  static func value(_ node: UInt64) -> Int32 { Int32(truncatingIfNeeded: node >> 36) &- 1 }
}
