import CSIMD
import ShardifyCore

/// Encodes pretokens with a `BPEModel` through a cache. One per thread.
///
/// Pretokens are taken in batches, each in four steps: scan and ask for the cache lines, look them
/// up, merge those that are not there, write all ids in order. Longer pretokens of scripts without
/// spaces are cut first where no token reaches across.
final class BPEEncoder {
  /// Lines of the cache of short pretokens: 48 MiB.
  static let cacheLines = 3 << 18
  /// The same for others: 4 MiB.
  private static let longCacheBits = 15
  private static let batchSize = 128
  /// Shorter pretokens are not cut.
  private static let uncut = 12
  /// Ids that a cache may write past those it says.
  private static let slack = PretokenCache.maxIDs

  /// Where the ids of a pretoken that was not found at once go into those of its batch.
  private struct Hole {
    var bytes: UnsafePointer<UInt8>
    /// Where they go, before any hole is filled.
    var out: UnsafeMutablePointer<TokenID>
    var index: Int
    var ids: UnsafeMutablePointer<TokenID>
    var count = 0
  }

  private let model: BPEModel
  private let kernel: MergeKernel
  private let lanes: LaneMerger?
  private let seams: SeamEncoder?
  private let cache: PieceCache
  private let longCache: PretokenCache
  private let keys: UnsafeMutablePointer<PieceCache.Key>
  private let holes: UnsafeMutablePointer<Hole>
  private let misses: UnsafeMutablePointer<LaneMerger.Word>
  /// Ids for holes.
  private var scratch: UnsafeMutablePointer<TokenID>
  private var scratchCapacity = batchSize * PieceCache.maxKeyBytes + slack
  /// 24 bytes of ones, 24 of zeros, and 32 for the last bytes of a text.
  private let masks: UnsafeMutablePointer<UInt8>

  init(_ model: BPEModel, cacheLines: Int = BPEEncoder.cacheLines) {
    self.model = model
    kernel = MergeKernel(model)
    lanes = LaneMerger(model)
    seams = model.seams.map { SeamEncoder($0, model) }
    cache = PieceCache(lineCount: cacheLines, idLimit: model.tokens.count)
    longCache = PretokenCache(bits: cacheLines < 1024 ? 4 : Self.longCacheBits)
    keys = .allocate(capacity: Self.batchSize)
    keys.initialize(repeating: PieceCache.Key(), count: Self.batchSize)
    holes = .allocate(capacity: Self.batchSize)
    misses = .allocate(capacity: Self.batchSize)
    scratch = .allocate(capacity: scratchCapacity)
    masks = .allocate(capacity: 80)
    masks.initialize(repeating: 0, count: 80)
    masks.update(repeating: 0xFF, count: 24)
  }

  deinit {
    keys.deallocate()
    holes.deallocate()
    misses.deallocate()
    scratch.deallocate()
    masks.deallocate()
  }

  /// Splits text by a scheme and appends the ids of its pretokens.
  @inline(__always)
  func encode<S: Scheme>(_ scheme: S.Type, _ text: ScanText, into output: TokenBuffer) {
    var start = 0
    var pieceEnd = 0
    while start < text.end {
      var count = 0
      var at = start
      while count < Self.batchSize && at < text.end {
        if at == pieceEnd { pieceEnd = S.end(text, from: at) }
        var length = pieceEnd &- at
        if length > Self.uncut, let cuts = model.cuts, text.base[at] >= 0xE0 {
          length = cuts.next(text.base, from: at, to: pieceEnd) &- at
        }
        setKey(count, text.base + at, length, left: text.end &- at)
        count &+= 1
        at &+= length
      }
      encodeBatch(text.base + start, count, byteCount: at &- start, into: output)
      start = at
    }
  }

  /// Appends the ids of one pretoken of one or more bytes.
  func encodePiece(_ bytes: UnsafePointer<UInt8>, _ count: Int, into output: TokenBuffer) {
    setKey(0, bytes, count, left: count)
    encodeBatch(bytes, 1, byteCount: count, into: output)
  }

  /// Sets the key of a pretoken with `left` bytes to the end of the text, and asks for the memory
  /// that its search will read.
  @inline(__always)
  private func setKey(_ index: Int, _ bytes: UnsafePointer<UInt8>, _ length: Int, left: Int) {
    if length > PieceCache.maxKeyBytes {
      setLongKey(index, bytes, length)
    } else {
      var key: PieceCache.Key
      if left >= 24 {
        key = PieceCache.Key(bytes, length, masks)
      } else {
        let padded = masks + 48
        padded.update(from: bytes, count: length)
        key = PieceCache.Key(padded, length, masks)
      }
      cache.locate(&key)
      keys[index] = key
    }
  }

  @inline(never)
  private func setLongKey(_ index: Int, _ bytes: UnsafePointer<UInt8>, _ length: Int) {
    keys[index].length = length
    guard length <= PretokenCache.maxKeyBytes else { return }
    let hash = PieceHash.of(bytes, length)
    longCache.prefetch(hash)
    keys[index].hash = hash
  }

  /// Appends the ids of `count` pretokens whose keys are set.
  @inline(never)
  private func encodeBatch(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, byteCount: Int, into output: TokenBuffer
  ) {
    let first = output.reserve(byteCount &+ Self.slack)
    var out = first
    var from = bytes
    var holeCount = 0
    for index in 0..<count {
      let length = keys[index].length
      let slot =
        length <= PieceCache.maxKeyBytes ? cache.findFirst(keys[index]) : PieceCache.Slot.none
      if slot.isThere {
        out += cache.take(slot, into: out)
      } else {
        if length <= PieceCache.maxKeyBytes && cache.mayBeElsewhere(keys[index]) {
          cache.prefetchElsewhere(keys[index])
        }
        holes[holeCount] = Hole(bytes: from, out: out, index: index, ids: scratch)
        holeCount &+= 1
      }
      from += length
    }
    if holeCount > 0 { out += fill(holeCount, end: out) }
    output.advance(by: out - first)
  }

  /// Finds or makes the ids of pretokens and puts them among those of the batch, which end at
  /// `end`. Returns how many.
  @inline(never)
  private func fill(_ holeCount: Int, end: UnsafeMutablePointer<TokenID>) -> Int {
    makeRoom(holeCount)
    var missCount = 0
    var room = scratch
    for number in 0..<holeCount {
      let key = keys[holes[number].index]
      let bytes = holes[number].bytes
      holes[number].ids = room
      if key.length > PieceCache.maxKeyBytes {
        holes[number].count = long(bytes, key.length, key.hash, into: room)
        if holes[number].count == 0 {
          misses[missCount] = LaneMerger.Word(
            bytes: bytes, count: key.length, out: room, index: number)
          missCount &+= 1
          room += key.length
        }
        room += holes[number].count
      } else if case let found = elsewhere(key, bytes, into: room), found > 0 {
        holes[number].count = found
        room += found
      } else {
        misses[missCount] = LaneMerger.Word(
          bytes: bytes, count: key.length, out: room, index: number)
        missCount &+= 1
        room += key.length
      }
    }
    if missCount > 0 { mergeMisses(missCount) }
    for miss in 0..<missCount {
      let number = misses[miss].index
      let written = misses[miss].written
      holes[number].count = written
      let key = keys[holes[number].index]
      if key.length <= PieceCache.maxKeyBytes { cache.prefetchRoom(key, written) }
    }
    let total = spread(holeCount, end: end)
    for miss in 0..<missCount { keep(misses[miss]) }
    return total
  }

  /// Makes room for the ids of all holes.
  private func makeRoom(_ holeCount: Int) {
    var needed = Self.slack
    for number in 0..<holeCount { needed &+= keys[holes[number].index].length }
    if needed > scratchCapacity {
      scratch.deallocate()
      scratchCapacity = needed
      scratch = .allocate(capacity: needed)
    }
  }

  /// Writes the ids of a short pretoken that is not in its first line and returns how many, or 0.
  @inline(__always)
  private func elsewhere(
    _ key: PieceCache.Key, _ bytes: UnsafePointer<UInt8>, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    guard cache.mayBeElsewhere(key) else { return 0 }
    let slot = cache.findElsewhere(key)
    if slot.isThere { return cache.take(slot, into: out) }
    return cache.fits(key.length, key.length)
      ? 0 : longCache.find(bytes, key.length, key.hash, into: out)
  }

  /// Keeps the ids of a pretoken.
  @inline(__always)
  private func keep(_ word: LaneMerger.Word) {
    let key = keys[holes[word.index].index]
    if key.length > PieceCache.maxKeyBytes {
      if word.written > 0 && word.written <= PretokenCache.maxIDs {
        longCache.insert(word.bytes, word.count, key.hash, word.out, word.written)
      }
    } else if cache.fits(word.count, word.written) {
      cache.insert(key, word.out, word.written)
    } else if word.written > 0 && word.written <= PretokenCache.maxIDs {
      cache.sendElsewhere(key, isWide: true)
      longCache.insert(word.bytes, word.count, key.hash, word.out, word.written)
    }
  }

  /// Moves the ids between holes apart, from the last on, and fills the holes. Returns how many ids
  /// came in.
  @inline(__always)
  private func spread(_ holeCount: Int, end: UnsafeMutablePointer<TokenID>) -> Int {
    var total = 0
    for number in 0..<holeCount { total &+= holes[number].count }
    var from = end
    var out = end + total
    var number = holeCount &- 1
    while number >= 0 {
      let hole = holes[number]
      Self.moveUp(&out, from, from - hole.out)
      from = hole.out
      Self.moveUp(&out, hole.ids + hole.count, hole.count)
      number &-= 1
    }
    return total
  }

  /// Copies the `count` ids that end at `from` to before `out`, the last first.
  @inline(__always)
  private static func moveUp(
    _ out: inout UnsafeMutablePointer<TokenID>, _ from: UnsafeMutablePointer<TokenID>, _ count: Int
  ) {
    var from = from
    var left = count
    while left >= 4 {
      from -= 4
      out -= 4
      UnsafeMutableRawPointer(out).storeBytes(
        of: UnsafeRawPointer(from).loadUnaligned(as: SIMD4<UInt32>.self), as: SIMD4<UInt32>.self)
      left &-= 4
    }
    while left > 0 {
      from -= 1
      out -= 1
      out.pointee = from.pointee
      left &-= 1
    }
  }

  /// Sets the ids of the misses.
  @inline(__always)
  private func mergeMisses(_ count: Int) {
    guard let lanes else {
      for miss in 0..<count {
        let word = misses[miss]
        misses[miss].written = merge(word.bytes, word.count, into: word.out)
      }
      return
    }
    if lanes.merge(misses, count) > 0 {
      for miss in 0..<count where misses[miss].written == 0 {
        let word = misses[miss]
        misses[miss].written = merge(word.bytes, word.count, into: word.out)
      }
    }
    guard model.hasUnmadeWholes else { return }
    for miss in 0..<count {
      let word = misses[miss]
      let id = model.tokens.find(word.bytes, word.count, PieceHash.of(word.bytes, word.count))
      if id != TokenTable.none {
        word.out[0] = id
        misses[miss].written = 1
      }
    }
  }

  /// Writes the ids of a pretoken that is too long for the cache of short ones and returns how many,
  /// or 0 if it has to be merged with others.
  @inline(never)
  private func long(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64,
    into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    guard count <= PretokenCache.maxKeyBytes else { return merge(bytes, count, into: out) }
    let found = longCache.find(bytes, count, hash, into: out)
    if found > 0 || lanes != nil && count <= LaneMerger.mostBytes { return found }
    let written = merge(bytes, count, into: out)
    if written > 0 && written <= PretokenCache.maxIDs {
      longCache.insert(bytes, count, hash, out, written)
    }
    return written
  }

  private func merge(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    if let seams {
      let written = seams.encode(bytes, count, into: out)
      if written > 0 { return written }
    }
    let id = model.tokens.find(bytes, count, PieceHash.of(bytes, count))
    if id != TokenTable.none && model.wholeIsExact[Int(id)] {
      out[0] = id
      return 1
    }
    return kernel.mergeBytes(bytes, count, into: out)
  }
}
