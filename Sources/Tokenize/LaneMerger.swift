import CSIMD
import ShardifyCore

/// Merges the bytes of short pretokens: lowest rank first, leftmost first. One per thread.
///
/// Where the processor has the instructions, `csimd_merge` does it; what it does not take, and all
/// elsewhere, goes the plain way:
///
/// Symbols never move: a list links them, and a word of (rank, place) a symbol tells when it merges
/// with the next; each round takes the least word. Symbols that merge with nothing stand before the
/// first and after the last, so that rounds have no special cases.
///
/// Most of a round is waiting for memory. So several pretokens are merged at a time, one round of
/// each in turn: a round asks for the ranks of its new pairs, and the next round of that pretoken
/// reads them.
final class LaneMerger {
  /// Pretokens of more bytes are not taken.
  static let mostBytes = Int(CSIMD_MERGE_BYTES)
  /// Those of up to so many always are.
  static let maxBytes = PieceCache.maxKeyBytes
  private static let laneCount = 6

  /// A pretoken and what becomes of it.
  typealias Word = csimd_merge_word

  /// What a lane remembers from round to round.
  private struct State {
    var right: PairRanks.Spot
    var left: PairRanks.Spot
    var rightPlace = 0
    var leftPlace = 0
    var count = 0
    var word = 0
  }

  /// The least word of a symbol that does not merge.
  private static let noMerge = Int32(PairTable.none) << 6
  /// Past every word of (rank, place), and a finite number where it is read as a Float.
  private static let dead: Int32 = 0x7F7F_FFFF
  /// No token has this id.
  private static let outside: TokenID = (1 << 21) - 1
  /// A lane: ids, words, list forth, list back, state.
  private static let room = 40
  private static let keysOffset = room * 4
  private static let afterOffset = room * 8
  private static let beforeOffset = room * 9
  private static let stateOffset = room * 10
  private static let laneBytes = 512

  private let model: BPEModel
  private let ranks: PairRanks
  /// Nil where all words come as symbols.
  private let pairs: SurePairs?
  /// Nil where nothing is known of the symbols.
  private let symbolPairs: SurePairs?
  private let lanes: UnsafeMutableRawPointer
  private let order: UnsafeMutablePointer<UnsafeMutableRawPointer>
  /// Of the word that is set up.
  private let symbols: UnsafeMutablePointer<TokenID>
  /// For the merger in C, where the processor has what it needs.
  private let merges: csimd_merges?

  /// Nil if the model has no tables for it.
  init?(_ model: BPEModel) {
    guard let ranks = model.pairRanks,
      model.bytePairs != nil || model.options.symbols == .characters
    else { return nil }
    pairs = model.bytePairs
    symbolPairs = model.characterPairs?.known
    self.model = model
    self.ranks = ranks
    lanes = HugePages.allocate(byteCount: Self.laneBytes * Self.laneCount)
    order = .allocate(capacity: Self.laneCount)
    symbols = .allocate(capacity: Self.maxBytes)
    for lane in 0..<Self.laneCount { order[lane] = lanes + lane * Self.laneBytes }
    merges = csimd_can_merge() ? ranks.merges(model) : nil
  }

  deinit {
    HugePages.free(lanes)
    order.deallocate()
    symbols.deallocate()
  }

  /// Merges words of 1 to `mostBytes` bytes; returns how many were not, which have 0 `written`.
  func merge(_ words: UnsafeMutablePointer<Word>, _ count: Int) -> Int {
    if var merges {
      if csimd_merge(&merges, words, count) == 0 { return 0 }
    } else {
      for word in 0..<count { words[word].written = 0 }
    }
    var left = 0
    var at = 0
    while at < count {
      let start = at
      while at < count && words[at].written == 0 && words[at].count <= Self.maxBytes { at &+= 1 }
      if at > start {
        mergeInLanes(words + start, at &- start)
      } else {
        if words[at].written == 0 { left &+= 1 }
        at &+= 1
      }
    }
    return left
  }

  /// Merges words of 1 to `maxBytes` bytes by the plain instructions of any processor.
  func mergeInLanes(_ words: UnsafeMutablePointer<Word>, _ count: Int) {
    let order = self.order
    let merged = model.merged
    let rankOffset = model.pairOffset
    var active = min(count, Self.laneCount)
    var next = active
    for lane in 0..<active { start(order[lane], words, lane) }
    var lane = 0
    while active > 0 {
      if lane >= active { lane = 0 }
      let base = order[lane]
      if round(base, merged, rankOffset) {
        lane &+= 1
      } else {
        finish(base, words)
        if next < count {
          start(base, words, next)
          next &+= 1
          lane &+= 1
        } else {
          active &-= 1
          order[lane] = order[active]
          order[active] = base
        }
      }
    }
  }

  /// One merge of a lane; false if nothing merges any more.
  @inline(__always)
  private func round(
    _ base: UnsafeMutableRawPointer, _ merged: UnsafeMutablePointer<TokenID>, _ rankOffset: Int
  ) -> Bool {
    let ids = base.assumingMemoryBound(to: TokenID.self)
    let keys = (base + Self.keysOffset).assumingMemoryBound(to: Int32.self)
    let after = (base + Self.afterOffset).assumingMemoryBound(to: UInt8.self)
    let before = (base + Self.beforeOffset).assumingMemoryBound(to: UInt8.self)
    let state = (base + Self.stateOffset).assumingMemoryBound(to: State.self)
    keys[state.pointee.rightPlace] = Self.key(state.pointee.right.rank, state.pointee.rightPlace)
    keys[state.pointee.leftPlace] = Self.key(state.pointee.left.rank, state.pointee.leftPlace)
    let least = csimd_least(keys, (state.pointee.count &+ 8) >> 3 &* 8)
    if least >= Self.noMerge { return false }
    let place = Int(least & 63)
    let rank = Int(least >> 6)
    let eaten = Int(after[place])
    let next = Int(after[eaten])
    let previous = Int(before[place])
    let id = rankOffset >= 0 ? TokenID(truncatingIfNeeded: rank &+ rankOffset) : merged[rank]
    state.pointee.right = ranks.spot(id, ids[next])
    state.pointee.left = ranks.spot(ids[previous], id)
    state.pointee.rightPlace = place
    state.pointee.leftPlace = previous
    ids[place] = id
    after[place] = UInt8(truncatingIfNeeded: next)
    before[next] = UInt8(truncatingIfNeeded: place)
    keys[eaten] = Self.dead
    return true
  }

  /// Writes the ids of a lane whose merges are done.
  @inline(__always)
  private func finish(_ base: UnsafeMutableRawPointer, _ words: UnsafeMutablePointer<Word>) {
    let ids = base.assumingMemoryBound(to: TokenID.self)
    let after = (base + Self.afterOffset).assumingMemoryBound(to: UInt8.self)
    let state = (base + Self.stateOffset).assumingMemoryBound(to: State.self)
    let count = state.pointee.count
    let word = words + state.pointee.word
    word.pointee.written = MergeKernel.write(ids, after, 1..<count &+ 1, into: word.pointee.out)
  }

  /// Sets `symbols` to those that are left once the merges that nothing can forestall are made;
  /// returns how many there are.
  @inline(__always)
  private func first(
    _ count: Int, _ pairs: UnsafePointer<UInt64>, number: (Int) -> Int, token: (Int) -> TokenID
  ) -> Int {
    let none = UInt64(CSIMD_OUTSIDE)
    func pair(_ at: Int) -> UInt64 {
      at &+ 1 < count ? pairs[number(at) << 8 | number(at &+ 1)] : .max
    }
    var before = UInt64.max
    var known = pair(0)
    var at = 0
    var written = 0
    while at < count {
      let after = pair(at &+ 1)
      let rank = known & none
      if rank < min(before >> 21 & none, after >> 42 & none) {
        symbols[written] = model.token(ofPair: Int(rank))
        before = after
        at &+= 2
        known = pair(at)
      } else {
        symbols[written] = token(at)
        before = known
        known = after
        at &+= 1
      }
      written &+= 1
    }
    return written
  }

  /// Sets up a word's symbols at places from 1 on.
  @inline(__always)
  private func start(
    _ base: UnsafeMutableRawPointer, _ words: UnsafeMutablePointer<Word>, _ word: Int
  ) {
    let count = words[word].count
    if let given = words[word].symbols {
      guard let symbolPairs else {
        start(base, given, count, word)
        return
      }
      let left = first(count, symbolPairs.pairs) {
        Int(given[$0] >> CharacterPairs.idBits)
      } token: {
        given[$0] & CharacterPairs.idMask
      }
      start(base, UnsafePointer(symbols), left, word)
    } else if let pairs {
      let bytes = words[word].bytes
      let left = first(count, pairs.pairs) {
        Int(bytes[$0])
      } token: {
        model.byteTokens[Int(bytes[$0])]
      }
      start(base, UnsafePointer(symbols), left, word)
    }
  }

  @inline(__always)
  private func start(
    _ base: UnsafeMutableRawPointer, _ symbols: UnsafePointer<TokenID>, _ count: Int, _ word: Int
  ) {
    let ids = base.assumingMemoryBound(to: TokenID.self)
    let keys = (base + Self.keysOffset).assumingMemoryBound(to: Int32.self)
    let after = (base + Self.afterOffset).assumingMemoryBound(to: UInt8.self)
    let before = (base + Self.beforeOffset).assumingMemoryBound(to: UInt8.self)
    (base + Self.stateOffset).assumingMemoryBound(to: State.self).initialize(
      to: State(right: ranks.nowhere, left: ranks.nowhere, count: count, word: word))
    ids[0] = Self.outside
    keys[0] = Self.dead
    var place = 1
    while place < count {
      ids[place] = symbols[place &- 1]
      keys[place] = Self.key(ranks.spot(symbols[place &- 1], symbols[place]).rank, place)
      after[place] = UInt8(truncatingIfNeeded: place &+ 1)
      before[place] = UInt8(truncatingIfNeeded: place &- 1)
      place &+= 1
    }
    ids[count] = symbols[count &- 1]
    end(base, count)
  }

  /// Sets what comes with and after the last symbol.
  @inline(__always)
  private func end(_ base: UnsafeMutableRawPointer, _ count: Int) {
    let ids = base.assumingMemoryBound(to: TokenID.self)
    let keys = (base + Self.keysOffset).assumingMemoryBound(to: Int32.self)
    let after = (base + Self.afterOffset).assumingMemoryBound(to: UInt8.self)
    let before = (base + Self.beforeOffset).assumingMemoryBound(to: UInt8.self)
    after[count] = UInt8(truncatingIfNeeded: count &+ 1)
    before[count] = UInt8(truncatingIfNeeded: count &- 1)
    ids[count &+ 1] = Self.outside
    after[count &+ 1] = UInt8(truncatingIfNeeded: count &+ 1)
    UnsafeMutableRawPointer(keys + count).storeBytes(
      of: SIMD8<Int32>(repeating: Self.dead), as: SIMD8<Int32>.self)
  }

  @inline(__always)
  private static func key(_ rank: UInt32, _ place: Int) -> Int32 {
    Int32(truncatingIfNeeded: rank << 6 | UInt32(truncatingIfNeeded: place))
  }
}

extension csimd_merge_word {
  /// A word of bytes.
  init(
    bytes: UnsafePointer<UInt8>, count: Int, out: UnsafeMutablePointer<TokenID>, written: Int = 0,
    index: Int
  ) {
    self.init(
      bytes: bytes, count: count, out: out, written: written, index: index, symbols: nil)
  }
}
