/// The pieces of a Unigram model in training, and where each may stand in the text.
///
/// Matches of all pieces are found once; pieces that go take their matches along. Threads only read
/// it, while nobody changes it.
final class UnigramLattice: @unchecked Sendable {
  /// Characters of all pieces, one after another, and where each piece ends.
  private(set) var characters: [UInt32] = []
  private(set) var ends: [Int] = []
  /// Whether a piece is still in; shape [pieces].
  var isAlive: [Bool] = []
  /// Logarithmic probabilities; shape [pieces].
  var scores: [Double] = []
  let text: UnigramText
  /// First match of each place, and of the place after the last; shape [places + 1].
  private(set) var matchStarts: [Int] = []
  /// Pieces that match, shortest first, place by place.
  private(set) var matches: [UInt32] = []
  private var trie = PieceTrie()

  /// Starts from pieces with their weights: all single characters first, by number.
  init(_ text: UnigramText, seeds: [(place: Int, length: Int, weight: Int64)]) {
    self.text = text
    var weights: [Int64] = []
    for (number, weight) in text.characterWeights.enumerated() {
      characters.append(UInt32(number))
      ends.append(characters.count)
      weights.append(weight)
    }
    for seed in seeds {
      characters += text.text[seed.place..<seed.place + seed.length]
      ends.append(characters.count)
      weights.append(seed.weight)
    }
    isAlive = Array(repeating: true, count: ends.count)
    let total = StableMath.log(max(1, weights.reduce(0) { $0 + Double($1) }))
    scores = weights.map { StableMath.log(Double(max(1, $0))) - total }
    for piece in ends.indices { trie.add(characters[range(piece)], UInt32(piece)) }
    findMatches()
  }

  /// Pieces, dead ones with them.
  var count: Int { ends.count }

  func range(_ piece: Int) -> Range<Int> { (piece == 0 ? 0 : ends[piece - 1])..<ends[piece] }

  func length(_ piece: Int) -> Int { range(piece).count }

  private func findMatches() {
    matchStarts.reserveCapacity(text.text.count + 1)
    var start = 0
    for end in text.ends {
      for place in start..<end {
        matchStarts.append(matches.count)
        trie.forEachMatch(text.text, place, end) { matches.append($0) }
      }
      start = end
    }
    matchStarts.append(matches.count)
  }

  /// Takes the matches of dead pieces out.
  func dropDead() {
    var kept = 0
    var from = 0
    for place in 0..<matchStarts.count - 1 {
      let end = matchStarts[place + 1]
      matchStarts[place] = kept
      for index in from..<end where isAlive[Int(matches[index])] {
        matches[kept] = matches[index]
        kept += 1
      }
      from = end
    }
    matchStarts[matchStarts.count - 1] = kept
    matches.removeLast(matches.count - kept)
  }

  /// The best way to write a piece with others; nil for single characters.
  func alternative(to piece: Int) -> [UInt32]? {
    let range = range(piece)
    let length = range.count
    guard length > 1 else { return nil }
    var best = [Double](repeating: -.infinity, count: length + 1)
    var last = [UInt32](repeating: 0, count: length + 1)
    best[0] = 0
    for start in 0..<length {
      trie.forEachMatch(characters, range.lowerBound + start, range.upperBound) { found in
        guard found != UInt32(piece), isAlive[Int(found)] else { return }
        let end = start + self.length(Int(found))
        let score = best[start] + scores[Int(found)]
        if score > best[end] {
          best[end] = score
          last[end] = found
        }
      }
    }
    var out: [UInt32] = []
    var at = length
    while at > 0 {
      out.append(last[at])
      at -= self.length(Int(last[at]))
    }
    return out.reversed()
  }
}

/// Pieces by their characters: a trie whose edges are in one hash table.
struct PieceTrie {
  private var keys: [UInt64] = Array(repeating: 0, count: 1 << 12)
  private var nodes: [UInt32] = Array(repeating: 0, count: 1 << 12)
  private var mask = (1 << 12) - 1
  /// The piece that ends at a node, or none; node 0 is the root.
  private var pieces: [UInt32] = [UInt32.max]

  /// Adds a piece.
  mutating func add(_ characters: ArraySlice<UInt32>, _ piece: UInt32) {
    var node: UInt32 = 0
    for character in characters {
      let key = UInt64(node) << 32 | UInt64(character)
      let place = find(key)
      if nodes[place] != 0 {
        node = nodes[place]
        continue
      }
      pieces.append(UInt32.max)
      node = UInt32(pieces.count - 1)
      keys[place] = key
      nodes[place] = node
      if pieces.count * 2 > mask { grow() }
    }
    pieces[Int(node)] = piece
  }

  @inline(__always)
  private func find(_ key: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: ByteHash.mix(key ^ 0x2545_F491_4F6C_DD1D)) & mask
    while nodes[place] != 0 && keys[place] != key { place = (place &+ 1) & mask }
    return place
  }

  private mutating func grow() {
    let (oldKeys, oldNodes) = (keys, nodes)
    mask = mask * 2 + 1
    keys = Array(repeating: 0, count: mask + 1)
    nodes = Array(repeating: 0, count: mask + 1)
    for index in oldNodes.indices where oldNodes[index] != 0 {
      let place = find(oldKeys[index])
      keys[place] = oldKeys[index]
      nodes[place] = oldNodes[index]
    }
  }

  /// Calls `body` with each piece that starts at `start` and ends by `end`, the shortest first.
  @inline(__always)
  func forEachMatch(_ text: [UInt32], _ start: Int, _ end: Int, _ body: (UInt32) -> Void) {
    var node: UInt32 = 0
    for place in start..<end {
      node = nodes[find(UInt64(node) << 32 | UInt64(text[place]))]
      if node == 0 { return }
      if pieces[Int(node)] != UInt32.max { body(pieces[Int(node)]) }
    }
  }
}
