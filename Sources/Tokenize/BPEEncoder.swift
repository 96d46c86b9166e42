import ShardifyCore

/// Encodes pretokens with a `BPEModel` through a cache. One per thread.
final class BPEEncoder {
  /// Slots of the cache as a power of two: 16 MiB.
  static let cacheBits = 17
  private static let batchSize = 64

  private let model: BPEModel
  private let kernel: MergeKernel
  private let cache: PretokenCache
  private let ends: UnsafeMutablePointer<Int>
  private let hashes: UnsafeMutablePointer<UInt64>

  init(_ model: BPEModel, cacheBits: Int = BPEEncoder.cacheBits) {
    self.model = model
    kernel = MergeKernel(model)
    cache = PretokenCache(bits: cacheBits)
    ends = .allocate(capacity: Self.batchSize)
    hashes = .allocate(capacity: Self.batchSize)
  }

  deinit {
    ends.deallocate()
    hashes.deallocate()
  }

  /// Splits text by a scheme and appends the ids of its pretokens.
  ///
  /// Pretokens are taken in batches: their cache lines are asked for before any of them is read.
  @inline(__always)
  func encode<S: Scheme>(_ scheme: S.Type, _ text: ScanText, into output: TokenBuffer) {
    var start = 0
    while start < text.end {
      var count = 0
      var at = start
      while count < Self.batchSize && at < text.end {
        let end = S.end(text, from: at)
        let length = end &- at
        let hash = length <= PretokenCache.maxKeyBytes ? PieceHash.of(text.base + at, length) : 0
        cache.prefetch(hash)
        ends[count] = end
        hashes[count] = hash
        count &+= 1
        at = end
      }
      let first = output.reserve(at &- start &+ PretokenCache.maxIDs)
      var out = first
      var from = start
      for index in 0..<count {
        let end = ends[index]
        out += piece(text.base + from, end &- from, hashes[index], into: out)
        from = end
      }
      output.advance(by: out - first)
      start = at
    }
  }

  /// Appends the ids of one pretoken of one or more bytes.
  func encodePiece(_ bytes: UnsafePointer<UInt8>, _ count: Int, into output: TokenBuffer) {
    let hash = count <= PretokenCache.maxKeyBytes ? PieceHash.of(bytes, count) : 0
    let out = output.reserve(count &+ PretokenCache.maxIDs)
    output.advance(by: piece(bytes, count, hash, into: out))
  }

  /// Writes the ids of a pretoken; `out` has room for its bytes and the cache's ids.
  @inline(__always)
  private func piece(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64,
    into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    guard count <= PretokenCache.maxKeyBytes else { return long(bytes, count, into: out) }
    let found = cache.find(bytes, count, hash, into: out)
    return found > 0 ? found : miss(bytes, count, hash, into: out)
  }

  private func miss(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64,
    into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    let id = model.tokens.find(bytes, count, hash)
    var written = 1
    if id != TokenTable.none && model.wholeIsExact[Int(id)] {
      out[0] = id
    } else {
      written = merge(bytes, count, into: out)
    }
    if written > 0 && written <= PretokenCache.maxIDs {
      cache.insert(bytes, count, hash, out, written)
    }
    return written
  }

  private func long(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    let id = model.tokens.find(bytes, count, PieceHash.of(bytes, count))
    if id != TokenTable.none && model.wholeIsExact[Int(id)] {
      out[0] = id
      return 1
    }
    return merge(bytes, count, into: out)
  }

  private func merge(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    kernel.mergeBytes(bytes, count, into: out)
  }
}
