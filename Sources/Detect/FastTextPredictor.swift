import CSIMD
import Glibc
import ShardifyCore

/// Reads lines as fastText does and gives the probability of every label. For one thread.
///
/// The rows of a word are summed first, and the sums of the words then; fastText sums all rows of a line
/// one after the other. Both round each addition to single precision: the difference stays below 1e-6 of
/// a value for lines of some thousand words.
final class FastTextPredictor {
  let model: FastTextModel
  private let cache: FastTextWordCache
  private let rows = FastTextRows()
  private var hashes: [UInt32] = []
  private let hidden: UnsafeMutablePointer<Float>
  private let wordSum: UnsafeMutablePointer<Float>
  /// The probability of each label after `finish`.
  let probabilities: UnsafeMutablePointer<Float>
  private let treeShares: UnsafeMutablePointer<Float>
  private let dimension: Int
  private let labelCount: Int
  private var rowCount = 0
  private let batch: UnsafeMutablePointer<Word>
  private static let batchSize = 16

  /// A word of the text and its record, which one too long for the cache has not.
  private struct Word {
    var start: UnsafeRawPointer
    var count: Int
    var record: UnsafeMutableRawPointer?
  }

  init(_ model: FastTextModel) {
    self.model = model
    dimension = model.arguments.dimension
    labelCount = model.dictionary.labels.count
    cache = FastTextWordCache(dimension: dimension)
    hidden = .allocate(capacity: dimension)
    wordSum = .allocate(capacity: dimension)
    probabilities = .allocate(capacity: labelCount)
    probabilities.initialize(repeating: 0, count: labelCount)
    treeShares = .allocate(capacity: max(1, model.tree.count))
    batch = .allocate(capacity: Self.batchSize)
    start()
  }

  deinit {
    hidden.deallocate()
    wordSum.deallocate()
    probabilities.deallocate()
    treeShares.deallocate()
    batch.deallocate()
  }

  /// Begins a line.
  func start() {
    hidden.initialize(repeating: 0, count: dimension)
    rowCount = 0
  }

  /// Adds a part of the line. A newline counts as a space; `isEnded` says whether the line ends here,
  /// which gives the end-of-sentence word. That word, written out, ends the part.
  func add(_ text: UnsafeRawBufferPointer, isEnded: Bool) {
    hashes.removeAll(keepingCapacity: true)
    var isOpen = true
    if let base = text.baseAddress {
      var place = 0
      while isOpen, let count = collect(base, text.count, &place, &isOpen) {
        for number in 0..<count { addWord(batch[number]) }
      }
    }
    if isEnded, isOpen {
      FastTextDictionary.endOfSentence.withUnsafeBytes {
        guard let start = $0.baseAddress else { return }
        addWord(Word(start: start, count: $0.count, record: cache.locate(start, $0.count)))
      }
    }
    guard model.dictionary.usesWordNgrams else { return }
    for first in hashes.indices {
      rows.removeAll()
      model.dictionary.wordNgrams(hashes, from: first, into: rows)
      addRows(to: hidden)
      rowCount &+= rows.count
    }
  }

  /// Collects the next words, so that their records are fetched together; nil at the end of the text.
  @inline(__always)
  private func collect(
    _ base: UnsafeRawPointer, _ end: Int, _ place: inout Int, _ isOpen: inout Bool
  ) -> Int? {
    var count = 0
    while isOpen, count < Self.batchSize, let word = Self.nextWord(base, end, &place) {
      guard let start = word.baseAddress else { break }
      let isShort = word.count <= FastTextWordCache.longestBytes
      batch[count] = Word(
        start: start, count: word.count, record: isShort ? cache.locate(start, word.count) : nil)
      count &+= 1
      isOpen =
        word.count != 4 || !word.elementsEqual(FastTextDictionary.endOfSentence)
    }
    return count == 0 ? nil : count
  }

  /// The next word from `place` on, or nil at the end of the text.
  @inline(__always)
  private static func nextWord(
    _ base: UnsafeRawPointer, _ end: Int, _ place: inout Int
  ) -> UnsafeRawBufferPointer? {
    let bytes = base.assumingMemoryBound(to: UInt8.self)
    while place < end, isSpace(bytes[place]) { place &+= 1 }
    let start = place
    while place < end, !isSpace(bytes[place]) { place &+= 1 }
    guard place > start else { return nil }
    return UnsafeRawBufferPointer(start: base + start, count: place &- start)
  }

  @inline(__always)
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte <= 32 && (byte == 32 || byte &- 9 < 5 || byte == 0)
  }

  @inline(__always)
  private func addWord(_ word: Word) {
    let bytes = UnsafeRawBufferPointer(start: word.start, count: word.count)
    guard let record = word.record else {
      let entry = sum(bytes, into: wordSum)
      take(entry, wordSum)
      return
    }
    let cached = FastTextWordCache.sum(record)
    if !FastTextWordCache.holds(record, word.start, word.count) {
      FastTextWordCache.put(word.start, sum(bytes, into: cached), in: record)
    }
    take(FastTextWordCache.entry(record), cached)
  }

  @inline(__always)
  private func take(_ entry: FastTextWordCache.Entry, _ sum: UnsafeMutablePointer<Float>) {
    guard !entry.isLabel else { return }
    csimd_add_floats(hidden, sum, dimension)
    rowCount &+= Int(entry.rowCount)
    if model.dictionary.usesWordNgrams { hashes.append(entry.hash) }
  }

  /// Sums the rows of a word.
  private func sum(
    _ word: UnsafeRawBufferPointer, into sum: UnsafeMutablePointer<Float>
  ) -> FastTextWordCache.Entry {
    sum.initialize(repeating: 0, count: dimension)
    let dictionary = model.dictionary
    var entry = FastTextWordCache.Entry()
    entry.count = UInt8(truncatingIfNeeded: word.count)
    entry.hash = FastTextDictionary.hash(word)
    dictionary.prefetch(entry.hash)
    rows.removeAll()
    dictionary.subwords(word, into: rows)
    switch dictionary.find(word, entry.hash) {
    case .label:
      entry.isLabel = true
      return entry
    case .word(let number):
      if number < model.input.rowCount { model.input.add(number, to: sum) }
      entry.rowCount = 1
    case .unknown: break
    }
    entry.rowCount &+= Int32(truncatingIfNeeded: rows.count)
    addRows(to: sum)
    return entry
  }

  /// Adds the rows in hand. Rows that the matrix lacks count as zero.
  private func addRows(to sum: UnsafeMutablePointer<Float>) {
    let input = model.input
    let limit = input.rowCount
    let ahead = 8
    for i in 0..<min(ahead, rows.count) where Int(rows.base[i]) < limit {
      input.prefetch(Int(rows.base[i]))
    }
    for i in 0..<rows.count {
      if i &+ ahead < rows.count, Int(rows.base[i &+ ahead]) < limit {
        input.prefetch(Int(rows.base[i &+ ahead]))
      }
      let row = Int(rows.base[i])
      if row < limit { input.add(row, to: sum) }
    }
  }

  /// Ends the line: fills `probabilities`, with the 1e-5 that fastText adds to each before it takes
  /// logarithms and so also prints. False if the line has nothing that the model knows.
  func finish() -> Bool {
    guard rowCount > 0 else { return false }
    let share = 1 / Float(rowCount)
    for i in 0..<dimension { hidden[i] *= share }
    switch model.arguments.loss {
    case .softmax: softmax()
    case .oneVersusAll, .negativeSampling:
      for label in 0..<labelCount {
        probabilities[label] = Self.tabulatedSigmoid(model.output.dot(label, hidden)) + 1e-5
      }
    case .hierarchicalSoftmax: walkTree()
    }
    return true
  }

  private func softmax() {
    let output = model.output
    var largest = -Float.infinity
    for label in 0..<labelCount {
      probabilities[label] = output.dot(label, hidden)
      largest = max(largest, probabilities[label])
    }
    var total: Float = 0
    for label in 0..<labelCount {
      probabilities[label] = expf(probabilities[label] - largest)
      total += probabilities[label]
    }
    for label in 0..<labelCount { probabilities[label] = probabilities[label] / total + 1e-5 }
  }

  /// The logistic function at one of 513 places, as fastText tabulates it.
  private static func tabulatedSigmoid(_ x: Float) -> Float {
    if !(x >= -8) { return 0 }
    if x > 8 { return 1 }
    let place = Float(Int((x + 8) * 512 / 8 / 2))
    return 1 / (1 + expf(-(place * 16 / 512 - 8)))
  }

  /// From the root down: a node's share times the chance of each side, with the 1e-5 that fastText
  /// adds to a chance before it takes its logarithm. The product of the chances is what fastText's sum
  /// of their logarithms stands for.
  private func walkTree() {
    let tree = model.tree
    guard !tree.isEmpty else { return }
    let output = model.output
    treeShares[tree.count - 1] = 1
    for node in stride(from: tree.count - 1, through: labelCount, by: -1) {
      let f = 1 / (1 + expf(-output.dot(node - labelCount, hidden)))
      treeShares[tree[node].left] = treeShares[node] * (1 - f + 1e-5)
      treeShares[tree[node].right] = treeShares[node] * (f + 1e-5)
    }
    probabilities.update(from: treeShares, count: labelCount)
  }
}
