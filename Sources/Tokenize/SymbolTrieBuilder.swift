import CSIMD
import ShardifyCore

/// Finds places for the nodes of a `SymbolTrie`: those of low ids, which are the frequent ones, lie
/// together.
///
/// Works in raw memory, as `DoubleArrayBuilder` does.
struct SymbolTrieBuilder: ~Copyable {
  private struct Node {
    var base: UInt32 = 0
    var symbol: UInt16
    /// As in `csimd_node`.
    var children: UInt16 = 0
    /// The value of the piece that ends here, or -1.
    var value: Int32
    var place: Int32 = -1
    var childCount: Int32 = 0
    /// The child that was added last, and the child of the same parent that was added before; or
    /// -1.
    var child: Int32 = -1
    var sibling: Int32
  }

  /// Parents whose children are placed together, those of most children first.
  private static let groupCount = 4096
  /// Free places that are tried for several children before the search moves on.
  private static let tries = 64

  private let symbolCount: Int
  /// First those of single symbols, by symbol; then as pieces need them.
  private let made: UnsafeMutablePointer<Node>
  private var madeCount: Int
  /// Places come in blocks, which no symbol leads out of: so many words of 64 places.
  private let blockWords: Int
  private var wordCount = 0
  private var wordCapacity: Int
  /// Places and bases that are free, as bits. Base 0 stands for none.
  private var places: UnsafeMutablePointer<UInt64>
  private var bases: UnsafeMutablePointer<UInt64>
  /// Words before these have no place for one child, and were given up for several.
  private var firstFree = 0
  private var firstTried = 0
  /// Symbols of the children that are being placed.
  private let symbols: UnsafeMutablePointer<Int>

  /// Takes the pieces of a trie over bytes, which must be UTF-8.
  init(
    _ tokens: TokenTable, _ trie: DoubleArrayTrie, _ table: SymbolTable, isPiece: (Int) -> Bool
  ) {
    symbolCount = table.count
    made = .allocate(capacity: symbolCount + trie.count)
    madeCount = symbolCount
    for symbol in 0..<symbolCount {
      made[symbol] = Node(symbol: UInt16(symbol), value: -1, sibling: -1)
    }
    var words = 1
    while words * 64 < symbolCount { words *= 2 }
    blockWords = words
    wordCapacity = words
    places = .allocate(capacity: words)
    bases = .allocate(capacity: words)
    symbols = .allocate(capacity: symbolCount)
    // The node at each place of the other trie.
    let seen = UnsafeMutablePointer<Int32>.allocate(capacity: trie.count)
    seen.initialize(repeating: -1, count: trie.count)
    defer { seen.deallocate() }
    for id in 0..<tokens.count where isPiece(id) {
      let bytes = tokens.bytes(of: TokenID(id))
      if let base = bytes.baseAddress { add(base, bytes.count, trie, table, seen) }
    }
  }

  deinit {
    made.deallocate()
    places.deallocate()
    bases.deallocate()
    symbols.deallocate()
  }

  private mutating func add(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ trie: DoubleArrayTrie, _ table: SymbolTable,
    _ seen: UnsafeMutablePointer<Int32>
  ) {
    var parent = -1
    var place = 0
    var at = 0
    while at < count {
      let length = max(1, UTF8Check.length(bytes, at: at, end: count))
      var index = at
      while index < at &+ length {
        place = DoubleArrayTrie.base(trie.nodes[place]) ^ Int(bytes[index])
        index &+= 1
      }
      if seen[place] < 0 {
        let symbol = table.symbol(UTF8Check.scalar(bytes, at: at, length: length))
        let node = parent < 0 ? Int(symbol) : add(symbol, to: parent)
        made[node].value = DoubleArrayTrie.value(trie.nodes[place])
        seen[place] = Int32(node)
      }
      parent = Int(seen[place])
      at &+= length
    }
  }

  private mutating func add(_ symbol: UInt16, to parent: Int) -> Int {
    made[madeCount] = Node(symbol: symbol, value: -1, sibling: made[parent].child)
    made[parent].child = Int32(madeCount)
    made[parent].childCount += 1
    made[parent].children |= 1 << (symbol & 15)
    madeCount += 1
    return madeCount - 1
  }

  /// Finds all places; returns how many there are.
  mutating func build() -> Int {
    addBlock()
    bases[0] &= ~1
    var start = 0
    while start < madeCount {
      let end = min(madeCount, start + Self.groupCount)
      let order = (start..<end).filter { made[$0].childCount > 0 }.sorted {
        let (left, right) = (made[$0].childCount, made[$1].childCount)
        return left == right ? $0 < $1 : left > right
      }
      for parent in order { placeChildren(of: parent) }
      start = end
    }
    return wordCount * 64
  }

  /// Writes all nodes; `score` gives the score of a value.
  func write(
    _ firsts: UnsafeMutablePointer<csimd_node>, _ nodes: UnsafeMutablePointer<csimd_node>,
    score: (Int) -> Float
  ) {
    // No symbol is the label of a free place.
    nodes.initialize(
      repeating: csimd_node(base: 0, label: .max, children: 0, score: -.infinity, id: 0),
      count: wordCount * 64)
    var index = 0
    while index < madeCount {
      let node = made[index]
      let value = Int(node.value)
      let found = csimd_node(
        base: node.base, label: node.symbol, children: node.children,
        score: value < 0 ? -.infinity : score(value), id: UInt32(max(0, value)))
      if index < symbolCount { firsts[index] = found } else { nodes[Int(node.place)] = found }
      index &+= 1
    }
  }

  private mutating func placeChildren(of parent: Int) {
    var count = 0
    var child = Int(made[parent].child)
    while child >= 0 {
      symbols[count] = Int(made[child].symbol)
      count &+= 1
      child = Int(made[child].sibling)
    }
    let base = findBase(count)
    made[parent].base = UInt32(base)
    bases[base >> 6] &= ~(1 << UInt64(base & 63))
    child = Int(made[parent].child)
    while child >= 0 {
      let place = base ^ Int(made[child].symbol)
      made[child].place = Int32(place)
      places[place >> 6] &= ~(1 << UInt64(place & 63))
      child = Int(made[child].sibling)
    }
  }

  /// A base that no node has, at which the children find free places.
  private mutating func findBase(_ count: Int) -> Int {
    var word = count == 1 ? firstFree : firstTried
    var left = count == 1 ? Int.max : Self.tries
    while true {
      if word == wordCount { addBlock() }
      var bits = places[word]
      if bits == 0 && word == firstFree { firstFree &+= 1 }
      while bits != 0 {
        let base = (word << 6 | bits.trailingZeroBitCount) ^ symbols[0]
        if fits(base, count) { return base }
        bits &= bits &- 1
        left &-= 1
      }
      word &+= 1
      if left < 0 {
        firstTried = word
        left = Self.tries
      }
    }
  }

  private func fits(_ base: Int, _ count: Int) -> Bool {
    if bases[base >> 6] >> UInt64(base & 63) & 1 == 0 { return false }
    var index = 1
    while index < count {
      let place = base ^ symbols[index]
      if places[place >> 6] >> UInt64(place & 63) & 1 == 0 { return false }
      index &+= 1
    }
    return true
  }

  private mutating func addBlock() {
    if wordCount + blockWords > wordCapacity {
      Self.grow(&places, wordCount, to: wordCapacity * 2)
      Self.grow(&bases, wordCount, to: wordCapacity * 2)
      wordCapacity *= 2
    }
    (places + wordCount).initialize(repeating: .max, count: blockWords)
    (bases + wordCount).initialize(repeating: .max, count: blockWords)
    wordCount += blockWords
  }

  private static func grow(
    _ memory: inout UnsafeMutablePointer<UInt64>, _ count: Int, to size: Int
  ) {
    let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
    larger.moveInitialize(from: memory, count: count)
    memory.deallocate()
    memory = larger
  }
}
