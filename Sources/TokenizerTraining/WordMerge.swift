/// Merges sorted words of many tables and files: each word once, with its counts by label.
public struct WordMerge {
  private var cursors: [any WordCursor]
  /// The word each cursor stands on, as a heap; the smallest first.
  private var heap: [(word: CountedWord, cursor: Int)] = []

  /// The count of a label.
  public typealias LabelCount = (label: UInt32, count: Int64)

  /// Starts at the first word.
  public init(_ cursors: [any WordCursor]) throws {
    self.cursors = cursors
    for (number, cursor) in cursors.enumerated() {
      guard let word = try cursor.next() else { continue }
      heap.append((word, number))
      var child = heap.count - 1
      while child > 0 && isBefore(heap[child], heap[(child - 1) / 2]) {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }
  }

  /// Calls `body` with each word in order.
  ///
  /// - Parameter body: Given the hash, the bytes (valid inside it only) and the counts of its
  ///   labels, no label twice.
  public mutating func visit(
    _ body: (UInt64, UnsafeBufferPointer<UInt8>, [LabelCount]) throws -> Void
  ) throws {
    var bytes: [UInt8] = []
    var counts: [LabelCount] = []
    var hash: UInt64 = 0
    while let first = heap.first {
      let isSame =
        !counts.isEmpty
        && bytes.withUnsafeBufferPointer {
          CountedWord(hash: hash, bytes: $0, label: 0, count: 0).order(first.word) == 0
        }
      if !isSame {
        if !counts.isEmpty { try bytes.withUnsafeBufferPointer { try body(hash, $0, counts) } }
        counts.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: first.word.bytes)
        hash = first.word.hash
      }
      if let last = counts.last, last.label == first.word.label {
        counts[counts.count - 1].count += first.word.count
      } else {
        counts.append((first.word.label, first.word.count))
      }
      try advance()
    }
    if !counts.isEmpty { try bytes.withUnsafeBufferPointer { try body(hash, $0, counts) } }
  }

  private mutating func advance() throws {
    let cursor = heap[0].cursor
    if let word = try cursors[cursor].next() {
      heap[0].word = word
    } else {
      heap[0] = heap[heap.count - 1]
      heap.removeLast()
    }
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && isBefore(heap[child], heap[least]) { least = child }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  private func isBefore(
    _ a: (word: CountedWord, cursor: Int), _ b: (word: CountedWord, cursor: Int)
  ) -> Bool {
    let order = a.word.order(b.word)
    if order != 0 { return order < 0 }
    return (a.word.label, a.cursor) < (b.word.label, b.cursor)
  }
}
