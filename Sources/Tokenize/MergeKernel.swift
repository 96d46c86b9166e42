import ShardifyCore

/// Merges the symbols of one pretoken: lowest rank first, leftmost first. One per thread.
///
/// Up to 64 symbols are merged with a scan for the least rank in each round, over words of
/// (rank, place) that never move; more of them by `LongMerger`, in O(n log n).
final class MergeKernel {
  /// Up to this many symbols are scanned.
  static let scanLimit = 64
  private static let dead = Int32.max
  /// Below every rank a pair can have, and past every place.
  private static let nowhere: Int32 = -1

  private let model: BPEModel
  private let pairs: PairTable
  private let ids: UnsafeMutablePointer<TokenID>
  private let keys: UnsafeMutablePointer<Int32>
  private let after: UnsafeMutablePointer<UInt8>
  private let before: UnsafeMutablePointer<UInt8>
  let large: LongMerger

  init(_ model: BPEModel) {
    self.model = model
    pairs = model.pairs
    ids = .allocate(capacity: Self.scanLimit + 8)
    keys = .allocate(capacity: Self.scanLimit + 8)
    after = .allocate(capacity: Self.scanLimit + 8)
    before = .allocate(capacity: Self.scanLimit + 8)
    large = LongMerger(model)
  }

  deinit {
    ids.deallocate()
    keys.deallocate()
    after.deallocate()
    before.deallocate()
  }

  /// Merges a pretoken of one or more bytes; writes at most as many ids, and returns how many.
  @inline(__always)
  func mergeBytes(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    guard model.hasAllBytes && count <= Self.scanLimit else {
      large.loadBytes(bytes, count)
      return large.merge(into: out)
    }
    let byteTokens = model.byteTokens
    let ranks = model.bytePairRanks
    let last = count &- 1
    for index in 0..<last {
      ids[index] = byteTokens[Int(bytes[index])]
      let rank = ranks[Int(bytes[index]) << 8 | Int(bytes[index &+ 1])]
      keys[index] = Self.key(rank, index)
    }
    ids[last] = model.lastByteTokens[Int(bytes[last])]
    if last > 0 && !model.options.wordSuffix.isEmpty {
      keys[last &- 1] = Self.key(pairs.rank(ids[last &- 1], ids[last]), last &- 1)
    }
    keys[last] = Self.dead
    return scan(count, into: out)
  }

  /// Where the symbols for `mergeSymbols` go.
  var symbols: UnsafeMutablePointer<TokenID> { ids }

  /// Merges the first `count` of `symbols`, 1 to `scanLimit` of them.
  func mergeSymbols(_ count: Int, into out: UnsafeMutablePointer<TokenID>) -> Int {
    for place in 0..<count &- 1 {
      keys[place] = key(pairs.rank(ids[place], ids[place &+ 1]), place)
    }
    keys[count &- 1] = Self.dead
    return scan(count, into: out)
  }

  /// As the static one, by priority where the model has priorities.
  @inline(__always)
  private func key(_ rank: UInt32, _ place: Int) -> Int32 {
    guard let priorities = model.priorities, rank != PairTable.none else {
      return Self.key(rank, place)
    }
    return Self.key(priorities[Int(rank)], place)
  }

  @inline(__always)
  private static func key(_ rank: UInt32, _ place: Int) -> Int32 {
    rank == PairTable.none ? dead : Int32(truncatingIfNeeded: rank << 6 | UInt32(place))
  }

  @inline(__always)
  private func least(_ count: Int) -> Int32 {
    var least = Self.dead
    for index in 0..<count { least = min(least, keys[index]) }
    return least
  }

  private func scan(_ count: Int, into out: UnsafeMutablePointer<TokenID>) -> Int {
    for index in 0..<count {
      after[index] = UInt8(truncatingIfNeeded: index &+ 1)
      before[index] = UInt8(truncatingIfNeeded: index &- 1)
    }
    let rankOffset = model.rankOffset
    let hasPriorities = model.priorities != nil
    let merged = model.merged
    while true {
      let found = least(count)
      if found == Self.dead { break }
      let place = Int(found & 63)
      let eaten = Int(after[place])
      let next = Int(after[eaten])
      var rank = TokenID(truncatingIfNeeded: found >> 6)
      if hasPriorities { rank = pairs.rank(ids[place], ids[eaten]) }
      let id = rankOffset >= 0 ? rank &+ UInt32(truncatingIfNeeded: rankOffset) : merged[Int(rank)]
      ids[place] = id
      let previous = Int(before[place])
      if next < count { pairs.prefetch(id, ids[next]) }
      if place > 0 { pairs.prefetch(ids[previous], id) }
      keys[eaten] = Self.dead
      after[place] = UInt8(truncatingIfNeeded: next)
      if next < count {
        before[next] = UInt8(truncatingIfNeeded: place)
        keys[place] = key(pairs.rank(id, ids[next]), place)
      } else {
        keys[place] = Self.dead
      }
      if place > 0 {
        keys[previous] = key(pairs.rank(ids[previous], id), previous)
      }
    }
    return Self.write(ids, after, 0..<count, into: out)
  }

  /// Writes the symbols of a list whose places are in a range, from the first; returns how many.
  @inline(__always)
  static func write<Place: FixedWidthInteger>(
    _ ids: UnsafeMutablePointer<TokenID>, _ after: UnsafeMutablePointer<Place>,
    _ places: Range<Int>, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    var written = 0
    var place = places.lowerBound
    while place < places.upperBound {
      out[written] = ids[place]
      written &+= 1
      place = Int(truncatingIfNeeded: after[place])
    }
    return written
  }
}
