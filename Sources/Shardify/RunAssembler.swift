import Ingest
import Manifest
import ShardifyCore
import Shards

/// Puts what the workers hold into one sorted run.
struct RunAssembler {
  let workers: [IngestWorker]
  let contents: IngestFeed.RunContents
  let numberColumns: [String]

  private struct Order {
    var language: UInt64
    var key: PieceKey
    var worker: Int32
    var entry: Int32
  }

  /// The unit records, with the documents the workers counted.
  func units() -> [UnitRecord] {
    contents.units.map { unit in
      var unit = unit
      let key = UnitKey(input: unit.input, unit: unit.unit)
      for worker in workers { unit.documents += worker.documentsByUnit[key] ?? 0 }
      return unit
    }
  }

  /// Rejected documents of the units that are whole, sorted.
  func rejects() -> [RejectRecord] {
    var merged: [IngestWorker.RejectKey: (count: Int, first: Reject)] = [:]
    for worker in workers {
      for (key, value) in worker.rejects where !contents.abandoned.contains(key.unit) {
        guard let (count, first) = merged[key] else {
          merged[key] = value
          continue
        }
        merged[key] = (
          count + value.count, value.first.offset < first.offset ? value.first : first
        )
      }
    }
    return merged.sorted {
      ($0.key.unit, $0.key.reason.rawValue) < ($1.key.unit, $1.key.reason.rawValue)
    }.map { key, value in
      RejectRecord(
        input: key.unit.input, unit: key.unit.unit, reason: key.reason.name,
        documents: value.count, firstOffset: value.first.offset, detail: value.first.detail)
    }
  }

  /// Writes the run; nil if there is no piece to write.
  func write(
    to path: String, index: RunIndex, notes: [String], jobs: Int
  ) throws -> (index: RunIndex, duplicates: Int)? {
    let order = sorted()
    if order.isEmpty { return nil }
    let (names, numbering) = sourceNames()
    let writer = try RunWriter(
      path: path, index: index, numberColumns: numberColumns.count, level: 1, jobs: jobs)
    var duplicates = 0
    var next = 0
    while next < order.count {
      var end = next + 1
      while end < order.count, order[end].language == order[next].language,
        order[end].key == order[next].key
      { end += 1 }
      let best = end - next == 1 ? order[next] : preferred(order[next..<end], names, numbering)
      if order[next].key.piece == 0 { duplicates += end - next - 1 }
      let worker = workers[Int(best.worker)]
      let entry = worker.entries[Int(best.entry)]
      var row = entry.row
      row.source = UInt32(numbering[Int(best.worker)][Int(row.source)])
      try writer.append(
        row, numbers: numbers(worker, entry),
        tokens: worker.arena.bytes(at: entry.place, tokenCount: Int(row.tokenCount)))
      next = end
    }
    let written = try writer.finish(
      names: RunNames(sources: names, numberColumns: numberColumns, notes: notes),
      duplicates: duplicates)
    return (written, duplicates)
  }

  /// Documents of the run whose id another document of it has, with another text.
  struct RepeatedIDs {
    var documents = 0
    var first: (input: Int, offset: Int)?

    mutating func add(_ other: RepeatedIDs) {
      documents += other.documents
      if first == nil { first = other.first }
    }
  }

  /// Looks for ids that stand for several texts. Ids are compared within a run, so that memory
  /// does not grow with the corpus.
  func repeatedIDs() -> RepeatedIDs {
    var all: [(id: UInt64, content: ContentHash, input: UInt32, offset: UInt64)] = []
    for worker in workers {
      for entry in worker.entries where entry.row.idHash != 0 && entry.row.key.piece == 0 {
        let unit = UnitKey(input: Int(entry.row.input), unit: Int(entry.unit))
        if !contents.abandoned.isEmpty && contents.abandoned.contains(unit) { continue }
        all.append((entry.row.idHash, entry.row.content, entry.row.input, entry.row.offset))
      }
    }
    all.sort { a, b in
      if a.id != b.id { return a.id < b.id }
      return (a.input, a.offset) < (b.input, b.offset)
    }
    var found = RepeatedIDs()
    for (former, next) in zip(all, all.dropFirst())
    where former.id == next.id && former.content != next.content {
      found.documents += 1
      let place = (input: Int(next.input), offset: Int(next.offset))
      if let first = found.first, (first.input, first.offset) < (place.input, place.offset) {
        continue
      }
      found.first = place
    }
    return found
  }

  private func sorted() -> [Order] {
    var order: [Order] = []
    order.reserveCapacity(workers.reduce(0) { $0 + $1.entries.count })
    for (number, worker) in workers.enumerated() {
      for (index, entry) in worker.entries.enumerated() {
        let unit = UnitKey(input: Int(entry.row.input), unit: Int(entry.unit))
        if !contents.abandoned.isEmpty && contents.abandoned.contains(unit) { continue }
        order.append(
          Order(
            language: entry.row.language.rawValue, key: entry.row.key, worker: Int32(number),
            entry: Int32(index)))
      }
    }
    order.sort { $0.language != $1.language ? $0.language < $1.language : $0.key < $1.key }
    return order
  }

  /// All source names, sorted, and each worker's numbers in terms of them.
  private func sourceNames() -> (names: [String], numbering: [[Int]]) {
    var all: Set<[UInt8]> = [[]]
    for worker in workers { all.formUnion(worker.sources) }
    let names = all.sorted { $0.lexicographicallyPrecedes($1) }
    var numbers: [[UInt8]: Int] = [:]
    for (number, name) in names.enumerated() { numbers[name] = number }
    return (
      names.map { String(decoding: $0, as: UTF8.self) },
      workers.map { $0.sources.map { numbers[$0] ?? 0 } }
    )
  }

  private func numbers(_ worker: IngestWorker, _ entry: IngestWorker.Entry) -> [Double] {
    if numberColumns.isEmpty { return [] }
    let start = Int(entry.firstNumber)
    return Array(worker.numbers[start..<start + numberColumns.count])
  }

  /// Of copies of one piece, the one whose document is preferred.
  private func preferred(
    _ copies: ArraySlice<Order>, _ names: [String], _ numbering: [[Int]]
  ) -> Order {
    func parts(_ order: Order) -> (PieceRow, [Double], String) {
      let worker = workers[Int(order.worker)]
      let entry = worker.entries[Int(order.entry)]
      let source = numbering[Int(order.worker)][Int(entry.row.source)]
      return (entry.row, numbers(worker, entry), names[source])
    }
    var best = copies[copies.startIndex]
    for candidate in copies.dropFirst() {
      let (a, numbersA, sourceA) = parts(candidate)
      let (b, numbersB, sourceB) = parts(best)
      if DuplicateOrder.precedes(a, numbersA, source: sourceA, b, numbersB, source: sourceB) {
        best = candidate
      }
    }
    return best
  }
}
