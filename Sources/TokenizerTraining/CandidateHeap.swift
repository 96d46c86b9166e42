/// A pair waiting to be merged, with its count when it was queued.
struct Candidate {
  var count: Int64
  /// Decides between equal counts: the smaller first. Different for different pairs.
  var tie: UInt64
  var record: UInt32

  @inline(__always)
  func isBefore(_ other: Candidate) -> Bool {
    count != other.count
      ? count > other.count : tie != other.tie ? tie < other.tie : record < other.record
  }
}

/// Candidates, the best first: a binary heap.
struct CandidateHeap {
  private var items: [Candidate] = []

  /// The best candidate; nil if there is none.
  var first: Candidate? { items.first }

  /// Adds a candidate.
  mutating func push(_ item: Candidate) {
    items.append(item)
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard item.isBefore(items[parent]) else { break }
      items[child] = items[parent]
      child = parent
    }
    items[child] = item
  }

  /// Makes a heap of candidates in any order.
  init(_ candidates: [Candidate] = []) {
    items = candidates
    for place in stride(from: items.count / 2 - 1, through: 0, by: -1) { sink(items[place], place) }
  }

  /// Takes the best candidate away.
  mutating func removeFirst() {
    let last = items.removeLast()
    if !items.isEmpty { sink(last, 0) }
  }

  /// Puts another candidate in the place of the best.
  mutating func replaceFirst(_ item: Candidate) { sink(item, 0) }

  private mutating func sink(_ item: Candidate, _ from: Int) {
    let count = items.count
    items.withUnsafeMutableBufferPointer { items in
      var place = from
      while true {
        var child = 2 * place + 1
        if child >= count { break }
        if child + 1 < count && items[child + 1].isBefore(items[child]) { child += 1 }
        guard items[child].isBefore(item) else { break }
        items[place] = items[child]
        place = child
      }
      items[place] = item
    }
  }
}
