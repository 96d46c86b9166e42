import Balance
import Files
import Manifest
import ShardifyCore
import Testing

@testable import Shardify

/// Documents found in datasets, and datasets' places traced back to documents.
@Suite struct LocateTests {
  let place: Workplace
  let documents = Corpus.mixed()
  let manifest: DatasetManifest

  init() throws {
    place = try Workplace()
    let inputs = [
      try place.write(documents.prefix(100), to: "one.jsonl"),
      try place.write(documents.dropFirst(100), to: "two.jsonl"),
    ]
    // Two runs, so that some copies meet only when they are read.
    try place.ingest([inputs[0]])
    try place.ingest(inputs)
    try place.balance(
      to: "parent", Mixture(policy: .temperature(2), budgetTokens: 4_000), shards: 2)
    let parent = ContinueOptions(dataset: place.at("parent"))
    var mixture = Mixture(policy: .temperature(3), maxEpochs: nil, budgetTokens: 20_000)
    mixture.exclude = ["rus_Cyrl"].compactMap { LanguageTag($0) }
    manifest = try place.balance(to: "data", mixture, shards: 7) {
      $0.continuing = parent
    }
  }

  func locate(_ query: LocateStage.Query, withStore: Bool = true) throws -> LocateReport {
    try LocateStage(
      dataset: place.at("data"), store: withStore ? place.at("store") : nil, stop: StopFlag()
    ).run(query)
  }

  func found(_ report: LocateReport, _ language: String) -> LocateReport.Document? {
    report.documents.first { $0.language.map { "\($0)" } == language }
  }

  /// Every document of the corpus against the shards read from end to end.
  @Test func everyDocumentIsFoundWhereItIs() throws {
    let train = try Copies(place.at("data"), manifest, .train)
    let heldOut = try Copies(place.at("data"), manifest, .holdout)
    var expected: [TestKey: [[Int]]] = [:]
    for entry in train.entries + heldOut.entries {
      let key = TestKey(language: entry.copy.language, content: entry.copy.content)
      expected[key, default: []].append(
        [entry.shard, entry.copy.pass, entry.copy.piece, entry.tokens.count])
    }
    let held = heldOut.documents
    var seen: Set<String> = []
    for key in Corpus.unique(documents) {
      for withStore in [false, true] {
        let report = try locate(.content(key.content), withStore: withStore)
        #expect(report.notes == [])
        let document = found(report, key.language)
        guard let wanted = expected[key] else {
          let status = document?.status ?? report.documents[0].status
          seen.insert("\(status)")
          #expect(document?.copies.isEmpty != false)
          if !withStore {
            #expect(document == nil)
          } else if key.language == "rus_Cyrl" {
            #expect(status == .excluded || status == .heldOut)
          } else {
            #expect(status == .leftOver)
          }
          continue
        }
        let copies = try #require(document?.copies)
        #expect(document?.status == (held.contains(key) ? .heldOut : .inShards))
        #expect(copies.map { [$0.shard, $0.pass, $0.pieceOfDocument, $0.tokens] } == wanted)
        seen.insert("\(document?.status ?? .unknown)")
        if withStore { try expectWayBack(copies, key, document?.origin) }
      }
    }
    #expect(seen == ["inShards", "heldOut", "leftOver", "excluded", "unknown"])
  }

  /// First and last token of each copy lead back to its document.
  func expectWayBack(
    _ copies: [LocateReport.Copy], _ key: TestKey, _ origin: LocateReport.Origin?
  ) throws {
    for copy in copies.prefix(2) {
      for query in [
        LocateStage.Query.token(split: copy.split, shard: copy.shard, token: copy.firstToken),
        .token(
          split: copy.split, shard: copy.shard, token: copy.firstToken + copy.tokens - 1),
        .piece(split: copy.split, shard: copy.shard, piece: copy.piece),
      ] {
        let back = try locate(query).documents[0]
        #expect(back.content == key.content && back.copies == [copy])
        #expect(back.origin == origin && origin != nil)
      }
    }
  }

  @Test func aDocumentIsTracedToItsInput() throws {
    for document in documents {
      let report = try locate(.text(Array(document.text.utf8)))
      let origin = try #require(found(report, document.language)?.origin)
      let bytes = try FileSystem.read(origin.input, limitBytes: 1 << 24)
      let line = bytes[origin.offset...].prefix { $0 != 10 }
      #expect(String(decoding: line, as: UTF8.self).contains(document.text))
      #expect(origin.bytes == document.text.utf8.count)
      #expect(origin.tokens == document.text.utf8.count + 1)
    }
    let one = documents[7]
    let withNewline = try locate(.text(Array((one.text + "\n").utf8)))
    #expect(withNewline.documents[0].content == one.content)
    #expect(withNewline.notes == ["found without the newline at the end"])
  }

  @Test func anIDLeadsToItsDocumentOrTheCopyThatStayed() throws {
    let one = try #require(documents.first { !$0.id.contains("copy") })
    let report = try locate(.id(one.id))
    #expect(report.documents.map(\.content).contains(one.content))
    let unknown = try locate(.id("no such id"))
    #expect(!unknown.isFound && unknown.notes.count == 1)
    let without = failure { _ = try locate(.id(one.id), withStore: false) }
    #expect(without?.hasPrefix("cannot locate: --id without a store, expected --store") == true)
    // Of copies in two runs one stays, and asking for any other says so.
    let groups = Dictionary(grouping: documents) {
      TestKey(language: $0.language, content: $0.content)
    }
    var told = 0
    var counted = 0
    for group in groups.values where group.count > 1 {
      let reports = try group.map { try locate(.id($0.id)) }
      let stayed = reports.count { $0.isFound && $0.notes.isEmpty }
      #expect(stayed == Set(group.map(\.id)).count - reports.count { !$0.notes.isEmpty })
      told += reports.count { $0.notes.contains { $0.contains("is a duplicate of") } }
      counted += reports.count { ($0.documents.first?.origin?.otherCopies ?? 0) > 0 }
    }
    #expect(told > 0 && counted > told)
  }

  @Test func placesOutOfRangeAreRefused() throws {
    for (query, text) in [
      (
        LocateStage.Query.token(split: .train, shard: 7, token: 0),
        "--shard 7, expected from 0 to 6"
      ),
      (.token(split: .train, shard: 0, token: 1 << 40), "--token 1099511627776, expected from 0"),
      (.token(split: .train, shard: 0, token: -1), "--token -1, expected from 0 to"),
      (.piece(split: .holdout, shard: 0, piece: 99_999), "--piece 99999, expected from 0 to"),
    ] {
      #expect(failure { _ = try locate(query) }?.contains(text) == true)
    }
    let other = try Workplace()
    try other.ingest([place.at("one.jsonl")]) { $0.storeSeed = 3 }
    let message = failure {
      _ = try LocateStage(
        dataset: place.at("data"), store: other.at("store"), stop: StopFlag()
      ).run(.text([65]))
    }
    #expect(message?.contains("store key ") == true)
    #expect(message?.contains("expected that of the dataset, ") == true)
    let tokens = try Workplace()
    try tokens.ingest([place.at("one.jsonl")]) {
      $0.tokenizer = Corpus.fixture("tokenizer/tokenizer.json")
    }
    let tokenizer = failure {
      _ = try LocateStage(
        dataset: place.at("data"), store: tokens.at("store"), stop: StopFlag()
      ).run(.text([65]))
    }
    #expect(tokenizer?.contains(": tokenizer ") == true, "\(tokenizer ?? "none")")
    let nothing = try locate(.text([65]))
    #expect(!nothing.isFound)
    #expect(nothing.documents[0].detail.hasPrefix("the store has no such document"))
  }
}
