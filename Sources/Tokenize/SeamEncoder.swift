import ShardifyCore

/// Encodes a pretoken from left to right, in linear time. One per thread.
///
/// Tokens in a row are what the merges give exactly if the seams between neighbours are: if no
/// merge crosses a seam before the two tokens are whole. So the longest token is taken at each
/// place, then shorter ones until the seam before it holds; where none does, the token before is
/// taken back, and the place is not tried again. Seams repeat, so that their verdicts are kept.
///
/// Source: the method of the `bpe` crate (van Antwerpen and Neubeck 2024, "So many tokens, so
/// little time").
final class SeamEncoder {
  /// Verdicts kept, as a power of two: 256 KiB.
  private static let seamBits: UInt64 = 15

  private let tables: SeamTables
  private let tokens: UnsafeMutablePointer<SeamTables.Token>
  private let trie: DoubleArrayTrie
  private let starts: UnsafeMutablePointer<UInt64>
  private let byteTokens: UnsafeMutablePointer<TokenID>
  private let pairs: PairTable
  /// `(left << 21 | right) << 1 | holds` by a hash of the pair.
  private let seams: UnsafeMutablePointer<UInt64>
  /// Places from which no encoding reaches the end, as bits.
  private var dead: UnsafeMutablePointer<UInt64>
  private var deadWords = 4

  init(_ tables: SeamTables, _ model: BPEModel) {
    self.tables = tables
    tokens = tables.tokens
    trie = tables.trie
    starts = tables.starts
    // What a character of one byte is stands at that byte's place in both.
    byteTokens = model.characterTokens ?? model.byteTokens
    pairs = model.pairs
    let count = 1 << Int(Self.seamBits)
    seams = HugePages.allocate(byteCount: count * 8).bindMemory(to: UInt64.self, capacity: count)
    seams.update(repeating: .max, count: count)
    dead = .allocate(capacity: deadWords)
  }

  deinit {
    HugePages.free(seams)
    dead.deallocate()
  }

  /// Writes the ids of a pretoken of one or more bytes, at most one a byte, and returns how many;
  /// 0 if the vocabulary has no encoding for it after all.
  func encode(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    var (id, end) = whole(bytes, count)
    var place = 0
    var written = 0
    var hasDead = false
    while true {
      if !(hasDead && isDead(end)) && (written == 0 || holds(out[written &- 1], id)) {
        out[written] = id
        written &+= 1
        place = end
        if place == count { return written }
        (id, end) = longest(bytes, place, count)
        continue
      }
      var shorter = tokens[Int(id)].prefix
      while shorter == SeamTables.noPrefix {
        // No token fits here: the one before goes, for a shorter one.
        if !hasDead { clearDead(count) }
        hasDead = true
        dead[place >> 6] |= 1 << UInt64(place & 63)
        if written == 0 { return 0 }
        written &-= 1
        id = out[written]
        place &-= tokens[Int(id)].length
        shorter = tokens[Int(id)].prefix
      }
      id = shorter
      end = place &+ tokens[Int(id)].length
    }
  }

  /// The token that the bytes spell, or the longest that they start with and merges make.
  @inline(__always)
  private func whole(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> (id: TokenID, end: Int) {
    walk(bytes, 0, count, takesAny: true)
  }

  /// The longest token at a place.
  @inline(__always)
  private func longest(_ bytes: UnsafePointer<UInt8>, _ place: Int, _ count: Int)
    -> (id: TokenID, end: Int)
  {
    walk(bytes, place, count, takesAny: false)
  }

  @inline(__always)
  private func walk(
    _ bytes: UnsafePointer<UInt8>, _ place: Int, _ count: Int, takesAny: Bool
  ) -> (id: TokenID, end: Int) {
    var id = byteTokens[Int(bytes[place])]
    var end = place &+ 1
    guard end < count else { return (id, end) }
    var node = starts[Int(bytes[place]) << 8 | Int(bytes[end])]
    var at = place &+ 2
    while node != 0 {
      let value = UInt32(truncatingIfNeeded: node >> 36) &- 1
      // Not a token at all: all ones, which is odd too.
      if value & 1 == 1 && value != .max {
        id = value >> 1
        end = at
      }
      if at == count {
        if takesAny && value != .max { return (value >> 1, at) }
        break
      }
      node = trie.child(node, bytes[at])
      at &+= 1
    }
    return (id, end)
  }

  @inline(__always)
  private func isDead(_ place: Int) -> Bool { dead[place >> 6] >> UInt64(place & 63) & 1 != 0 }

  private func clearDead(_ count: Int) {
    let words = count / 64 + 1
    if words > deadWords {
      dead.deallocate()
      deadWords = words * 2
      dead = .allocate(capacity: deadWords)
    }
    dead.update(repeating: 0, count: words)
  }

  /// Whether two tokens can stand side by side.
  @inline(__always)
  private func holds(_ left: TokenID, _ right: TokenID) -> Bool {
    let key = UInt64(left) << 21 | UInt64(right)
    let slot =
      seams + Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> (64 - Self.seamBits))
    let kept = slot.pointee
    if kept >> 1 == key { return kept & 1 != 0 }
    let verdict = judge(left, right)
    slot.pointee = key << 1 | (verdict ? 1 : 0)
    return verdict
  }

  /// Undoes the merges on both sides of a seam, the latest first; the seam fails if a pair across
  /// it merges before the merge just undone.
  private func judge(_ first: TokenID, _ second: TokenID) -> Bool {
    var left = first
    var right = second
    var limit = Int32.max
    while true {
      let rank = pairs.rank(left, right)
      if rank != PairTable.none && Int32(truncatingIfNeeded: rank) < limit { return false }
      let (a, b) = (tokens[Int(left)], tokens[Int(right)])
      if a.rank > b.rank {
        limit = a.rank
        left = a.right
      } else {
        if b.rank < 0 { return true }
        // Of equal ranks the left pair goes first.
        limit = b.rank &+ 1
        right = b.left
      }
    }
  }
}
