/// The words of a corpus as they are now, cut into tokens, and where each pair of neighbours is.
///
/// Tokens lie at the places of their bytes: a token's id stands at its first and at its last byte,
/// so both neighbours of a place are found without links. Words lie by falling weight, so that the
/// weight of a place is found by walking along with a list of places, which always ascend. A merge
/// touches its places only, and the table of pairs once for each different neighbour.
///
/// A text is always made by the same pair: while both its ends are ends of tokens, what happens
/// between them does not depend on what is around. So no pair comes again once it was merged, and
/// counts of known pairs only fall.
///
/// Source: the queue with late corrections is that of Hugging Face's trainer; the layout is ours.
final class PairIndex {
  /// What the index is for.
  struct Settings {
    var tieRule: TieRule
    /// Pairs of less weight are never wanted as merges.
    var minimum: Int64
    /// Tokens may not be longer, in bytes.
    var maxTokenBytes: Int
    /// Whether pairs below `minimum` are kept because others decide what is merged.
    var keepsAll: Bool
  }

  /// Between words, and where no token starts or ends.
  private static let wall = UInt32.max
  private static let inside = UInt32.max - 1

  let settings: Settings
  /// Token ids; shape [places].
  private let tokens: UnsafeMutablePointer<UInt32>
  private let placeCount: Int
  /// Where the words of one weight end, ascending, and that weight.
  private let groupEnds: [UInt32]
  private let groupWeights: [Int64]
  private var table = PairTable()
  private var heap = CandidateHeap()
  private var places: UnsafeMutablePointer<UInt32>
  private var placesUsed = 0
  private var placesCapacity = 1
  private let scratch: MergeScratch
  /// The weight of all tokens now.
  private(set) var tokenWeight: Int64 = 0

  /// Indexes words whose bytes have the ids `firstID + rank[byte]`.
  ///
  /// - Parameters:
  ///   - ranks: The place of each byte among the first 256 ids; shape [256].
  init(
    _ words: WordList, firstID: UInt32, ranks: [UInt8], settings: Settings, scratch: MergeScratch
  ) {
    self.settings = settings
    self.scratch = scratch
    placeCount = words.byteCount + words.count + 1
    tokens = .allocate(capacity: placeCount)
    var ends: [UInt32] = []
    var weights: [Int64] = []
    tokens[0] = Self.wall
    var at = 1
    for word in words.byWeight() {
      let weight = words.weights[word]
      for index in words.range(word) {
        tokens[at] = firstID + UInt32(ranks[Int(words.text[index])])
        at += 1
      }
      tokens[at] = Self.wall
      at += 1
      tokenWeight += weight * Int64(words.range(word).count)
      if weights.last == weight {
        ends[ends.count - 1] = UInt32(at)
      } else {
        ends.append(UInt32(at))
        weights.append(weight)
      }
    }
    groupEnds = ends
    groupWeights = weights
    places = .allocate(capacity: 1)
    indexBytes(firstID)
  }

  deinit {
    tokens.deallocate()
    places.deallocate()
  }

  /// Counts the pairs of bytes and lists their places.
  private func indexBytes(_ firstID: UInt32) {
    var counts = [Int64](repeating: 0, count: 1 << 16)
    var lengths = [Int](repeating: 0, count: 1 << 16)
    forEachBytePair(firstID) { pair, _, weight in
      counts[pair] += weight
      lengths[pair] += 1
    }
    var starts = [Int](repeating: 0, count: 1 << 16)
    var total = 0
    for pair in 0..<1 << 16 where lengths[pair] > 0 && isWanted(counts[pair], 2) {
      starts[pair] = total
      total += lengths[pair]
    }
    places.deallocate()
    placesCapacity = max(1, total)
    places = .allocate(capacity: placesCapacity)
    placesUsed = total
    var next = starts
    forEachBytePair(firstID) { pair, place, _ in
      guard isWanted(counts[pair], 2) else { return }
      places[next[pair]] = place
      next[pair] += 1
    }
    var candidates: [Candidate] = []
    for pair in 0..<1 << 16 where lengths[pair] > 0 && isWanted(counts[pair], 2) {
      let (left, right) = (firstID + UInt32(pair >> 8), firstID + UInt32(pair & 255))
      let number = UInt32(table.count)
      table.append(
        PairRecord(
          left: left, right: right, count: counts[pair], start: starts[pair],
          length: lengths[pair]))
      candidates.append(
        Candidate(
          count: counts[pair], tie: settings.tieRule.key(left, right, length: 2), record: number))
    }
    heap = CandidateHeap(candidates)
  }

  private func forEachBytePair(_ firstID: UInt32, _ body: (Int, UInt32, Int64) -> Void) {
    var group = 0
    guard placeCount > 2 else { return }
    for place in 1..<placeCount - 1 {
      let (left, right) = (tokens[place], tokens[place + 1])
      if left == Self.wall { continue }
      while UInt32(place) >= groupEnds[group] { group += 1 }
      if right == Self.wall { continue }
      body(Int(left - firstID) << 8 | Int(right - firstID), UInt32(place), groupWeights[group])
    }
  }

  /// Whether a new pair has to be known.
  @inline(__always)
  private func isWanted(_ count: Int64, _ length: Int) -> Bool {
    if settings.keepsAll { return count > 0 }
    return count >= settings.minimum && length <= settings.maxTokenBytes
  }

  /// The pair to merge next: of the most weight, at least `minimum`; nil if there is none.
  func best() -> Candidate? {
    while let first = heap.first {
      let count = table.records[Int(first.record)].count
      if count == first.count { return count >= max(1, settings.minimum) ? first : nil }
      if count < max(1, settings.minimum) {
        heap.removeFirst()
      } else {
        heap.replaceFirst(Candidate(count: count, tie: first.tie, record: first.record))
      }
    }
    return nil
  }

  /// The two tokens of a candidate.
  func pair(of candidate: Candidate) -> (left: UInt32, right: UInt32) {
    let record = table.records[Int(candidate.record)]
    return (record.left, record.right)
  }

  /// Takes the best candidate out of the queue.
  func removeBest() { heap.removeFirst() }

  /// Merges a pair that `best` gave, at the places that were queued with it.
  func merge(_ candidate: Candidate, into merged: UInt32, lengths: [Int32]) {
    heap.removeFirst()
    merge(Int(candidate.record), merged, lengths)
  }

  /// Merges a pair wherever it is, chosen by somebody else.
  func merge(left: UInt32, right: UInt32, into merged: UInt32, lengths: [Int32]) {
    let number = table.find(left, right)
    if number >= 0 { merge(number, merged, lengths) }
  }

  // MARK: The merge

  private func merge(_ number: Int, _ merged: UInt32, _ lengths: [Int32]) {
    let record = table.records[number]
    let list = UnsafeBufferPointer(start: places + record.start, count: record.length)
    scratch.start(tokenCount: lengths.count)
    lengths.withUnsafeBufferPointer { visit(record, list, merged, $0) }
    // What merged with a neighbour that had merged just before it was a new pair for a moment.
    let gone = scratch.removed[Int(merged) * 2]
    if gone > 0 {
      scratch.added[Int(record.left) * 2 + 1] -= gone
      scratch.removed[Int(merged) * 2] = 0
    }
    let firstNew = table.count
    addPairs(merged, lengths)
    removePairs(record)
    queue(from: firstNew, lengths)
    scratch.finish()
    table.records[number].count = 0
    table.records[number].length = 0
  }

  /// Merges at each place; notes which pairs come and go.
  private func visit(
    _ record: PairRecord, _ list: UnsafeBufferPointer<UInt32>, _ merged: UInt32,
    _ lengths: UnsafeBufferPointer<Int32>
  ) {
    let (tokens, left, right) = (self.tokens, record.left, record.right)
    let leftLength = Int(lengths[Int(left)])
    let rightLength = Int(lengths[Int(right)])
    let scratch = self.scratch
    var group = 0
    var groupEnd = 0
    var weight: Int64 = 0
    var mergedWeight: Int64 = 0
    for listed in list {
      let place = Int(listed)
      if tokens[place] != left { continue }
      let second = place &+ leftLength
      if tokens[second] != right { continue }
      if place >= groupEnd {
        group = self.group(of: listed, from: group)
        groupEnd = Int(groupEnds[group])
        weight = groupWeights[group]
      }
      let last = second &+ rightLength &- 1
      let previous = tokens[place &- 1]
      let next = tokens[last &+ 1]
      tokens[second &- 1] = Self.inside
      tokens[second] = Self.inside
      tokens[place] = merged
      tokens[last] = merged
      mergedWeight &+= weight
      if previous != Self.wall {
        scratch.remove(Int(previous) * 2, weight)
        if previous == merged {
          scratch.add(
            Int(merged) * 2 + 1, weight, UInt32(place &- Int(lengths[Int(merged)])))
        } else {
          scratch.add(
            Int(previous) * 2, weight, UInt32(place &- Int(lengths[Int(previous)])))
        }
      }
      if next != Self.wall {
        scratch.remove(Int(next) * 2 + 1, weight)
        scratch.add(Int(next) * 2 + 1, weight, listed)
      }
    }
    tokenWeight -= mergedWeight
  }

  /// The group of words of one weight that a place is in, searched forwards.
  @inline(__always)
  private func group(of place: UInt32, from start: Int) -> Int {
    var low = start
    var step = 1
    // Steps double, then the last is halved: lists may be long or reach far.
    while low &+ step < groupEnds.count && groupEnds[low &+ step &- 1] <= place {
      low &+= step
      step &*= 2
    }
    var high = min(low &+ step, groupEnds.count &- 1)
    if groupEnds[low] > place { return low }
    while low &+ 1 < high {
      let middle = (low &+ high) / 2
      if groupEnds[middle] <= place { low = middle } else { high = middle }
    }
    return high
  }

  private func addPairs(_ merged: UInt32, _ lengths: [Int32]) {
    let mergedLength = Int(lengths[Int(merged)])
    let total = scratch.sortPlaces { slot in
      let length = mergedLength + Int(lengths[slot >> 1])
      return isWanted(scratch.added[slot], length)
        && (length <= settings.maxTokenBytes || settings.keepsAll)
    }
    reservePlaces(total)
    (places + placesUsed).update(from: scratch.sorted, count: total)
    for slot in scratch.touched where scratch.kept[slot] {
      let other = UInt32(slot >> 1)
      let (left, right) = slot & 1 == 0 ? (other, merged) : (merged, other)
      table.append(
        PairRecord(
          left: left, right: right, count: scratch.added[slot],
          start: placesUsed + scratch.starts[slot], length: scratch.lengths[slot]))
    }
    placesUsed += total
  }

  /// Queues the records from number `first` on, when all that the merge removed has been taken off.
  private func queue(from first: Int, _ lengths: [Int32]) {
    for number in first..<table.count {
      let record = table.records[number]
      guard record.count > 0 else { continue }
      let length = Int(lengths[Int(record.left)] + lengths[Int(record.right)])
      heap.push(
        Candidate(
          count: record.count, tie: settings.tieRule.key(record.left, record.right, length: length),
          record: UInt32(number)))
    }
  }

  private func removePairs(_ record: PairRecord) {
    for slot in scratch.touched where scratch.removed[slot] > 0 {
      let other = UInt32(slot >> 1)
      let found =
        slot & 1 == 0 ? table.find(other, record.left) : table.find(record.right, other)
      if found >= 0 { table.records[found].count -= scratch.removed[slot] }
    }
  }

  // MARK: Places

  private func reservePlaces(_ more: Int) {
    guard placesUsed + more > placesCapacity else { return }
    var live = 0
    for number in 0..<table.count where isLive(number) { live += table.records[number].length }
    let wanted = max(placesCapacity, (live + more) + (live + more) / 2)
    let fresh = UnsafeMutablePointer<UInt32>.allocate(capacity: wanted)
    var at = 0
    for number in 0..<table.count {
      let record = table.records[number]
      guard isLive(number) else {
        table.records[number].length = 0
        continue
      }
      (fresh + at).update(from: places + record.start, count: record.length)
      table.records[number].start = at
      at += record.length
    }
    places.deallocate()
    places = fresh
    placesCapacity = wanted
    placesUsed = at
  }

  /// Whether a record's places may still be asked for.
  private func isLive(_ number: Int) -> Bool {
    let record = table.records[number]
    if record.length == 0 { return false }
    return settings.keepsAll || record.count >= settings.minimum
  }
}
