import Detect
import Glibc
import Ingest
import ShardifyCore
import Synchronization
import Terminal

/// Runs a detector over the texts of standard input on several threads, block by block, and writes the
/// answers in the order of the input.
struct DetectBlocks {
  /// How texts lie in the input.
  enum Form: Sendable {
    case lines
    case jsonl(field: String)
  }

  let detector: Detector
  let form: Form
  let jobs: Int
  let isSampling: Bool

  /// Appends the answers to the texts of a block with `answer`, and writes them.
  func run(
    _ answer: @escaping @Sendable (DetectWorker, UnsafeRawBufferPointer, inout [UInt8]) -> Void
  ) throws {
    var input = try LineInput()
    let workers = (0..<jobs).map { _ in
      let worker = detector.makeWorker()
      worker.isSampling = isSampling
      return Box(worker)
    }
    while true {
      var blocks: [(bytes: [UInt8], offset: Int)] = []
      while blocks.count < jobs, let block = try input.next() {
        blocks.append((block, input.offset - block.count))
        // A slow writer should see its lines answered.
        if block.count < 1 << 16 { break }
      }
      if blocks.isEmpty { return }
      let answers = Mutex<[Int: [UInt8]]>([:])
      let taken = blocks
      try Parallel.run(count: taken.count) { number in
        var out: [UInt8] = []
        let worker = workers[number].worker
        try texts(of: taken[number]) { answer(worker, $0, &out) }
        answers.withLock { $0[number] = out }
      }
      let done = answers.withLock { $0 }
      for number in taken.indices { Console.write(done[number] ?? [], to: STDOUT_FILENO) }
    }
  }

  private func texts(
    of block: (bytes: [UInt8], offset: Int), _ body: (UnsafeRawBufferPointer) -> Void
  ) throws {
    switch form {
    case .lines: DetectBlocks.lines(block.bytes, body)
    case .jsonl(let field):
      let parser = DocumentParser(
        options: DocumentOptions(
          format: .jsonl, textField: field, maxDocumentBytes: LineInput.lineLimitBytes,
          takesAnyText: true), format: .jsonl)
      parser.start(Chunk(block.bytes, format: .jsonl, offset: block.offset))
      while let item = parser.next() {
        switch item {
        case .document(let document): body(document.text)
        case .reject(let reject):
          throw StreamFailure(
            .line, "cannot detect", path: "standard input", offset: reject.offset,
            found: "\(reject.reason.name) (\(reject.detail))",
            expected: "a JSON object with the string \(field)")
        }
      }
    }
  }

  /// The lines of a block, without their newline and a carriage return before it.
  static func lines(_ block: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) {
    block.withUnsafeBytes { all in
      var start = 0
      while start < all.count {
        var end = all.count
        if let base = all.baseAddress, let newline = memchr(base + start, 10, all.count - start) {
          end = UnsafeRawPointer(newline) - base
        }
        var line = UnsafeRawBufferPointer(rebasing: all[start..<end])
        if line.last == 13 { line = UnsafeRawBufferPointer(rebasing: line.dropLast()) }
        body(line)
        start = end + 1
      }
    }
  }

  /// A worker used by one thread at a time.
  private final class Box: @unchecked Sendable {
    let worker: DetectWorker
    init(_ worker: DetectWorker) { self.worker = worker }
  }
}
