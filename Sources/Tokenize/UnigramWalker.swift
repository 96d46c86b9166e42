import CSIMD

/// Finds all pieces that start at each character of several words at once. One per thread.
///
/// A walk through the trie is a chain of loads that ends where none can foretell, and most of a
/// search is waiting for it. So all walks of a batch take a step in turn: each asks for the memory
/// of its next step, and none branches.
final class UnigramWalker {
  /// Longer words are not taken.
  static let maxBytes = 32

  /// A walk from a character on.
  private struct Walk {
    /// Where the next node is, if it is there.
    var node: UInt32
    /// The next byte, the end of the word, the first byte: places in `bytes`.
    var at: UInt16
    var end: UInt16
    var start: UInt16
    /// Pieces found.
    var count: UInt16
  }

  /// Words that fit.
  private static let wordCount = WordBatch.capacity

  private let model: UnigramModel
  /// The words, one after the other.
  let bytes: UnsafeMutablePointer<UInt8>
  private var byteCount = 0
  private let ends: UnsafeMutablePointer<UInt16>
  private var endCount = 0
  private let walks: UnsafeMutablePointer<Walk>
  /// Pieces from each place, shortest first: id and, in the lowest 6 bits, length.
  /// Shape [bytes x maxBytes].
  private let pieces: UnsafeMutablePointer<UInt32>
  /// How many of them there are. Shape [bytes].
  private let counts: UnsafeMutablePointer<UInt16>

  init(_ model: UnigramModel) {
    self.model = model
    let size = Self.wordCount * Self.maxBytes
    // One after the last may be read.
    bytes = .allocate(capacity: size + 1)
    bytes.initialize(repeating: 0, count: size + 1)
    ends = .allocate(capacity: Self.wordCount)
    walks = .allocate(capacity: size)
    pieces = .allocate(capacity: size * Self.maxBytes)
    counts = .allocate(capacity: size)
  }

  deinit {
    bytes.deallocate()
    ends.deallocate()
    walks.deallocate()
    pieces.deallocate()
    counts.deallocate()
  }

  func removeAll() {
    byteCount = 0
    endCount = 0
  }

  /// Adds a word of 1 to `maxBytes` bytes; returns its place in `bytes`.
  @inline(__always)
  func add(_ word: UnsafePointer<UInt8>, _ count: Int) -> Int {
    let place = byteCount
    (bytes + place).update(from: word, count: count)
    byteCount &+= count
    ends[endCount] = UInt16(truncatingIfNeeded: byteCount)
    endCount &+= 1
    return place
  }

  /// The pieces from a place where a character starts; valid after `walk`.
  @inline(__always)
  func pieces(_ place: Int) -> (UnsafePointer<UInt32>, count: Int) {
    (UnsafePointer(pieces + place &* Self.maxBytes), Int(counts[place]))
  }

  /// Finds the pieces of all words.
  func walk() {
    let nodes = model.trie.nodes
    var open = start()
    while open > 0 {
      var kept = 0
      for index in 0..<open {
        let walk = walks[index]
        let found = nodes[Int(walk.node)]
        let isChild = found & 0x1FF == UInt64(bytes[Int(walk.at)]) | 0x100
        let at = walk.at &+ 1
        let count = note(found, walk.start, walk.count, at &- walk.start, isChild)
        counts[Int(walk.start)] = count
        let next = next(found, at)
        walks[kept] = Walk(node: next, at: at, end: walk.end, start: walk.start, count: count)
        // Not `&&`, which is a branch.
        kept &+= (isChild ? 1 : 0) & (at != walk.end ? 1 : 0)
      }
      open = kept
    }
  }

  /// Where the child of a node is for the byte at a place; asks for the memory. Past the end of a
  /// word it is any place.
  @inline(__always)
  private func next(_ node: UInt64, _ at: UInt16) -> UInt32 {
    let place = UInt32(truncatingIfNeeded: node >> 9 & 0x7FF_FFFF) ^ UInt32(bytes[Int(at)])
    csimd_prefetch(model.trie.nodes + Int(place))
    return place
  }

  /// Notes the piece of a node, if it has one and `isThere`; returns how many there are then.
  @inline(__always)
  private func note(
    _ node: UInt64, _ start: UInt16, _ count: UInt16, _ length: UInt16, _ isThere: Bool
  ) -> UInt16 {
    let value = UInt32(truncatingIfNeeded: node >> 36)
    csimd_prefetch(model.scores + (Int(value) &- 1))
    pieces[Int(start) &* Self.maxBytes &+ Int(count)] = (value &- 1) << 6 | UInt32(length)
    return count &+ (isThere ? 1 : 0) & (value != 0 ? 1 : 0)
  }

  /// Sets up a walk for each character, past its bytes; returns how many there are.
  private func start() -> Int {
    var open = 0
    var at = 0
    for word in 0..<endCount {
      let end = Int(ends[word])
      while at < end {
        let start = UInt16(truncatingIfNeeded: at)
        var next = at &+ 1
        var node = model.firsts[Int(bytes[at])]
        var count: UInt16 = 0
        let lead = bytes[at]
        if lead < 0x80 {
          count = note(node, start, 0, 1, true)
          at = next
          if next < end && bytes[next] < 0x80 {
            node = model.pairs[Int(lead) << 7 | Int(bytes[next])]
            count = note(node, start, count, 2, true)
            next &+= 1
          }
        } else {
          let length = max(1, UTF8Check.length(bytes, at: at, end: end))
          if length == 3 {
            node = model.seconds[Int(lead & 0x0F) << 6 | Int(bytes[next] & 0x3F)]
            next &+= 1
          }
          at &+= length
        }
        counts[Int(start)] = count
        let place = UInt16(truncatingIfNeeded: next)
        walks[open] = Walk(
          node: self.next(node, place), at: place, end: UInt16(truncatingIfNeeded: end),
          start: start, count: count)
        open &+= (node != 0 ? 1 : 0) & (next < end ? 1 : 0)
      }
    }
    return open
  }
}
