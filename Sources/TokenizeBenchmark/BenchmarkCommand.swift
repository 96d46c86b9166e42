import ArgumentParser
import Glibc
import ShardifyCore
import Synchronization
import Terminal
import Tokenize

/// Times encoding in process; the peers' worker prints the same keys.
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize-benchmark",
    abstract: "Encodes a corpus in process and prints one JSON line of times.")

  @Argument(help: "tokenizer.json, a .tiktoken file or a SentencePiece .model.")
  var tokenizer: String

  @Argument(help: "JSONL with a text in each object, or a case: spaces, letters, han.")
  var corpus: String

  @Option(help: "Pattern of a .tiktoken file.")
  var pattern: String?

  @Option(help: "Threads, each with an encoder of its own.")
  var threads = 1

  @Option(help: "Passes over the documents.")
  var passes = 2

  @Option(help: "Take documents up to this many MB (10^6 bytes) of text.")
  var maxMB = 1e6

  @Flag(help: "Two passes: the first half of the documents, then the second.")
  var halves = false

  @Flag(help: "A new encoder for each pass, so that all are first ones.")
  var fresh = false

  @Flag(help: "Print a hash of all ids, from an untimed pass.")
  var hash = false

  @Flag(help: "Print the ids of each document instead, a line for each.")
  var ids = false

  static func start() {
    do {
      let command = try parse()
      try command.measure()
    } catch let failure as any DescribedFailure {
      Console.error(failure.message)
      Glibc.exit(1)
    } catch {
      exit(withError: error)
    }
  }

  private func measure() throws {
    let documents = try Self.documents(corpus, limitBytes: Int(maxMB * 1e6))
    let memory = ProcessUse.residentMB
    var clock = ProcessUse.wallSeconds
    let loaded = try Tokenizer.load(tokenizer, pattern: pattern)
    if ids {
      Self.printIDs(documents, loaded.makeEncoder())
      return
    }
    var row = Row()
    row.add("load_s", ProcessUse.wallSeconds - clock)
    let tables = ProcessUse.residentMB
    row.add("rss_load_mb", tables - memory)
    row.add("docs", documents.ranges.count)
    row.add("mb", Double(documents.bytes.count) / 1e6)
    var encoders = Encoders(loaded, count: threads)
    let middle = documents.half
    for pass in 0..<(halves ? 2 : passes) {
      let all = 0..<documents.ranges.count
      let part = !halves ? all : pass == 0 ? 0..<middle : middle..<all.count
      if fresh && pass > 0 { encoders = Encoders(loaded, count: threads) }
      let cpu = ProcessUse.cpuSeconds
      clock = ProcessUse.wallSeconds
      let ids = encoders.encode(documents, part)
      row.add("wall\(pass)", ProcessUse.wallSeconds - clock)
      row.add("cpu\(pass)", ProcessUse.cpuSeconds - cpu)
      row.add("mb\(pass)", Double(documents.byteCount(part)) / 1e6)
      row.add("ids\(pass)", ids)
    }
    row.add("rss_encode_mb", ProcessUse.residentMB - tables)
    if hash { row.add("hash", encoders.hash(documents)) }
    Console.out(row.json)
  }

  private static func printIDs(_ documents: Documents, _ encoder: Encoder) {
    let output = TokenBuffer()
    documents.bytes.withUnsafeBytes { bytes in
      for range in documents.ranges {
        output.truncate(to: 0)
        encoder.encode(
          UnsafeRawBufferPointer(rebasing: bytes[range]), special: false, into: output)
        Console.out(output.ids.map(String.init).joined(separator: " "))
      }
    }
  }

  /// A file, or one of the texts that are hard for merge loops.
  private static func documents(_ name: String, limitBytes: Int) throws -> Documents {
    switch name {
    case "spaces": return Documents(text: [UInt8](repeating: 0x20, count: 10_000))
    case "letters": return Documents(text: [UInt8](repeating: 0x61, count: 100_000))
    case "han":
      var text: [UInt8] = []
      var state: UInt32 = 1
      while text.count < 1_000_000 {
        state = state &* 1_664_525 &+ 1_013_904_223
        let scalar = 0x4E00 + (state >> 16) % 3000
        text += Array(String(UnicodeScalar(scalar) ?? "x").utf8)
      }
      return Documents(text: text)
    default: return try Documents(name, limitBytes: limitBytes)
    }
  }
}

/// One encoder a thread; documents are dealt out in runs of about a megabyte.
private final class Encoders: @unchecked Sendable {
  private let encoders: [Encoder]
  private let outputs: [TokenBuffer]

  init(_ tokenizer: Tokenizer, count: Int) {
    encoders = (0..<max(1, count)).map { _ in tokenizer.makeEncoder() }
    outputs = encoders.map { _ in TokenBuffer() }
  }

  /// Encodes documents and returns how many ids they have.
  func encode(_ documents: Documents, _ part: Range<Int>) -> Int {
    let runs = Self.runs(documents, part)
    let next = Atomic<Int>(0)
    let total = Atomic<Int>(0)
    documents.bytes.withUnsafeBytes { bytes in
      nonisolated(unsafe) let bytes = bytes
      Parallel.run(count: encoders.count) { thread in
        var count = 0
        while true {
          let run = next.wrappingAdd(1, ordering: .relaxed).oldValue
          if run >= runs.count { break }
          for index in runs[run] {
            outputs[thread].truncate(to: 0)
            encoders[thread].encode(
              UnsafeRawBufferPointer(rebasing: bytes[documents.ranges[index]]), special: false,
              into: outputs[thread])
            count += outputs[thread].count
          }
        }
        total.wrappingAdd(count, ordering: .relaxed)
      }
    }
    return total.load(ordering: .relaxed)
  }

  private static func runs(_ documents: Documents, _ part: Range<Int>) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = part.lowerBound
    var size = 0
    for index in part {
      size += documents.ranges[index].count
      if size >= 1 << 20 {
        runs.append(start..<index + 1)
        start = index + 1
        size = 0
      }
    }
    if start < part.upperBound { runs.append(start..<part.upperBound) }
    return runs
  }

  /// FNV-1a over the ids of all documents, each ended by its count of ids.
  func hash(_ documents: Documents) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    documents.bytes.withUnsafeBytes { bytes in
      for range in documents.ranges {
        outputs[0].truncate(to: 0)
        encoders[0].encode(
          UnsafeRawBufferPointer(rebasing: bytes[range]), special: false, into: outputs[0])
        for id in outputs[0].ids { hash = (hash ^ UInt64(id)) &* 0x100_0000_01B3 }
        hash = (hash ^ UInt64(outputs[0].count)) &* 0x100_0000_01B3
      }
    }
    return "\"" + String(hash, radix: 16) + "\""
  }
}

/// A flat JSON object.
private struct Row {
  private var parts: [String] = ["\"peer\": \"shardify\""]

  mutating func add(_ key: String, _ value: some CustomStringConvertible) {
    parts.append("\"\(key)\": \(value)")
  }

  var json: String { "{" + parts.joined(separator: ", ") + "}" }
}
