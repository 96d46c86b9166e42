import ShardifyCore

/// WordPiece: the longest token at each place of a word, or the unknown token for all of it.
final class WordPieceModel: @unchecked Sendable {
  let tokens: TokenTable
  let trie: DoubleArrayTrie
  let unknown: TokenID
  /// Words of more characters are unknown.
  let maxCharacters: Int
  /// The node of the prefix of tokens inside a word, or 0 if no token has it.
  let insideNode: UInt64

  init(tokens: TokenTable, unknown: TokenID, maxCharacters: Int, prefix: [UInt8]) {
    self.tokens = tokens
    self.unknown = unknown
    self.maxCharacters = maxCharacters
    trie = DoubleArrayTrie(tokens)
    var node = trie.root
    for byte in prefix where node != 0 { node = trie.child(node, byte) }
    insideNode = node
  }

  /// Writes the ids of a word of one or more bytes, at most one a byte; returns how many.
  func encode(
    _ word: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    out[0] = unknown
    if count > maxCharacters {
      var characters = 0
      for index in 0..<count where word[index] & 0xC0 != 0x80 { characters &+= 1 }
      if characters > maxCharacters { return 1 }
    }
    var written = 0
    var start = 0
    while start < count {
      var node = start == 0 ? trie.root : insideNode
      var at = start
      var end = -1
      var id: Int32 = -1
      while at < count && node != 0 {
        node = trie.child(node, word[at])
        guard node != 0 else { break }
        at &+= 1
        let value = DoubleArrayTrie.value(node)
        if value >= 0 {
          end = at
          id = value
        }
      }
      guard end > 0 else {
        out[0] = unknown
        return 1
      }
      out[written] = TokenID(truncatingIfNeeded: id)
      written &+= 1
      start = end
    }
    return written
  }
}

/// WordLevel: a word is a token or unknown.
struct WordLevelModel: Sendable {
  let tokens: TokenTable
  let unknown: TokenID
}
