import CSIMD

/// Finds the buckets of the letter n-grams of words. Owns the memory for a word in angle brackets.
final class FastTextSubwords {
  private let orders: ClosedRange<Int>?
  private let buckets: UInt32
  private let firstRow: UInt32
  private let pruned: FastTextPruning?
  private var framed: UnsafeMutablePointer<UInt8>
  private var starts: UnsafeMutablePointer<UInt32>
  private var capacity = 256

  init(_ model: FastTextModel) {
    let arguments = model.arguments
    let least = max(1, arguments.minimumOrder)
    orders =
      arguments.bucket > 0 && arguments.maximumOrder >= least
      ? least...arguments.maximumOrder : nil
    buckets = UInt32(arguments.bucket)
    pruned = model.dictionary.pruned
    // Kept n-grams have their rows' numbers in a table.
    firstRow = pruned == nil ? UInt32(model.dictionary.wordCount) : 0
    framed = .allocate(capacity: capacity + Int(CSIMD_FRAME_PADDING))
    starts = .allocate(capacity: capacity + Int(CSIMD_START_PADDING))
    framed.initialize(repeating: 0, count: capacity + Int(CSIMD_FRAME_PADDING))
  }

  deinit {
    framed.deallocate()
    starts.deallocate()
  }

  /// Appends the rows of a word's n-grams, or their buckets if the model was pruned, without those that
  /// are certain not to have been kept. The word that ends a sentence has none.
  func append(_ word: UnsafeRawBufferPointer, to rows: FastTextRows) {
    guard let orders, let start = word.baseAddress,
      !FastTextDictionary.isEndOfSentence(start, word.count)
    else {
      return
    }
    if word.count + 2 > capacity { grow(word.count + 2) }
    let characters = csimd_frame(
      start.assumingMemoryBound(to: UInt8.self), word.count, framed, starts)
    var ngrams = csimd_ngrams(
      text: framed, starts: starts, count: characters, least: UInt32(orders.lowerBound),
      most: UInt32(orders.upperBound), buckets: buckets, first: firstRow,
      filter: pruned.map { UnsafePointer($0.filter) }, filter_mask: pruned?.filterMask ?? 0)
    let end = rows.end(reserving: characters * orders.count + 8)
    rows.count &+= csimd_ngram_rows(&ngrams, end)
  }

  private func grow(_ wanted: Int) {
    while capacity < wanted { capacity *= 2 }
    framed.deallocate()
    starts.deallocate()
    framed = .allocate(capacity: capacity + Int(CSIMD_FRAME_PADDING))
    starts = .allocate(capacity: capacity + Int(CSIMD_START_PADDING))
    framed.initialize(repeating: 0, count: capacity + Int(CSIMD_FRAME_PADDING))
  }
}
