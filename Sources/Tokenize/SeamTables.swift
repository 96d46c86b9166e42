import ShardifyCore

/// What `SeamEncoder` needs of a vocabulary: tokens by their bytes, each token's longest prefix
/// that is a token, and how each is made.
///
/// There are such tables only for models where the method is exact: every token's origin known, and
/// each merge after those that make its parts.
final class SeamTables: @unchecked Sendable {
  /// One token; 16 bytes.
  struct Token {
    var left: TokenID
    var right: TokenID
    /// As in `MergeTree.Origin`.
    var rank: Int32
    /// The longest shorter token it starts with, and its own length: 22 and 10 bits.
    var prefixAndLength: UInt32

    @inline(__always) var length: Int { Int(prefixAndLength & 0x3FF) }
    @inline(__always) var prefix: TokenID { prefixAndLength >> 10 }
  }

  /// A `prefix` of tokens that have none.
  static let noPrefix: TokenID = (1 << 22) - 1

  /// Shape [ids].
  let tokens: UnsafeMutablePointer<Token>
  /// Values are `id << 1 | isMade`; tokens that no merges make are here only if a pretoken that
  /// spells them becomes them.
  let trie: DoubleArrayTrie
  /// The node of each two bytes, or 0; shape [256 x 256].
  let starts: UnsafeMutablePointer<UInt64>

  /// Nil if the method is not exact for the model.
  init?(_ tree: MergeTree, tokens table: TokenTable, wholeFirst: Bool) {
    guard tree.isComplete, tree.isMonotone else { return nil }
    let parents = UnsafeMutablePointer<Int32>.allocate(capacity: table.count * 2 + 2)
    defer { parents.deallocate() }
    trie = DoubleArrayTrie(table, parents: parents) { id in
      let bytes = table.bytes(of: TokenID(id))
      guard let base = bytes.baseAddress, !bytes.isEmpty else { return -1 }
      if tree.origins[id].rank != MergeTree.Origin.never { return Int32(id) << 1 | 1 }
      let isFound = table.find(base, bytes.count, PieceHash.of(base, bytes.count)) == TokenID(id)
      return wholeFirst && isFound ? Int32(id) << 1 : -1
    }
    tokens = HugePages.allocate(byteCount: max(1, table.count) * 16)
      .bindMemory(to: Token.self, capacity: table.count)
    for id in 0..<table.count {
      let origin = tree.origins[id]
      let bytes = table.bytes(of: TokenID(id))
      let isMade = origin.rank != MergeTree.Origin.never
      var prefix = Self.noPrefix
      if isMade {
        var value = parents[id << 1 | 1]
        while value >= 0 && value & 1 == 0 { value = parents[Int(value)] }
        if value >= 0 { prefix = TokenID(value >> 1) }
      }
      tokens[id] = Token(
        left: origin.left, right: origin.right, rank: origin.rank,
        prefixAndLength: prefix << 10 | UInt32(isMade ? bytes.count : 0))
    }
    starts = HugePages.allocate(byteCount: 65536 * 8).bindMemory(to: UInt64.self, capacity: 65536)
    for first in 0..<256 {
      let node = trie.child(trie.root, UInt8(first))
      guard node != 0 else { continue }
      for second in 0..<256 { starts[first << 8 | second] = trie.child(node, UInt8(second)) }
    }
  }

  deinit {
    HugePages.free(tokens)
    HugePages.free(starts)
  }
}
