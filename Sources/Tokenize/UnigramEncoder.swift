import CSIMD
import ShardifyCore

/// Finds the best pieces of text, one step for each character. One per thread.
///
/// Text is taken in parts that no piece reaches across: words, where pieces hold no `▁` inside, and
/// stretches between `SafeCuts`. The best path goes through their ends, so that a part's pieces are
/// the same wherever it stands, and are kept, but for one thing: sums are rounded, and near-ties
/// fall by the rounding, which depends on the sum so far. So each part is searched from zero, and
/// kept with the largest sum before it for which no rounding can change its path. The sum itself is
/// added up only where a bound on it does not tell enough.
final class UnigramEncoder {
  private struct Step {
    var id: TokenID
    var start: Int32
    var end: Int32
  }

  /// Ids to be kept of a word, and the upper half of its reach.
  private struct Find {
    var index: Int
    var ids: UnsafePointer<TokenID>
    var count: Int
    var note: UInt16
  }

  /// Lines of the cache as a power of two: 16 MiB.
  private static let cacheBits = 18
  /// Shorter parts are not cut.
  private static let uncut = 12

  private let model: UnigramModel
  private let cuts: SafeCuts?
  private let words: WordBatch
  private let walker: UnigramWalker
  /// Of each word of a batch: its entry, and its place in the walker or -1. Shape [words].
  private let slots: UnsafeMutablePointer<PieceCache.Slot>
  private let places: UnsafeMutablePointer<Int>
  /// What is to be kept of a batch.
  private let finds: UnsafeMutablePointer<Find>
  private var findCount = 0
  private var best: UnsafeMutablePointer<csimd_best>
  private var steps: UnsafeMutablePointer<Step>
  private var capacity = 0
  private var stepCount = 0
  private var wasUnknown = false
  /// The score of the best path to the id at `summed` of the output.
  private var here = 0.0
  private var summed = 0
  /// At least the score's size at the last id.
  private var bound = 0.0
  /// Half a unit in the last place of the sums, relative.
  private let rounding: Double

  init(_ model: UnigramModel) {
    self.model = model
    cuts = model.cuts
    words = WordBatch(cacheBits: Self.cacheBits)
    walker = UnigramWalker(model)
    slots = .allocate(capacity: WordBatch.capacity)
    places = .allocate(capacity: WordBatch.capacity)
    finds = .allocate(capacity: WordBatch.capacity)
    best = .allocate(capacity: 0)
    steps = .allocate(capacity: 0)
    rounding = model.arithmetic == .single ? 0x1p-24 : 0x1p-53
  }

  deinit {
    best.deallocate()
    steps.deallocate()
    slots.deallocate()
    places.deallocate()
    finds.deallocate()
  }

  /// Appends the ids of a piece of text.
  ///
  /// Neighbouring unknown characters give one id, or their bytes where the model has them.
  func encode(_ text: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    guard let base = text.baseAddress, !text.isEmpty, text.count < Int(Int32.max) - 64 else {
      return
    }
    begin(output)
    encodeParts(text, base, into: output)
  }

  /// The same for text that is not normalized; false if it cannot be cut before, where what was
  /// appended does not count. `sink` is used on the way.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, _ cutter: SentencePieceWords, _ sink: ByteSink,
    into output: TokenBuffer
  ) -> Bool {
    begin(output)
    let isDone = cutter.cut(text, into: words, sink) {
      encodeBatch(into: output)
    } slow: { part in
      if let base = part.baseAddress { encodeParts(part, base, into: output) }
    }
    words.removeAll()
    return isDone
  }

  private func begin(_ output: TokenBuffer) {
    here = 0
    bound = 0
    summed = output.count
    wasUnknown = false
  }

  private func encodeParts(
    _ text: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>, into output: TokenBuffer
  ) {
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
      encodeBatch(into: output)
      start = at
    }
  }

  private func encodeBatch(into output: TokenBuffer) {
    look()
    walker.walk()
    let first = output.reserve(words.byteCount &+ PieceCache.maxIDs)
    let ids = output.base
    var out = first
    let cache = words.cache
    let largest = model.largestScore
    for index in 0..<words.count {
      let slot = slots[index]
      if slot.isThere {
        let limit = Double(Float(bitPattern: UInt32(cache.note(slot)) << 16))
        if bound > limit { catchUp(ids, to: out - ids) }
        if bound <= limit {
          let count = cache.take(slot, into: out)
          bound += Double(count) * largest
          out += count
          wasUnknown = false
          continue
        }
      }
      let (bytes, length) = words.bytes(index)
      out = search(bytes, length, index, ids, into: out)
    }
    for find in UnsafeBufferPointer(start: finds, count: findCount) {
      cache.insert(words[find.index], find.ids, find.count, note: find.note)
    }
    findCount = 0
    words.removeAll()
    output.advance(by: out - first)
  }

  /// Looks the words of a batch up; those that are not there go to the walker.
  private func look() {
    words.find(slots)
    walker.removeAll()
    for index in 0..<words.count {
      places[index] = -1
      if slots[index].isThere || !model.isRegular { continue }
      let (bytes, length) = words.bytes(index)
      if length <= UnigramWalker.maxBytes { places[index] = walker.add(bytes, length) }
    }
  }

  /// Adds up the scores of the ids before `end`, so that the bound is the sum itself.
  @inline(never)
  private func catchUp(_ ids: UnsafePointer<TokenID>, to end: Int) {
    let isSingle = model.arithmetic == .single
    var sum = here
    for place in summed..<max(summed, end) {
      let next = sum + model.scores[Int(ids[place])]
      sum = isSingle ? Double(Float(next)) : next
    }
    here = sum
    summed = max(summed, end)
    bound = abs(sum)
  }

  /// Writes the ids of a part, and keeps them if they can be told from the part alone.
  private func search(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ index: Int,
    _ ids: UnsafeMutablePointer<TokenID>, into out: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID> {
    if capacity <= count {
      best.deallocate()
      steps.deallocate()
      capacity = count + count / 2 + 64
      best = .allocate(capacity: capacity)
      steps = .allocate(capacity: capacity)
    }
    let characters =
      places[index] >= 0
      ? searchFound(bytes, count, places[index]) : search(bytes, count, from: 0, rounds: false)
    let (margin, hasUnknown) = readPath(count)
    let reach = reach(margin, count, characters)
    if bound > Double(reach) || hasUnknown { catchUp(ids, to: out - ids) }
    if bound > Double(reach) {
      _ = search(bytes, count, from: here, rounds: model.arithmetic == .single)
      _ = readPath(count)
    } else if !hasUnknown {
      let next = write(bytes, into: out)
      bound += Double(stepCount) * model.largestScore
      if PieceCache.fits(words[index].length, next - out, noted: true) {
        // The upper half of a Float: cut towards zero, so that the sum kept is not larger.
        finds[findCount] = Find(
          index: index, ids: UnsafePointer(out), count: next - out,
          note: UInt16(reach.bitPattern >> 16))
        findCount &+= 1
        words.cache.prefetchRoom(words[index], next - out)
      }
      return next
    }
    // Ids do not tell the scores of unknown characters: the path does.
    let next = write(bytes, into: out)
    for index in stride(from: stepCount - 1, through: 0, by: -1) {
      let id = steps[index].id
      let sum = here + (id == model.unknown ? model.unknownScore : model.scores[Int(id)])
      here = model.arithmetic == .single ? Double(Float(sum)) : sum
    }
    summed = next - ids
    bound = abs(here)
    return next
  }

  /// Sets `steps` to the path to `count`, the last first; returns how far it is from the next best.
  private func readPath(_ count: Int) -> (margin: Double, hasUnknown: Bool) {
    var end = count
    var hasUnknown = false
    var margin = Double.infinity
    stepCount = 0
    while end > 0 {
      let found = best[end]
      let id = TokenID(truncatingIfNeeded: found.step)
      let start = Int32(truncatingIfNeeded: found.step >> 32)
      steps[stepCount] = Step(id: id, start: start, end: Int32(truncatingIfNeeded: end))
      stepCount &+= 1
      hasUnknown = hasUnknown || id == model.unknown
      margin = min(margin, found.score - found.second)
      end = Int(start)
    }
    return (margin, hasUnknown)
  }

  /// The largest sum before a part for which its path is sure; below zero if for none.
  ///
  /// Each of at most `characters` additions is off by `rounding` of the sum; two paths are told
  /// apart if they are further from each other than both are off. Taken twice as wide.
  private func reach(_ margin: Double, _ count: Int, _ characters: Int) -> Float {
    let reach =
      margin / (rounding * 4 * Double(characters + 1)) - Double(count) * model.largestScore
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

  /// Finds the best path from a sum on; returns how many characters there are.
  @inline(__always)
  private func search(
    _ base: UnsafePointer<UInt8>, _ count: Int, from sum: Double, rounds: Bool
  ) -> Int {
    let best = self.best
    let trie = model.trie
    let scores = model.scores
    let empty = csimd_best(score: -.infinity, second: -.infinity, step: Self.none)
    for index in 0...count { best[index] = empty }
    best[0].score = sum
    var start = 0
    var characters = 0
    while start < count {
      let here = best[start].score
      let length = max(1, UTF8Check.length(base, at: start, end: count))
      var hasCharacter = false
      var at = start &+ 1
      var node = model.firsts[Int(base[start])]
      if length == 3 && DoubleArrayTrie.value(node) < 0 {
        node = model.seconds[Int(base[start] & 0x0F) << 6 | Int(base[at] & 0x3F)]
        at &+= 1
      }
      while node != 0 {
        let value = DoubleArrayTrie.value(node)
        if value >= 0 {
          var sum = scores[Int(value)] + here
          if rounds { sum = Double(Float(sum)) }
          Self.offer(best + at, sum, start, TokenID(truncatingIfNeeded: value))
          if at &- start == length { hasCharacter = true }
        }
        if at == count { break }
        node = trie.child(node, base[at])
        at &+= 1
      }
      if !hasCharacter {
        var sum = model.unknownScore + here
        if rounds { sum = Double(Float(sum)) }
        Self.offer(best + (start &+ length), sum, start, model.unknown)
      }
      start &+= length
      characters &+= 1
    }
    return characters
  }

  /// The same from zero, by the pieces that the walker found.
  @inline(__always)
  private func searchFound(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ place: Int) -> Int {
    let best = self.best
    let scores = model.scores
    let empty = csimd_best(score: -.infinity, second: -.infinity, step: Self.none)
    for index in 0...count { best[index] = empty }
    best[0].score = 0
    var start = 0
    var characters = 0
    while start < count {
      let here = best[start].score
      let lead = bytes[start]
      let length = lead < 0x80 ? 1 : max(1, UTF8Check.length(bytes, at: start, end: count))
      let (pieces, found) = walker.pieces(place &+ start)
      for index in 0..<found {
        let id = pieces[index] >> 6
        csimd_offer(
          best + (start &+ Int(pieces[index] & 63)), scores[Int(id)] + here, Self.step(start, id))
      }
      if found == 0 || Int(pieces[0] & 63) != length {
        csimd_offer(
          best + (start &+ length), model.unknownScore + here, Self.step(start, model.unknown))
      }
      start &+= length
      characters &+= 1
    }
    return characters
  }

  @inline(__always)
  private static func offer(
    _ best: UnsafeMutablePointer<csimd_best>, _ sum: Double, _ start: Int, _ id: TokenID
  ) {
    if sum > best.pointee.score || best.pointee.step == none {
      best.pointee = csimd_best(
        score: sum, second: best.pointee.score, step: step(start, id))
    } else if sum > best.pointee.second {
      best.pointee.second = sum
    }
  }

  /// No step.
  private static let none = UInt64.max

  /// A piece from a place on.
  @inline(__always)
  private static func step(_ start: Int, _ id: TokenID) -> UInt64 {
    UInt64(truncatingIfNeeded: start) << 32 | UInt64(id)
  }
}
