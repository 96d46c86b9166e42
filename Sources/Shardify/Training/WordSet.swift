import ShardifyCore
import TokenizerTraining

/// The words a vocabulary is trained on.
struct WordSet {
  /// All languages together, weighted.
  var words = WordList()
  /// Each language by itself, by tag; only where parity asks for it.
  var languages: [(tag: LanguageTag, words: WordList)] = []
  /// Different words counted.
  var differentWords = 0
  /// Different words left out because memory did not suffice.
  var droppedWords = 0
  /// Words of less weight than this were left out; 0 if none had to be.
  var leastWeight: Int64 = 0
}

/// Builds a `WordSet` from merged counts in two passes: the first finds out how many fit.
///
/// Where memory does not suffice, the words of least weight are left out, all of one class of weight
/// or none: what stays depends on counts and `--memory` alone.
struct WordSetBuilder {
  let weights: LanguageWeights
  let tags: [LanguageTag]
  let memoryBytes: Int
  /// Whether languages are kept apart, and whether together too.
  let apart: Bool
  let together: Bool
  /// Whether they are for Unigram.
  var isUnigram = false

  /// - Parameter cursors: Makes the cursors over all counts anew for each pass.
  func build(_ cursors: () throws -> [any WordCursor], stop: StopFlag) throws -> WordSet {
    var set = WordSet()
    var needs = WeightHistogram()
    var merge = try WordMerge(try cursors())
    try merge.visit { _, bytes, counts in
      set.differentWords += 1
      if stop.isSet { throw Stopped() }
      if together { needs.add(weights.sum(counts), cost(bytes)) }
      guard apart else { return }
      for (label, count) in counts {
        needs.add(weights.weights[Int(label)] * count, cost(bytes))
      }
    }
    set.leastWeight = needs.least(fitting: memoryBytes)
    try fill(&set, try cursors(), stop)
    return set
  }

  /// The user asked for the end.
  struct Stopped: Error {}

  private func fill(_ set: inout WordSet, _ cursors: [any WordCursor], _ stop: StopFlag) throws {
    var lists: [WordList?] = Array(repeating: nil, count: tags.count)
    let words = WordList()
    var dropped = 0
    let least = max(1, set.leastWeight)
    var merge = try WordMerge(cursors)
    try merge.visit { _, bytes, counts in
      if stop.isSet { throw Stopped() }
      var isKept = false
      if together {
        let weight = weights.sum(counts)
        isKept = weight >= least || weight == 0
        if weight >= least { words.append(bytes, weight: weight) }
      }
      if apart {
        for (label, count) in counts {
          let weight = weights.weights[Int(label)] * count
          guard weight >= least else { continue }
          isKept = true
          let list = lists[Int(label)] ?? WordList()
          list.append(bytes, weight: weight)
          lists[Int(label)] = list
        }
      }
      if !isKept { dropped += 1 }
    }
    set.words = words
    set.droppedWords = set.leastWeight > 0 ? dropped : 0
    set.languages = zip(tags, lists).compactMap { tag, list in list.map { (tag, $0) } }
      .sorted { $0.tag < $1.tag }
  }

  /// Memory a word takes while it is trained on: its bytes, ids and places, and their growth.
  private func cost(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    if isUnigram {
      let characters = bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
      return UnigramSettings.wordBytes(characters: characters) + bytes.count * 3
    }
    return bytes.count * 14 + 48
  }
}

/// The memory that words need, by classes of weight (sixty-four to each power of two).
struct WeightHistogram {
  private var needs = [Int](repeating: 0, count: 64 * 64)

  /// Counts a word.
  mutating func add(_ weight: Int64, _ cost: Int) {
    if weight > 0 { needs[Self.slot(weight)] += cost }
  }

  /// The least weight such that words of it and more fit into memory; 0 if all do.
  func least(fitting memoryBytes: Int) -> Int64 {
    var sum = 0
    for slot in stride(from: needs.count - 1, through: 0, by: -1) where needs[slot] > 0 {
      sum += needs[slot]
      if sum > memoryBytes { return Self.first(slot + 1) }
    }
    return 0
  }

  static func slot(_ weight: Int64) -> Int {
    if weight < 64 { return Int(weight) }
    let exponent = 63 - weight.leadingZeroBitCount
    return (exponent - 5) * 64 + Int(weight >> Int64(exponent - 6)) - 64
  }

  /// The least weight of a class.
  static func first(_ slot: Int) -> Int64 {
    if slot < 128 { return Int64(slot) }
    let shift = slot / 64 - 1
    return shift < 57 ? Int64(slot % 64 + 64) << Int64(shift) : .max
  }
}
