import Ingest
import ShardifyCore
import Synchronization

/// Takes documents on one thread; made once for each.
protocol DocumentWorker: AnyObject {
  /// Takes a document; its pointers are valid during the call only.
  func take(_ document: ParsedDocument) throws
}

/// An input with how its documents are to be read.
struct SourceInput: Sendable {
  var file: InputFile
  var documents: DocumentOptions
}

/// Reads documents of inputs once, on all threads, for stages that keep nothing of an input.
///
/// Which thread gets which document is not fixed: what a stage makes of them must not depend on it.
struct DocumentSource {
  let inputs: [SourceInput]
  let progress: Progress
  let stop: StopFlag

  /// Documents that were not taken.
  struct Rejects: Sendable {
    var documents = 0
    var rejected = 0
    /// The first of each reason, by input and offset.
    var first: [RejectReason: (input: Int, reject: Reject)] = [:]
  }

  /// A chunk with the number of its input.
  private struct Item: Sendable {
    var input: Int
    var chunk: Chunk
  }

  /// Reads all inputs; gives each document to one of the workers.
  ///
  /// - Throws: If an input cannot be read, a worker threw, or the user asked for the end.
  func read(_ workers: [any DocumentWorker]) throws -> Rejects {
    progress.start(.reading, total: inputs.reduce(0) { $0 + $1.file.fileSizeBytes })
    let queue = BoundedQueue<Item>(capacity: workers.count * 2 + 2)
    let failed = Mutex<[(thread: Int, error: any Error)]>([])
    let total = Mutex(Rejects())
    nonisolated(unsafe) let workers = workers
    Parallel.run(count: workers.count + 1) { thread in
      do {
        if thread == 0 {
          defer { queue.close() }
          try feed(queue)
        } else {
          let rejects = try drain(queue, workers[thread - 1])
          total.withLock { $0 = Self.sum($0, rejects) }
        }
      } catch {
        failed.withLock { $0.append((thread, error)) }
        queue.close()
      }
    }
    if let first = failed.withLock({ $0.min { $0.thread < $1.thread } }) { throw first.error }
    return total.withLock { $0 }
  }

  private func feed(_ queue: BoundedQueue<Item>) throws {
    var before = 0
    for (number, input) in inputs.enumerated() {
      let reader = try ChunkReader(
        input.file, options: input.documents, unitBytes: 1 << 40, chunkBytes: 512 << 10)
      while let chunk = try reader.next() {
        if stop.isSet || !queue.push(Item(input: number, chunk: chunk)) { return }
        progress.done.store(before + reader.consumedBytes, ordering: .relaxed)
      }
      before += input.file.fileSizeBytes
    }
  }

  private func drain(_ queue: BoundedQueue<Item>, _ worker: any DocumentWorker) throws -> Rejects {
    var parsers: [DocumentParser?] = Array(repeating: nil, count: inputs.count)
    var rejects = Rejects()
    while let item = queue.pop() {
      if stop.isSet { continue }
      let parser =
        parsers[item.input] ?? DocumentParser(options: inputs[item.input].documents)
      // Inputs come one after another: the parsers of earlier ones are done with.
      for number in 0..<item.input where parsers[number] != nil { parsers[number] = nil }
      parsers[item.input] = parser
      try take(item, parser, worker, &rejects)
    }
    return rejects
  }

  private func take(
    _ item: Item, _ parser: DocumentParser, _ worker: any DocumentWorker, _ rejects: inout Rejects
  ) throws {
    var (documents, bytes, rejected) = (0, 0, 0)
    parser.start(item.chunk)
    while let found = parser.next() {
      documents += 1
      switch found {
      case .document(let document):
        bytes += document.text.count
        try worker.take(document)
      case .reject(let reject):
        rejected += 1
        Self.note(reject, item.input, &rejects)
      }
    }
    rejects.documents += documents
    rejects.rejected += rejected
    progress.documents.wrappingAdd(documents, ordering: .relaxed)
    progress.textBytes.wrappingAdd(bytes, ordering: .relaxed)
    progress.rejected.wrappingAdd(rejected, ordering: .relaxed)
  }

  private static func note(_ reject: Reject, _ input: Int, _ rejects: inout Rejects) {
    if let first = rejects.first[reject.reason],
      (first.input, first.reject.offset) <= (input, reject.offset)
    {
      return
    }
    rejects.first[reject.reason] = (input, reject)
  }

  private static func sum(_ a: Rejects, _ b: Rejects) -> Rejects {
    var sum = a
    sum.documents += b.documents
    sum.rejected += b.rejected
    for (_, value) in b.first { note(value.reject, value.input, &sum) }
    return sum
  }

  /// Fails if too many documents were rejected, or there was none.
  func check(_ rejects: Rejects, what: String, maxRejectRate: Double) throws {
    let rate = Double(rejects.rejected) / Double(max(1, rejects.documents))
    guard rate > maxRejectRate else { return }
    let reasons = rejects.first.sorted { $0.key.name < $1.key.name }.map { reason, first in
      "\(reason.name) first in \(inputs[first.input].file.path) at byte "
        + "\(first.reject.offset) (\(first.reject.detail))"
    }
    throw StageFailure(
      .rejects, what,
      found: "\(rejects.rejected) of \(rejects.documents) documents rejected: "
        + reasons.joined(separator: ", "),
      expected: "at most \(maxRejectRate) of them",
      remedy: "mend the input, or allow more with --max-reject-rate")
  }
}
