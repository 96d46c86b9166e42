import CSIMD
import ShardifyCore

/// Finds the best pieces of several words at once. One per thread.
///
/// Scores are added up from zero in Float, which is not how the references add: what is found is
/// theirs only where the margin to the next best path is wide enough. `reach` tells where.
final class UnigramLattice {
  /// Words that fit.
  private static let wordCapacity = WordBatch.capacity
  /// Bytes of the longest word that is taken; characters of all words, with one more for each.
  static let maxBytes = 1024
  private static let slotCapacity = 4096

  private let table: csimd_symbol_table
  /// The symbol of `▁`; 0 if the model has no trie of symbols.
  private let mark: UInt16
  private let symbols: UnsafeMutablePointer<UInt16>
  private let starts: UnsafeMutablePointer<UInt32>
  private let walks: UnsafeMutablePointer<csimd_walk>
  private let scores: UnsafeMutableRawPointer
  private let pieces: UnsafeMutableRawPointer
  private let margins: UnsafeMutablePointer<Float>
  private let from: UnsafeMutablePointer<UInt32>
  private let ids: UnsafeMutablePointer<UInt32>
  private let paths: UnsafeMutablePointer<csimd_path>
  private let model: UnigramModel
  private var lattice: csimd_lattice?
  private var slots = 0
  private var words = 0
  /// For each span and each count of characters, see `setReach`. Shape [maxBytes + 1].
  private let scales: UnsafeMutablePointer<Double>
  private let losses: UnsafeMutablePointer<Double>

  init(_ model: UnigramModel) {
    self.model = model
    table = model.symbols?.table ?? csimd_symbol_table()
    mark = model.symbols?.mark ?? 0
    let rowBytes = Self.slotCapacity * Int(CSIMD_PIECE) * 4
    symbols = .allocate(capacity: Self.slotCapacity + 1)
    symbols.initialize(repeating: 0, count: Self.slotCapacity + 1)
    starts = .allocate(capacity: Self.wordCapacity + 1)
    starts[0] = 0
    walks = .allocate(capacity: Self.slotCapacity)
    scores = .allocate(byteCount: rowBytes, alignment: 64)
    pieces = .allocate(byteCount: rowBytes, alignment: 64)
    margins = .allocate(capacity: Self.slotCapacity)
    from = .allocate(capacity: Self.slotCapacity)
    ids = .allocate(capacity: Self.slotCapacity + PieceCache.maxIDs)
    ids.initialize(repeating: 0, count: Self.slotCapacity + PieceCache.maxIDs)
    paths = .allocate(capacity: Self.wordCapacity)
    scales = .allocate(capacity: Self.maxBytes + 1)
    losses = .allocate(capacity: Self.maxBytes + 1)
    setReach(model)
    lattice = model.symbols.map { trie in
      csimd_lattice(
        nodes: trie.nodes, firsts: trie.firsts, unknown: model.unknown, symbols: symbols, slots: 0,
        starts: starts, words: 0, walks: walks,
        scores: scores.assumingMemoryBound(to: Float.self),
        piece_ids: pieces.assumingMemoryBound(to: UInt32.self), margins: margins, from: from,
        ids: ids, paths: paths)
    }
  }

  deinit {
    symbols.deallocate()
    starts.deallocate()
    walks.deallocate()
    scores.deallocate()
    pieces.deallocate()
    margins.deallocate()
    from.deallocate()
    ids.deallocate()
    paths.deallocate()
    scales.deallocate()
    losses.deallocate()
  }

  /// Two paths part and meet again within a span of n characters, since all ways go through its
  /// ends. There each is added up with n roundings of scores and n of sums, which are off by 2^-24 of
  /// at most the word's characters times the largest score. Paths are told apart if they are further
  /// from each other than both are off. Taken twice as wide, and what is left of the margin is what
  /// the references may be off: n times `rounding` of the sum, which is taken twice as wide too.
  private func setReach(_ model: UnigramModel) {
    for count in 0...Self.maxBytes {
      scales[count] = 0.999 / (model.rounding * 4 * (Double(count) + 1))
      losses[count] = Double(count) * model.largestScore * (1 + 0x1p-24 / model.rounding)
    }
  }

  /// The largest sum before a word for which its path is sure; below zero if for none.
  @inline(__always)
  func reach(_ word: Int, _ path: csimd_path) -> Float {
    let count = Int(starts[word &+ 1] &- starts[word]) &- 1
    let reach = Double(path.margin) * scales[Int(path.span)] - losses[count]
    return reach > 0 ? Float(min(reach, 1e30)) : -1
  }

  func removeAll() {
    slots = 0
    words = 0
  }

  /// Adds a word by its key, in which a space stands for a mark, if it is ASCII; returns its number,
  /// or -1.
  @inline(__always)
  func add(_ key: PieceCache.Key, isMarked: Bool) -> Int {
    guard mark != 0, slots &+ PieceCache.maxKeyBytes &+ 1 <= Self.slotCapacity,
      csimd_ascii_symbols(key.first, key.second, key.third, key.length, symbols + slots)
    else { return -1 }
    if isMarked { symbols[slots] = mark }
    return end(slots &+ key.length)
  }

  /// Ends a word; returns its number.
  @inline(__always)
  private func end(_ slot: Int) -> Int {
    symbols[slot] = 0
    slots = slot &+ 1
    words &+= 1
    starts[words] = UInt32(truncatingIfNeeded: slots)
    return words &- 1
  }

  /// Adds a word, after a `▁` if it is marked; returns its number, or -1 if it is not taken.
  @inline(__always)
  func add(_ word: UnsafePointer<UInt8>, _ count: Int, isMarked: Bool) -> Int {
    guard mark != 0, slots &+ count &+ 2 <= Self.slotCapacity, count < Self.maxBytes else {
      return -1
    }
    var slot = slots
    if isMarked {
      symbols[slot] = mark
      slot &+= 1
    }
    let found = csimd_symbols(table, word, count, symbols + slot)
    if found == 0 && count > 0 { return -1 }
    return end(slot &+ found)
  }

  /// Finds the paths of all words; for tests also without instructions that not all processors have.
  @inline(__always)
  func search(isPortable: Bool = false) {
    guard words > 0, var lattice else { return }
    lattice.slots = slots
    lattice.words = words
    if isPortable { csimd_best_paths_portable(&lattice) } else { csimd_best_paths(&lattice) }
  }

  /// The path of a word; valid after `search`.
  @inline(__always) subscript(_ word: Int) -> csimd_path { paths[word] }

  /// The path of a word with its scores added up in Float from a sum on.
  func path(_ word: Int, from sum: Float) -> csimd_path {
    guard var lattice else { return paths[word] }
    return csimd_best_path_from(&lattice, word, sum)
  }

  /// The ids of a path.
  func ids(_ path: csimd_path) -> UnsafeBufferPointer<TokenID> {
    UnsafeBufferPointer(start: ids + Int(path.first), count: Int(path.count))
  }

  /// Where a path of no ids starts: four zeros are there.
  static let noIDs = UInt32(slotCapacity)

  /// Four ids from one of a path on, with anything behind them.
  @inline(__always)
  func four(_ first: UInt32) -> SIMD4<TokenID> {
    UnsafeRawPointer(ids + Int(first)).loadUnaligned(as: SIMD4<UInt32>.self)
  }

  /// Writes the ids of a path and returns where they end. Room for 16 ids more must be there.
  @inline(__always)
  func take(_ path: csimd_path, into out: UnsafeMutablePointer<TokenID>)
    -> UnsafeMutablePointer<TokenID>
  {
    let ids = UnsafeRawPointer(self.ids + Int(path.first))
    UnsafeMutableRawPointer(out).storeBytes(
      of: ids.loadUnaligned(as: SIMD16<UInt32>.self), as: SIMD16<UInt32>.self)
    if path.count > PieceCache.maxIDs {
      out.update(from: self.ids + Int(path.first), count: Int(path.count))
    }
    return out + Int(path.count)
  }
}
