import ShardifyCore

/// The pairs that merge to each piece of a model that merges neighbours whenever their joined text
/// is a piece.
///
/// A piece is made by the two symbols that the merges before it leave of its characters, and by no
/// other pair, whatever stands around it (see `MergeTree`). Where they do not leave two, or equal
/// scores could change the order, all pairs that spell it are taken.
struct PieceMerges {
  typealias Merge = (left: TokenID, right: TokenID, rank: UInt32)

  /// All pairs of a longer piece are taken.
  private static let maxBytes = 256
  /// Comparisons for pieces over 64 bytes, all together; then all pairs of these are taken.
  private var budget = 60_000_000

  private let symbols: TokenTable
  private let merged: [TokenID]
  /// Whether merges never wait for the place in a text.
  private let isOrdered: Bool
  private let isTied: Bool

  /// The pairs, by rank.
  private(set) var merges: [Merge] = []
  /// How each piece and character is made, but for those with two `▁` in a row where such share
  /// a priority; nil if a piece has more than one pair.
  private(set) var tree: MergeTree?

  /// `symbols`: pieces and characters; `merged`: the piece of each rank; `priorities`: as
  /// `BPEModel` has them.
  init(_ symbols: TokenTable, merged: [TokenID], priorities: [UInt32]?) {
    self.symbols = symbols
    self.merged = merged
    isOrdered = symbols.firstDouble == nil && BPEModel.tiesAreRuns(priorities, merged, symbols)
    isTied = priorities != nil
    find()
  }

  private mutating func find() {
    var capacity = merged.count * 2
    var pairs = PairTable(capacity: capacity)
    merges.reserveCapacity(capacity)
    var origins = atoms()
    var hasOrigins = isOrdered
    var parts: [TokenID] = []
    for (rank, id) in merged.enumerated() {
      let bytes = symbols.bytes(of: id)
      let first = merges.count
      if isOrdered && !(isTied && MarkedWords.holdsTwo(bytes)) {
        reduce(bytes, pairs, to: &parts)
        if parts.count == 2 {
          merges.append((parts[0], parts[1], UInt32(rank)))
          origins[Int(id)] = .init(left: parts[0], right: parts[1], rank: Int32(rank))
        } else {
          hasOrigins = false
        }
      }
      if merges.count == first { append(bytes, UInt32(rank)) }
      if merges.count > capacity {
        capacity = merges.count * 2
        pairs = PairTable(capacity: capacity)
        for merge in merges { pairs.insert(merge) }
      } else {
        for merge in merges[first...] { pairs.insert(merge) }
      }
    }
    tree = hasOrigins ? MergeTree(origins, symbols) : nil
  }

  /// Origins of the characters; the pieces have none yet.
  private func atoms() -> [MergeTree.Origin] {
    (0..<symbols.count).map { id in
      var origin = MergeTree.Origin()
      let bytes = symbols.bytes(of: TokenID(id))
      if let base = bytes.baseAddress, bytes.count <= 4,
        UTF8Check.length(base, at: 0, end: bytes.count) == bytes.count,
        symbols.find(base, bytes.count, PieceHash.of(base, bytes.count)) == TokenID(id)
      {
        origin.rank = MergeTree.Origin.atom
      }
      return origin
    }
  }

  /// What merges leave of the characters of a piece; nothing if they are too many to look into.
  private mutating func reduce(
    _ bytes: UnsafeBufferPointer<UInt8>, _ pairs: PairTable, to parts: inout [TokenID]
  ) {
    parts.removeAll(keepingCapacity: true)
    if bytes.count > 64 { budget -= bytes.count * bytes.count }
    guard let base = bytes.baseAddress, bytes.count <= Self.maxBytes,
      bytes.count <= 64 || budget >= 0
    else { return }
    var start = 0
    for end in 1...bytes.count where end == bytes.count || base[end] & 0xC0 != 0x80 {
      let id = symbols.find(base + start, end - start, PieceHash.of(base + start, end - start))
      if id == TokenTable.none {
        parts.removeAll(keepingCapacity: true)
        return
      }
      parts.append(id)
      start = end
    }
    while parts.count > 2 {
      var best = (rank: PairTable.none, place: 0)
      for place in 1..<parts.count {
        let rank = pairs.rank(parts[place - 1], parts[place])
        if rank < best.rank { best = (rank, place) }
      }
      if best.rank == PairTable.none { return }
      parts[best.place - 1] = merged[Int(best.rank)]
      parts.remove(at: best.place)
    }
  }

  /// Adds all pairs that spell a piece.
  private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>, _ rank: UInt32) {
    guard let base = bytes.baseAddress, bytes.count > 1 else { return }
    for cut in 1..<bytes.count where base[cut] & 0xC0 != 0x80 {
      let left = symbols.find(base, cut, PieceHash.of(base, cut))
      if left == TokenTable.none { continue }
      let rest = bytes.count - cut
      let right = symbols.find(base + cut, rest, PieceHash.of(base + cut, rest))
      if right != TokenTable.none { merges.append((left, right, rank)) }
    }
  }
}
