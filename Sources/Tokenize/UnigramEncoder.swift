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

  /// The best way to a place: its score, that of the next best, and what its last step was.
  private struct Best {
    var score: Double
    var second: Double
    var step: UInt64
  }

  /// Ids to be kept of a word, and what `note` tells of it.
  private struct Find {
    var index: Int
    var count: Int
    var note: UInt16
  }

  /// Lines of the cache as a power of two: 16 MiB.
  private static let cacheBits = 18
  /// Shorter parts are not cut.
  private static let uncut = 12

  /// Ids after which their scores are added up, whatever their bound.
  private static let maxUnsummed = 1 << 20

  private let model: UnigramModel
  private let cuts: SafeCuts?
  private let words: WordBatch
  private let lattice: UnigramLattice
  /// Of each word of a batch: its entry, and if it has none its number in the lattice or -1. Shape
  /// [words].
  private let slots: UnsafeMutablePointer<PieceCache.Slot>
  private let numbers: UnsafeMutablePointer<Int>
  /// Where the ids of a path of the lattice start and how many there are, 0 for kept words; and
  /// where ids were written. Shape [words].
  private let pathFirsts: UnsafeMutablePointer<UInt32>
  private let pathCounts: UnsafeMutablePointer<UInt32>
  private let places: UnsafeMutablePointer<UnsafePointer<TokenID>>
  /// What is to be kept of a batch.
  private let finds: UnsafeMutablePointer<Find>
  private var findCount = 0
  private var best: UnsafeMutablePointer<Best>
  private var steps: UnsafeMutablePointer<Step>
  private var capacity = 0
  private var stepCount = 0
  private var wasUnknown = false
  /// The score of the best path to the id at `summed` of the output.
  private var here = 0.0
  private var summed = 0
  /// Places of the output before which unknown characters stand that have no id of their own.
  private let joined: UnsafeMutablePointer<Int>
  private var joinedCount = 0
  private static let joinedCapacity = 256
  /// At least the score's size at the last id.
  private var bound = 0.0
  /// Sizes of scores are kept in these units.
  private let unit: Double
  private let unitsPerSize: Double

  init(_ model: UnigramModel) {
    self.model = model
    cuts = model.cuts
    words = WordBatch(
      cacheBits: Self.cacheBits, idLimit: max(model.tokens.count, Int(model.unknown) + 1),
      singles: model.singles.map { UnsafePointer($0) })
    lattice = UnigramLattice(model)
    unit = max(1e-30, Double(PieceCache.maxIDs) * model.largestScore / 254)
    unitsPerSize = 1 / unit
    slots = .allocate(capacity: WordBatch.capacity)
    numbers = .allocate(capacity: WordBatch.capacity)
    pathFirsts = .allocate(capacity: WordBatch.capacity)
    pathCounts = .allocate(capacity: WordBatch.capacity)
    places = .allocate(capacity: WordBatch.capacity)
    finds = .allocate(capacity: WordBatch.capacity)
    joined = .allocate(capacity: Self.joinedCapacity)
    best = .allocate(capacity: 0)
    steps = .allocate(capacity: 0)
  }

  deinit {
    best.deallocate()
    steps.deallocate()
    slots.deallocate()
    numbers.deallocate()
    pathFirsts.deallocate()
    pathCounts.deallocate()
    places.deallocate()
    finds.deallocate()
    joined.deallocate()
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
  /// appended does not count.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, _ cutter: SentencePieceCutter, into output: TokenBuffer
  ) -> Bool {
    begin(output)
    let isDone = cutter.cut(text, into: words) {
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
    joinedCount = 0
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
    let unseen = words.find(slots)
    addUnseen(unseen)
    lattice.search()
    let first = output.reserve(
      words.byteCount &+ words.singleCount &+ WordBatch.singleSlack &+ PieceCache.maxIDs)
    let ids = output.base
    // Before so many roundings make the bound too small.
    if first - ids > summed &+ Self.maxUnsummed { catchUp(ids, to: first - ids) }
    let out =
      areAllSure(unseen, ids, at: first) ? takeAll(into: first) : takeEach(ids, into: first)
    for find in UnsafeBufferPointer(start: finds, count: findCount) {
      words.cache.insert(words[find.index], places[find.index], find.count, note: find.note)
    }
    findCount = 0
    words.removeAll()
    output.advance(by: out - first)
  }

  /// Whether the ids of all words, and of characters between them, hold after any sum up to that at
  /// the batch's end. Then what is to be kept of it is known too, and the bound is that end's.
  private func areAllSure(
    _ unseen: UInt64, _ ids: UnsafeMutablePointer<TokenID>, at first: UnsafeMutablePointer<TokenID>
  ) -> Bool {
    var exponent: Int64 = 0xFF
    var units = 0
    for index in 0..<words.count {
      let slot = slots[index]
      // Of none it is 0.
      let note = words.cache.note(slot)
      units &+= Int(note & 0xFF)
      exponent = min(exponent, csimd_either(slot.isThere, Int64(note >> 8), 0xFF))
      pathFirsts[index] = UnigramLattice.noIDs
      pathCounts[index] = 0
    }
    var sum = Double(units) * unit
    for id in words.singlesToTake {
      if id == model.unknown { return false }
      sum += abs(model.scores[Int(id)]) * 1.001
    }
    var least = Float(bitPattern: UInt32(exponent) << 23)
    var left = unseen
    while left != 0 {
      let index = left.trailingZeroBitCount
      left &= left &- 1
      let number = numbers[index]
      if number < 0 { return false }
      let path = lattice[number]
      if path.kind != 0 { return false }
      let reach = lattice.reach(number, path)
      let size = size(path.count, Double(path.score))
      least = min(least, reach)
      sum += size
      pathFirsts[index] = path.first
      pathCounts[index] = path.count
      keep(index, Int(path.count), reach, size)
    }
    var limit = Double(least)
    if model.largestSum < .infinity {
      limit = min(limit, model.largestSum - largest(words.byteCount))
    }
    if bound + sum > limit { catchUp(ids, to: first - ids) }
    if bound + sum > limit { return false }
    bound += sum
    return true
  }

  /// Takes all words, sure ones: without a branch for each, which would be mispredicted at most of
  /// those that were not seen before.
  private func takeAll(into first: UnsafeMutablePointer<TokenID>) -> UnsafeMutablePointer<TokenID> {
    var out = first
    let cache = words.cache
    for index in 0..<words.count {
      out += words.takeSingles(before: index, into: out)
      places[index] = UnsafePointer(out)
      let (kept, keptCount) = cache.takeFour(slots[index])
      let (pathFirst, pathCount) = (pathFirsts[index], Int(pathCounts[index]))
      // One of them is zeros.
      let four = kept | lattice.four(pathFirst)
      UnsafeMutableRawPointer(out).storeBytes(of: four, as: SIMD4<TokenID>.self)
      UnsafeMutableRawPointer(out + 4).storeBytes(
        of: lattice.four(pathFirst &+ 4), as: SIMD4<TokenID>.self)
      if keptCount > 4 {
        _ = cache.take(slots[index], into: out)
      } else if pathCount > 8 {
        _ = lattice.take(lattice[numbers[index]], into: out)
      }
      out += keptCount &+ pathCount
    }
    out += words.takeSingles(before: words.count, into: out)
    if out > first { wasUnknown = false }
    return out
  }

  /// Takes words one after the other, adding scores up where need be.
  @inline(never)
  private func takeEach(
    _ ids: UnsafeMutablePointer<TokenID>, into first: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID> {
    var out = first
    let cache = words.cache
    findCount = 0
    for index in 0..<words.count {
      let singles = words.takeSingles(before: index, into: out)
      if singles > 0 { out = take(singles, ids, at: out) }
      places[index] = UnsafePointer(out)
      let slot = slots[index]
      // With the mark that may be before its bytes.
      let largest = largest(words[index].length &+ 3)
      if bound + largest > model.largestSum && isOver(largest, ids, at: out) {
        out = searchExactly(index, ids, into: out)
        continue
      }
      if slot.isThere {
        let note = cache.note(slot)
        let limit = Self.reach(note)
        if bound > limit { catchUp(ids, to: out - ids) }
        if bound <= limit {
          out += cache.take(slot, into: out)
          bound += Double(note & 0xFF) * unit
          wasUnknown = false
          continue
        }
      } else if let next = take(index, ids, into: out) {
        out = next
        continue
      }
      out = search(index, ids, into: out, isPast: slot.isThere)
    }
    let singles = words.takeSingles(before: words.count, into: out)
    return singles > 0 ? take(singles, ids, at: out) : out
  }

  /// Takes single characters, whose ids are at `first` already.
  @inline(__always)
  private func take(
    _ count: Int, _ ids: UnsafeMutablePointer<TokenID>, at first: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID> {
    var out = first
    for place in 0..<count {
      let id = first[place]
      if bound > model.largestSum { _ = isOver(0, ids, at: out) }
      if id == model.unknown {
        out = takeUnknown(ids, into: out)
      } else {
        out.pointee = id
        out += 1
        bound += abs(model.scores[Int(id)]) * 1.001
        wasUnknown = false
      }
    }
    return out
  }

  /// Takes an unknown character.
  @inline(never)
  private func takeUnknown(
    _ ids: UnsafeMutablePointer<TokenID>, into out: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID> {
    bound += abs(model.unknownScore) * 1.001
    if wasUnknown {
      if joinedCount == Self.joinedCapacity { catchUp(ids, to: out - ids) }
      joined[joinedCount] = out - ids
      joinedCount &+= 1
      return out
    }
    wasUnknown = true
    out.pointee = model.unknown
    return out + 1
  }

  /// Adds words to the lattice.
  private func addUnseen(_ words: UInt64) {
    lattice.removeAll()
    var left = words
    while left != 0 {
      let index = left.trailingZeroBitCount
      left &= left &- 1
      let (bytes, length, isMarked) = self.words.text(index)
      let key = self.words[index]
      let number =
        key.length <= PieceCache.maxKeyBytes ? lattice.add(key, isMarked: isMarked) : -1
      numbers[index] = number >= 0 ? number : lattice.add(bytes, length, isMarked: isMarked)
    }
  }

  /// Writes the ids of a word that the lattice found, and keeps them; nil if it cannot tell them.
  @inline(__always)
  private func take(
    _ index: Int, _ ids: UnsafeMutablePointer<TokenID>, into out: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID>? {
    let number = numbers[index]
    if number < 0 { return nil }
    let path = lattice[number]
    if path.kind != 0 { return takeUnknown(number, path, ids, into: out) }
    let reach = lattice.reach(number, path)
    if bound > Double(reach) {
      catchUp(ids, to: out - ids)
      if bound > Double(reach) { return takeExact(number, ids, into: out) }
    }
    let next = lattice.take(path, into: out)
    let size = size(path.count, Double(path.score))
    bound += size
    wasUnknown = false
    keep(index, next - out, reach, size)
    return next
  }

  /// The same for a word past its reach, once `here` is the sum: added up as the reference does.
  @inline(never)
  private func takeExact(
    _ number: Int, _ ids: UnsafeMutablePointer<TokenID>,
    into out: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID>? {
    model.areFloats ? write(lattice.path(number, from: Float(here)), ids, into: out) : nil
  }

  /// The same for a word with unknown characters.
  @inline(never)
  private func takeUnknown(
    _ number: Int, _ path: csimd_path, _ ids: UnsafeMutablePointer<TokenID>,
    into out: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID>? {
    guard path.kind == UInt32(CSIMD_UNKNOWN), model.byteFallback == nil else { return nil }
    let reach = Double(lattice.reach(number, path))
    if bound > reach || joinedCount &+ Int(path.count) > Self.joinedCapacity {
      catchUp(ids, to: out - ids)
      if path.count > Self.joinedCapacity { return nil }
      if bound > reach { return takeExact(number, ids, into: out) }
    }
    return write(path, ids, into: out)
  }

  /// Writes the ids of a path, neighbouring unknown characters as one, and notes where these are.
  private func write(
    _ path: csimd_path, _ ids: UnsafeMutablePointer<TokenID>,
    into first: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID>? {
    if path.kind != 0 && (model.byteFallback != nil || path.count > Self.joinedCapacity) {
      return nil
    }
    var out = first
    for id in lattice.ids(path) {
      let isUnknown = id == model.unknown
      if isUnknown && wasUnknown {
        joined[joinedCount] = out - ids
        joinedCount &+= 1
      } else {
        out.pointee = id
        out += 1
      }
      wasUnknown = isUnknown
    }
    bound += size(path.count, Double(path.score))
    return out
  }

  /// At least the size of the score of so many ids.
  @inline(__always)
  private func size(_ count: some BinaryInteger, _ score: Double) -> Double {
    // Where all are of one sign, the sum before the last of them is not larger.
    model.hasPositiveScores
      ? Double(count) * model.largestScore : -score * 1.001
  }

  /// Notes that ids of a word are to be kept, if they fit, with their reach and the size of their
  /// score: in the upper byte the exponent of the one, cut towards zero, in the lower byte the other
  /// in units.
  @inline(__always)
  private func keep(
    _ index: Int, _ count: Int, _ reach: Float, _ size: Double
  ) {
    guard reach >= 1, words.cache.fits(words[index].length, count, noted: true) else { return }
    let units = UInt16(truncatingIfNeeded: min(255, Int(size * unitsPerSize) &+ 1))
    let note = UInt16(truncatingIfNeeded: reach.bitPattern >> 23) << 8 | units
    finds[findCount] = Find(index: index, count: count, note: note)
    findCount &+= 1
    words.cache.prefetchRoom(words[index], count)
  }

  /// The reach in a note.
  @inline(__always)
  private static func reach(_ note: UInt16) -> Double {
    Double(Float(bitPattern: UInt32(note >> 8) << 23))
  }

  /// Adds up the scores of the ids before `end`, so that the bound is the sum itself.
  @inline(never)
  private func catchUp(_ ids: UnsafePointer<TokenID>, to end: Int) {
    if model.areFloats {
      // The same as in Double, rounded after each.
      var sum = Float(here)
      forEachScore(ids, to: end) { sum += Float($0) }
      here = Double(sum)
    } else {
      let isSingle = model.arithmetic == .single
      var sum = here
      forEachScore(ids, to: end) { sum = isSingle ? Double(Float(sum + $0)) : sum + $0 }
      here = sum
    }
    bound = abs(here)
  }

  @inline(__always)
  private func forEachScore(_ ids: UnsafePointer<TokenID>, to end: Int, _ body: (Double) -> Void) {
    let (scores, unknown, unknownScore) = (model.scores, model.unknown, model.unknownScore)
    var place = summed
    for index in 0...joinedCount {
      let next = index < joinedCount ? joined[index] : max(summed, end)
      while place < next {
        let id = ids[place]
        body(id == unknown ? unknownScore : scores[Int(id)])
        place &+= 1
      }
      if index < joinedCount { body(unknownScore) }
    }
    summed = place
    joinedCount = 0
  }

  /// Writes the ids of a part, and keeps them if they can be told from the part alone. `isPast`: they
  /// cannot, and `here` is the sum.
  @inline(never)
  private func search(
    _ index: Int, _ ids: UnsafeMutablePointer<TokenID>,
    into out: UnsafeMutablePointer<TokenID>, isPast: Bool
  ) -> UnsafeMutablePointer<TokenID> {
    let (bytes, count) = words.bytes(index)
    makeRoom(count)
    var isPast = isPast
    if !isPast {
      let characters = search(bytes, count, from: 0, rounds: false)
      let (margin, hasUnknown) = readPath(count)
      let reach = reach(margin, count, characters)
      if bound > Double(reach) || hasUnknown { catchUp(ids, to: out - ids) }
      isPast = bound > Double(reach)
      if !isPast && !hasUnknown {
        let next = write(bytes, into: out)
        let size = size(stepCount, best[count].score)
        bound += size
        keep(index, next - out, reach, size)
        return next
      }
    }
    if isPast { return searchExactly(index, ids, into: out) }
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

  /// Writes the ids of a part, once `here` is the sum, as the reference finds them.
  private func searchExactly(
    _ index: Int, _ ids: UnsafeMutablePointer<TokenID>,
    into out: UnsafeMutablePointer<TokenID>
  ) -> UnsafeMutablePointer<TokenID> {
    let (bytes, count) = words.bytes(index)
    makeRoom(count)
    _ = search(bytes, count, from: here, rounds: model.arithmetic == .single)
    _ = readPath(count)
    here = best[count].score
    let next = write(bytes, into: out)
    summed = next - ids
    bound = abs(here)
    return next
  }

  /// At least the size of the score of any pieces of so many bytes.
  @inline(__always)
  private func largest(_ count: Int) -> Double { Double(count) * model.largestScore * 1.001 }

  /// Whether the sum may become too large inside a part with scores of such a size, once it is added
  /// up. One that is so already starts from zero.
  @inline(never)
  private func isOver(
    _ size: Double, _ ids: UnsafePointer<TokenID>, at out: UnsafePointer<TokenID>
  ) -> Bool {
    catchUp(ids, to: out - ids)
    if bound > model.largestSum { (here, bound) = (0, 0) }
    return bound + size > model.largestSum
  }

  private func makeRoom(_ count: Int) {
    guard capacity <= count else { return }
    best.deallocate()
    steps.deallocate()
    capacity = count + count / 2 + 64
    best = .allocate(capacity: capacity)
    steps = .allocate(capacity: capacity)
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
      margin / (model.rounding * 4 * Double(characters + 1)) - Double(count) * model.largestScore
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
  ///
  /// If it rounds it does as SentencePiece 0.2.3: at a character where the sum has become too large,
  /// that is taken from the sums there and at all places that were reached further on.
  @inline(__always)
  private func search(
    _ base: UnsafePointer<UInt8>, _ count: Int, from sum: Double, rounds: Bool
  ) -> Int {
    let best = self.best
    let trie = model.trie
    let scores = model.scores
    let empty = Best(score: -.infinity, second: -.infinity, step: Self.none)
    for index in 0...count { best[index] = empty }
    best[0].score = sum
    var start = 0
    var characters = 0
    var reached = 0
    while start < count {
      var here = best[start].score
      if rounds && abs(here) > model.largestSum {
        for place in start...max(start, reached)
        where place == start || best[place].step != Self.none {
          best[place].score = Double(Float(best[place].score - here))
        }
        here = 0
      }
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
          reached = max(reached, at)
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
        reached = max(reached, start &+ length)
      }
      start &+= length
      characters &+= 1
    }
    return characters
  }

  @inline(__always)
  private static func offer(
    _ best: UnsafeMutablePointer<Best>, _ sum: Double, _ start: Int, _ id: TokenID
  ) {
    if sum > best.pointee.score || best.pointee.step == none {
      best.pointee = Best(
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
