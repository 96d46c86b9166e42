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
  private let wordSums: FastTextWordSums
  /// Rows of runs of words.
  private let rows = FastTextRows()
  private let usesWordNgrams: Bool
  private var hashes: [UInt32] = []
  private let hidden: UnsafeMutablePointer<Float>
  /// The probability of each label after `finish`.
  let probabilities: UnsafeMutablePointer<Float>
  private let treeShares: UnsafeMutablePointer<Float>
  private let dimension: Int
  private let labelCount: Int
  private var rowCount = 0
  /// Words of the text and their records, which those too long for the cache have not: two batches.
  private let batch: UnsafeMutablePointer<csimd_word>
  private let records: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  /// Of one batch, the sums to add and the numbers of the words that are not in the cache.
  private let vectors: UnsafeMutablePointer<UnsafePointer<Float>?>
  private let missed: UnsafeMutablePointer<Int>
  private static let batchSize = 16

  init(_ model: FastTextModel) {
    self.model = model
    dimension = model.arguments.dimension
    labelCount = model.dictionary.labels.count
    cache = FastTextWordCache(dimension: dimension)
    hidden = .allocate(capacity: dimension)
    wordSums = FastTextWordSums(model, capacity: Self.batchSize)
    usesWordNgrams = model.dictionary.usesWordNgrams
    probabilities = .allocate(capacity: labelCount)
    probabilities.initialize(repeating: 0, count: labelCount)
    treeShares = .allocate(capacity: max(1, model.tree.count))
    batch = .allocate(capacity: 2 * Self.batchSize)
    records = .allocate(capacity: 2 * Self.batchSize)
    records.initialize(repeating: nil, count: 2 * Self.batchSize)
    vectors = .allocate(capacity: Self.batchSize)
    vectors.initialize(repeating: nil, count: Self.batchSize)
    missed = .allocate(capacity: Self.batchSize)
    start()
  }

  deinit {
    hidden.deallocate()
    probabilities.deallocate()
    treeShares.deallocate()
    batch.deallocate()
    records.deallocate()
    vectors.deallocate()
    missed.deallocate()
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
    if let base = text.baseAddress { isOpen = addWords(base, text.count) }
    if isEnded, isOpen {
      FastTextDictionary.endOfSentence.withUnsafeBytes {
        if let base = $0.baseAddress { _ = addWords(base, $0.count) }
      }
    }
    guard usesWordNgrams else { return }
    for first in hashes.indices {
      rows.count = 0
      model.dictionary.wordNgrams(hashes, from: first, into: rows)
      addRows()
    }
  }

  /// Adds the words of a text up to the word that ends a sentence; false if there is one.
  private func addWords(_ base: UnsafeRawPointer, _ end: Int) -> Bool {
    let bytes = base.assumingMemoryBound(to: UInt8.self)
    var (place, isOpen, first) = (0, true, 0)
    var count = collect(bytes, &place, end, at: first, &isOpen)
    while count > 0 {
      // The records of the next words are on their way while these are added.
      let other = Self.batchSize &- first
      let next = isOpen ? collect(bytes, &place, end, at: other, &isOpen) : 0
      addBatch(batch + first, records + first, count)
      (first, count) = (other, next)
    }
    return isOpen
  }

  /// Takes the next words, with their records, to `first` in `batch`; clears `isOpen` at the word that
  /// ends a sentence.
  private func collect(
    _ text: UnsafePointer<UInt8>, _ place: inout Int, _ end: Int, at first: Int,
    _ isOpen: inout Bool
  ) -> Int {
    let (words, records) = (batch + first, records + first)
    let count = csimd_words(text, &place, end, words, Self.batchSize)
    for i in 0..<count {
      let word = words + i
      let isShort = word.pointee.count <= FastTextWordCache.longestBytes
      records[i] = isShort ? cache.locate(word.pointee.hash) : nil
      if FastTextDictionary.isEndOfSentence(word.pointee.start, word.pointee.count) {
        isOpen = false
        return i &+ 1
      }
    }
    return count
  }

  /// Adds words in the order of the text. Those not in the cache are summed together before, and put
  /// there last, so that the records of the others stay.
  private func addBatch(
    _ words: UnsafePointer<csimd_word>, _ records: UnsafePointer<UnsafeMutableRawPointer?>,
    _ count: Int
  ) {
    var missedCount = 0
    for i in 0..<count {
      missed[missedCount] = i
      let isKnown = records[i].map { csimd_holds_key($0, words + i) } ?? false
      missedCount &+= isKnown ? 0 : 1
    }
    if missedCount > 0 { wordSums.run(words, missed, count: missedCount) }
    var (number, taken, total) = (0, 0, 0)
    for i in 0..<count {
      let entry: FastTextWordCache.Entry
      if number < missedCount, missed[number] == i {
        entry = wordSums.entries[number]
        vectors[taken] = wordSums.sum(number)
        number &+= 1
      } else if let record = records[i] {
        entry = FastTextWordCache.entry(record)
        vectors[taken] = FastTextWordCache.sum(record)
      } else {
        continue
      }
      guard !entry.isLabel else { continue }
      taken &+= 1
      total &+= Int(entry.rowCount)
      if usesWordNgrams { hashes.append(entry.hash) }
    }
    csimd_add_vectors(hidden, vectors, taken, dimension)
    rowCount &+= total
    for number in 0..<missedCount {
      guard let record = records[missed[number]] else { continue }
      cache.put(
        words + missed[number], wordSums.entries[number], wordSums.sum(number), in: record)
    }
  }

  /// Adds the rows in hand. Rows that the matrix lacks count as zero.
  private func addRows() {
    rowCount &+= rows.count
    let input = model.input
    for i in 0..<rows.count where Int(rows.base[i]) < input.rowCount {
      input.prefetch(Int(rows.base[i]))
    }
    for i in 0..<rows.count where Int(rows.base[i]) < input.rowCount {
      input.add(Int(rows.base[i]), to: hidden)
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
