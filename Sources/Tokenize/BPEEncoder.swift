import ShardifyCore

/// Encodes pretokens with a `BPEModel` through a cache. One per thread.
///
/// Pretokens are taken in batches, each in four steps: scan and ask for the cache lines, look them
/// up, merge those that are not there, write all ids in order. Longer pretokens of scripts without
/// spaces are cut first where no token reaches across.
final class BPEEncoder {
  /// Lines of the cache of short pretokens: 48 MiB.
  static let cacheLines = 3 << 18
  /// The same for longer ones: 4 MiB.
  private static let longCacheBits = 15
  private static let batchSize = 128
  /// Shorter pretokens are not cut.
  private static let uncut = 12
  /// Ids that a cache may write past those it says.
  private static let slack = PretokenCache.maxIDs

  private let model: BPEModel
  private let kernel: MergeKernel
  private let lanes: LaneMerger?
  private let seams: SeamEncoder?
  private let cache: PieceCache
  private let longCache: PretokenCache
  private let keys: UnsafeMutablePointer<PieceCache.Key>
  private let slots: UnsafeMutablePointer<PieceCache.Slot>
  private let misses: UnsafeMutablePointer<LaneMerger.Word>
  private let scratch: UnsafeMutablePointer<TokenID>
  /// 24 bytes of ones, 24 of zeros, and 32 for the last bytes of a text.
  private let masks: UnsafeMutablePointer<UInt8>

  init(_ model: BPEModel, cacheLines: Int = BPEEncoder.cacheLines) {
    self.model = model
    kernel = MergeKernel(model)
    lanes = LaneMerger(model)
    seams = model.seams.map { SeamEncoder($0, model) }
    cache = PieceCache(lineCount: cacheLines)
    longCache = PretokenCache(bits: cacheLines < 1024 ? 4 : Self.longCacheBits)
    keys = .allocate(capacity: Self.batchSize)
    keys.initialize(repeating: PieceCache.Key(), count: Self.batchSize)
    slots = .allocate(capacity: Self.batchSize)
    misses = .allocate(capacity: Self.batchSize)
    scratch = .allocate(capacity: Self.batchSize * PieceCache.maxKeyBytes + 4)
    masks = .allocate(capacity: 80)
    masks.initialize(repeating: 0, count: 80)
    masks.update(repeating: 0xFF, count: 24)
  }

  deinit {
    keys.deallocate()
    slots.deallocate()
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
        if length <= PieceCache.maxKeyBytes {
          let key = key(text.base + at, length, left: text.end &- at)
          cache.prefetch(key.hash)
          keys[count] = key
        } else {
          keys[count].length = length
        }
        count &+= 1
        at &+= length
      }
      encodeBatch(text.base + start, count, byteCount: at &- start, into: output)
      start = at
    }
  }

  /// Appends the ids of `count` pretokens whose keys are set.
  @inline(never)
  private func encodeBatch(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, byteCount: Int, into output: TokenBuffer
  ) {
    let missCount = find(bytes, count)
    if missCount > 0 { mergeMisses(missCount) }
    for miss in 0..<missCount {
      cache.prefetchRoom(keys[misses[miss].index], misses[miss].written)
    }
    let first = output.reserve(byteCount &+ Self.slack)
    var out = first
    var from = bytes
    var miss = 0
    for index in 0..<count {
      let length = keys[index].length
      let slot = slots[index]
      if slot.isThere {
        out += cache.take(slot, into: out)
      } else if length <= PieceCache.maxKeyBytes {
        let written = misses[miss].written
        let ids = misses[miss].out
        // In fours, up to three past the last: there is room on both sides.
        var at = 0
        while at < written {
          UnsafeMutableRawPointer(out + at).storeBytes(
            of: UnsafeRawPointer(ids + at).loadUnaligned(as: SIMD4<UInt32>.self),
            as: SIMD4<UInt32>.self)
          at &+= 4
        }
        out += written
        miss &+= 1
      } else {
        out += long(from, length, into: out)
      }
      from += length
    }
    output.advance(by: out - first)
    for miss in 0..<missCount {
      let word = misses[miss]
      if PieceCache.fits(word.count, word.written) {
        cache.insert(keys[word.index], word.out, word.written)
      }
    }
  }

  /// Looks pretokens up: sets `slots`, and `misses` to the short ones that are not there.
  @inline(__always)
  private func find(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
    var from = bytes
    var candidates = 0
    for index in 0..<count {
      let length = keys[index].length
      slots[index] = PieceCache.Slot.none
      if length <= PieceCache.maxKeyBytes {
        let slot = cache.findNarrow(keys[index])
        slots[index] = slot
        misses[candidates] = LaneMerger.Word(bytes: from, count: length, out: scratch, index: index)
        if !slot.isThere {
          if cache.mayBeWide(keys[index].hash) { cache.prefetchWide(keys[index].hash) }
          candidates &+= 1
        }
      }
      from += length
    }
    var missCount = 0
    var room = scratch
    for candidate in 0..<candidates {
      var word = misses[candidate]
      let key = keys[word.index]
      let slot = cache.mayBeWide(key.hash) ? cache.findWide(key) : PieceCache.Slot.none
      slots[word.index] = slot
      if !slot.isThere {
        word.out = room
        room += word.count
        misses[missCount] = word
        missCount &+= 1
      }
    }
    return missCount
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
    lanes.merge(misses, count)
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

  /// The key of a short pretoken with `left` bytes to the end of the text.
  @inline(__always)
  private func key(_ bytes: UnsafePointer<UInt8>, _ length: Int, left: Int) -> PieceCache.Key {
    if left >= 24 { return PieceCache.Key(bytes, length, masks) }
    let padded = masks + 48
    padded.update(from: bytes, count: length)
    return PieceCache.Key(padded, length, masks)
  }

  /// Appends the ids of one pretoken of one or more bytes.
  func encodePiece(_ bytes: UnsafePointer<UInt8>, _ count: Int, into output: TokenBuffer) {
    if count <= PieceCache.maxKeyBytes {
      keys[0] = key(bytes, count, left: count)
    } else {
      keys[0].length = count
    }
    encodeBatch(bytes, 1, byteCount: count, into: output)
  }

  /// Writes the ids of a pretoken that is too long for the cache of short ones.
  @inline(never)
  private func long(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    guard count <= PretokenCache.maxKeyBytes else { return merge(bytes, count, into: out) }
    let hash = PieceHash.of(bytes, count)
    let found = longCache.find(bytes, count, hash, into: out)
    if found > 0 { return found }
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
