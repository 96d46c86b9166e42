import ShardifyCore

/// Finds the best pieces of text, one step for each character. One per thread.
///
/// Text is taken in parts that no piece reaches across: words, where pieces hold no `▁` inside, and
/// stretches between `SafeCuts`. The best path goes through their ends, so that a part's pieces are
/// the same wherever it stands, and are kept, but for one thing: sums are rounded, and near-ties
/// fall by the rounding, which depends on the sum so far. So each part is kept with the largest sum
/// before it for which no rounding can change its path.
final class UnigramEncoder {
  private struct Best {
    var score: Double
    /// The next best score of a path that ends here.
    var second: Double
    var start: Int32
    var id: TokenID
  }

  private struct Step {
    var id: TokenID
    var start: Int32
    var end: Int32
  }

  /// Slots of the cache as a power of two: 16 MiB.
  private static let cacheBits = 18
  /// Ids of a part that is kept; the place after them holds the largest sum.
  private static let maxIDs = PieceCache.maxIDs - 1
  /// Shorter parts are not cut.
  private static let uncut = 12

  private let model: UnigramModel
  private let cuts: SafeCuts?
  private let words: WordBatch
  private var best: UnsafeMutablePointer<Best>
  private var steps: UnsafeMutablePointer<Step>
  private var capacity = 0
  private var stepCount = 0
  private var wasUnknown = false
  /// The score of the best path so far.
  private var here = 0.0
  /// Half a unit in the last place of the sums, relative.
  private let rounding: Double

  init(_ model: UnigramModel) {
    self.model = model
    cuts = model.cuts
    words = WordBatch(cacheBits: Self.cacheBits)
    best = .allocate(capacity: 0)
    steps = .allocate(capacity: 0)
    rounding = model.arithmetic == .single ? 0x1p-24 : 0x1p-53
  }

  deinit {
    best.deallocate()
    steps.deallocate()
  }

  /// Appends the ids of a piece of text.
  ///
  /// Neighbouring unknown characters give one id, or their bytes where the model has them.
  func encode(_ text: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    guard let base = text.baseAddress, !text.isEmpty, text.count < Int(Int32.max) - 64 else {
      return
    }
    here = 0
    wasUnknown = false
    var start = 0
    var wordEnd = 0
    while start < text.count {
      var at = start
      while at < text.count && !words.isFull {
        if at == wordEnd {
          wordEnd = model.wordsAreApart ? MarkedWords.end(base, text.count, from: at) : text.count
        }
        var length = wordEnd &- at
        if length > Self.uncut, let cuts { length = cuts.next(base, from: at, to: wordEnd) &- at }
        words.add(base + at, length, left: text.count &- at)
        at &+= length
      }
      encodeBatch(base + start, byteCount: at &- start, into: output)
      start = at
    }
  }

  private func encodeBatch(
    _ bytes: UnsafePointer<UInt8>, byteCount: Int, into output: TokenBuffer
  ) {
    let first = output.reserve(byteCount &+ PieceCache.maxIDs)
    var out = first
    var from = bytes
    let isSingle = model.arithmetic == .single
    for index in 0..<words.count {
      let key = words[index]
      let length = key.length
      if length <= PieceCache.maxKeyBytes, let slot = words.cache.find(key) {
        let limit = Float(bitPattern: words.cache.last(slot))
        if here == 0 || abs(here) <= Double(limit) {
          let count = words.cache.take(slot, into: out)
          for place in 0..<count {
            let sum = here + model.scores[Int(out[place])]
            here = isSingle ? Double(Float(sum)) : sum
          }
          out += count
          wasUnknown = false
          from += length
          continue
        }
      }
      out = search(from, length, key, into: out)
      from += length
    }
    words.removeAll()
    output.advance(by: out - first)
  }

  /// Writes the ids of a part, and keeps them if they can be told from the part alone.
  private func search(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ key: PieceCache.Key,
    into out: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID> {
    if capacity <= count {
      best.deallocate()
      steps.deallocate()
      capacity = count + count / 2 + 64
      best = .allocate(capacity: capacity)
      steps = .allocate(capacity: capacity)
    }
    if model.arithmetic == .single {
      search(bytes, count, rounds: true)
    } else {
      search(bytes, count, rounds: false)
    }
    var end = count
    var hasUnknown = false
    var margin = Double.infinity
    stepCount = 0
    while end > 0 {
      let found = best[end]
      steps[stepCount] = Step(id: found.id, start: found.start, end: Int32(truncatingIfNeeded: end))
      stepCount &+= 1
      hasUnknown = hasUnknown || found.id == model.unknown
      margin = min(margin, found.score - found.second)
      end = Int(found.start)
    }
    let before = here
    here = best[count].score
    let next = write(bytes, into: out)
    if count <= PieceCache.maxKeyBytes && stepCount <= Self.maxIDs && !hasUnknown {
      let reach = reach(margin, count)
      // A path found after other text may itself have fallen by rounding.
      if before == 0 || abs(before) <= Double(reach) {
        words.cache.insert(key, out, next - out, last: reach.bitPattern)
      }
    }
    return next
  }

  /// The largest sum before a part for which its path is sure; below zero if for none.
  ///
  /// Each of at most `count` additions is off by `rounding` of the sum; two paths are told apart if
  /// they are further from each other than both are off. Taken four times as wide.
  private func reach(_ margin: Double, _ count: Int) -> Float {
    let reach = margin / (rounding * 8 * Double(count + 1)) - Double(count) * model.largestScore
    return reach > 0 ? Float(min(reach * 0.999, 1e30)) : -1
  }

  private func write(_ base: UnsafePointer<UInt8>, into first: UnsafeMutablePointer<TokenID>)
    -> UnsafeMutablePointer<TokenID>
  {
    var out = first
    var index = stepCount
    while index > 0 {
      index &-= 1
      let step = steps[index]
      let isUnknown = step.id == model.unknown
      if !isUnknown {
        out.pointee = step.id
        out += 1
      } else if let fallback = model.byteFallback {
        for place in Int(step.start)..<Int(step.end) {
          let id = fallback[Int(base[place])]
          out.pointee = id == TokenTable.none ? model.unknown : id
          out += 1
        }
      } else if !wasUnknown {
        out.pointee = step.id
        out += 1
      }
      wasUnknown = isUnknown
    }
    return out
  }

  @inline(__always)
  private func search(_ base: UnsafePointer<UInt8>, _ count: Int, rounds: Bool) {
    let best = self.best
    let trie = model.trie
    let scores = model.scores
    let empty = Best(score: -.infinity, second: -.infinity, start: -1, id: 0)
    for index in 0...count { best[index] = empty }
    best[0] = Best(score: here, second: -.infinity, start: 0, id: 0)
    var start = 0
    while start < count {
      let here = best[start].score
      let length = max(1, UTF8Check.length(base, at: start, end: count))
      var hasCharacter = false
      var node = trie.root
      var at = start
      while at < count {
        node = trie.child(node, base[at])
        if node == 0 { break }
        at &+= 1
        let value = DoubleArrayTrie.value(node)
        guard value >= 0 else { continue }
        var sum = scores[Int(value)] + here
        if rounds { sum = Double(Float(sum)) }
        Self.offer(best + at, sum, start, TokenID(truncatingIfNeeded: value))
        if at &- start == length { hasCharacter = true }
      }
      if !hasCharacter {
        var sum = model.unknownScore + here
        if rounds { sum = Double(Float(sum)) }
        Self.offer(best + (start &+ length), sum, start, model.unknown)
      }
      start &+= length
    }
  }

  @inline(__always)
  private static func offer(
    _ best: UnsafeMutablePointer<Best>, _ sum: Double, _ start: Int, _ id: TokenID
  ) {
    if best.pointee.start < 0 || sum > best.pointee.score {
      best.pointee = Best(
        score: sum, second: best.pointee.score, start: Int32(truncatingIfNeeded: start), id: id)
    } else if sum > best.pointee.second {
      best.pointee.second = sum
    }
  }
}
