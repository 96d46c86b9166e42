import Files
import ShardifyCore
import Synchronization
import Testing

@testable import Shardify

/// A stop anywhere, followed by the same command, ends with the same output.
@Suite struct StopTests {
  let place: Workplace
  let inputs: [String]

  init() throws {
    let place = try Workplace()
    self.place = place
    let documents = Corpus.mixed()
    inputs = try (0..<12).map { part in
      try place.write(
        documents.enumerated().filter { $0.offset % 12 == part }.map(\.element),
        to: "in/\(part).jsonl")
    }
  }

  func expected() throws -> Outcome {
    try place.ingest(inputs, store: "expected-store")
    return Outcome(try place.balance(store: "expected-store", to: "expected"))
  }

  @Test func ofAnIngestWhileItReads() throws {
    let expected = try expected()
    var stops = 0
    for documents in [1, 40, 90, 140, 170] {
      let watcher = Watcher()
      let stopped = try watcher.stops(
        when: { $0.documents.load(ordering: .relaxed) >= documents },
        { try place.ingest(inputs, stop: watcher.stop, progress: watcher.progress) })
      stops += stopped ? 1 : 0
    }
    try place.ingest(inputs)
    #expect(Outcome(try place.balance(to: "data")) == expected)
    #expect(stops > 0)
  }

  /// The documents of a unit that was begun and not ended must not be kept, nor counted.
  @Test func ofAnIngestInTheMiddleOfAnInput() throws {
    // More chunks than fit between reader and workers, most of them in a field nobody wants.
    let padding = #","padding":"\#(String(repeating: "x", count: 20_000))"}"#
    var random = SeededRandom(seed: 4)
    let documents = Corpus.documents("eng_Latn", count: 500, bytes: 40...60, &random)
    let lines = documents.map { $0.line.dropLast(2) + padding + "\n" }
    let input = try place.write(lines.joined().utf8, to: "in/long.jsonl")
    let watcher = Watcher()
    let stopped = try watcher.stops(
      when: { $0.documents.load(ordering: .relaxed) > 0 },
      {
        try place.ingest([input], stop: watcher.stop, progress: watcher.progress) { $0.jobs = 1 }
      })
    #expect(stopped)
    let summary = try place.ingest([input])
    #expect(summary.documentsIn == 500 && summary.documents == 500 && summary.duplicates == 0)
  }

  /// Held-out documents are picked at the end: a stop just before must not lose them.
  @Test func ofAnIngestThatHasReadEverything() throws {
    let all = inputs + [try place.write([UInt8](), to: "in/empty.jsonl")]
    try place.ingest(all, store: "expected-store")
    let expected = Outcome(try place.balance(store: "expected-store", to: "expected"))
    let stop = StopFlag()
    // The warning about the empty input comes when all is read and nothing is merged or picked.
    let stage = IngestStage(
      options: place.ingestOptions(all), progress: Progress(), stop: stop,
      logger: LineLogHandler.logger { _ in stop.set() })
    let message = failure { _ = try stage.run() }
    #expect(message?.contains("run the same command again") == true)
    try place.ingest(all)
    #expect(Outcome(try place.balance(to: "data")) == expected)
  }

  @Test func ofABalanceWhileItWrites() throws {
    let expected = try expected()
    var stops = 0
    for tokens in [1, 4_000, 9_000, 14_000, 19_000] {
      let watcher = Watcher()
      let stopped = try watcher.stops(
        when: { $0.tokens.load(ordering: .relaxed) >= tokens },
        {
          try place.balance(
            store: "expected-store", to: "data", stop: watcher.stop, progress: watcher.progress)
        })
      stops += stopped ? 1 : 0
      #expect(!stopped || FileSystem.status(place.at("data/manifest.sqlite")) == nil)
    }
    #expect(Outcome(try place.balance(store: "expected-store", to: "data")) == expected)
    #expect(stops > 0)
  }

  @Test func askedForBeforeTheStartReadsNothing() throws {
    let stop = StopFlag()
    stop.set()
    let message = failure { try place.ingest(inputs, stop: stop) }
    #expect(message?.contains("run the same command again to go on from here") == true)
    let later = failure { try place.balance(to: "data") }
    #expect(
      later?.contains("did not finish, expected a store whose inputs are read to their end") == true
    )
  }
}
