import Balance
import Manifest
import ShardifyCore
import Shards
import Testing

@testable import Shardify

/// What a dataset promises, counted from its shards without the code that planned them.
@Suite struct MixtureHoldsTests {
  let place: Workplace

  init() throws { place = try Workplace() }

  func dataset(
    _ documents: [TestDocument], _ mixture: Mixture, shards: Int,
    _ change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> (manifest: DatasetManifest, train: Copies, heldOut: Copies) {
    try place.ingest([try place.write(documents, to: "in.jsonl")], change)
    let manifest = try place.balance(to: "data", mixture, shards: shards)
    #expect(try place.verify("data").problems == [])
    return (
      manifest, try Copies(place.at("data"), manifest, .train),
      try Copies(place.at("data"), manifest, .holdout)
    )
  }

  /// At every shard end each language is within one of its pieces of its share, and each single
  /// shard within two.
  func expectShares(_ manifest: DatasetManifest, _ train: Copies, shards: Int) {
    for language in manifest.languages where language.quotaTokens > 0 {
      let all = train.of("\(language.tag)")
      let longest = all.map(\.tokens.count).max() ?? 0
      var given = 0
      for shard in 0..<shards {
        let here = all.filter { $0.shard == shard }.reduce(0) { $0 + $1.tokens.count }
        given += here
        let share = Double(language.quotaTokens) / Double(shards)
        #expect(abs(Double(given) - share * Double(shard + 1)) <= Double(longest))
        #expect(abs(Double(here) - share) <= 2 * Double(longest))
      }
      #expect(given >= language.quotaTokens && given < language.quotaTokens + longest)
    }
  }

  /// The copies of a language on pass p are those of pass 0 in the same order.
  func expectPasses(_ train: Copies) {
    for language in train.languages {
      let all = train.of(language).map(\.copy)
      let first = all.filter { $0.pass == 0 }.map { [$0.content.high, UInt64($0.piece)] }
      #expect(Set(first).count == first.count)
      #expect(all.map(\.pass) == all.map(\.pass).sorted())
      for pass in 1...max(1, all.map(\.pass).max() ?? 1) {
        let again = all.filter { $0.pass == pass }.map { [$0.content.high, UInt64($0.piece)] }
        #expect(again == Array(first.prefix(again.count)))
      }
    }
  }

  @Test(arguments: [1, 2, 4, 9, 40]) func atEveryShardEnd(shards: Int) throws {
    let (manifest, train, _) = try dataset(
      Corpus.mixed(), Mixture(policy: .temperature(3.33)), shards: shards)
    expectShares(manifest, train, shards: shards)
    expectPasses(train)
  }

  /// Three languages, four shards, two and a half epochs, duplicates that must not clump.
  @Test func withTwoAndAHalfEpochsAndDuplicates() throws {
    var random = SeededRandom(seed: 3)
    var documents: [TestDocument] = []
    for language in ["eng_Latn", "deu_Latn", "rus_Cyrl"] {
      let some = Corpus.documents(language, count: 24, bytes: 60...60, &random)
      documents += some
      for (number, document) in some.prefix(6).enumerated() {
        var copy = document
        copy.id += "-copy"
        documents += Array(repeating: copy, count: number % 3 + 1)
      }
    }
    let mixture = Mixture(policy: .proportional, maxEpochs: nil)
    try place.ingest([try place.write(documents, to: "in.jsonl")]) { $0.holdoutRate = 0 }
    let available = try place.balance(to: "once", mixture, shards: 1)
      .languages.reduce(0) { $0 + $1.availableTokens }
    var more = mixture
    more.budgetTokens = available * 5 / 2
    let manifest = try place.balance(to: "data", more, shards: 4)
    #expect(try place.verify("data").problems == [])
    let train = try Copies(place.at("data"), manifest, .train)
    expectShares(manifest, train, shards: 4)
    expectPasses(train)
    #expect(manifest.dataset["documents_duplicate"] == "36")
    for document in Set(train.entries.map(\.copy.content)) {
      let copies = train.entries.enumerated()
        .filter { $0.element.copy.content == document && $0.element.copy.piece == 0 }
      #expect((2...3).contains(copies.count))
      // One pass is 2/5 of the dataset: two copies cannot be nearer than 3/10 of it.
      for (a, b) in zip(copies, copies.dropFirst()) {
        #expect((b.offset - a.offset) * 10 >= train.entries.count * 3)
      }
    }
  }

  @Test func andEveryDocumentIsAccountedFor() throws {
    let documents = Corpus.mixed()
    let bad = ["{\n", "[1]\n", #"{"text":""}"# + "\n", #"{"text":3}"# + "\n"].joined()
    let lines = try place.write((documents.map(\.line).joined() + bad).utf8, to: "in.jsonl")
    let summary = try place.ingest([lines]) { $0.maxRejectRate = 1 }
    var mixture = Mixture(policy: .proportional, budgetTokens: 12_000)
    mixture.exclude = [try #require(LanguageTag("jpn_Jpan"))]
    let manifest = try place.balance(to: "data", mixture)
    #expect(try place.verify("data").problems == [])
    let train = try Copies(place.at("data"), manifest, .train).documents
    let heldOut = try Copies(place.at("data"), manifest, .holdout).documents
    func fact(_ name: String) -> Int { Int(manifest.dataset["documents_" + name] ?? "") ?? -1 }
    let unique = Corpus.unique(documents)
    #expect(summary.documentsIn == documents.count + 4)
    #expect(fact("in") == documents.count + 4)
    #expect(fact("rejected") == 4)
    #expect(fact("duplicate") == documents.count - unique.count)
    #expect(fact("in_shards") == train.count)
    let filtered = unique.filter { $0.language == "jpn_Jpan" }.count
    #expect(fact("filtered") + fact("held_out") - heldOut.count == filtered)
    #expect(
      fact("left_over") == unique.count - train.count - fact("held_out") - fact("filtered"))
    #expect(fact("left_over") > 0 && heldOut.count > 0)
    #expect(train.isDisjoint(with: heldOut))
    #expect(train.union(heldOut).isSubset(of: unique))
  }

  /// The tokens of a document's pieces, put together, are its bytes and the end of text.
  @Test func andTheTokensAreThoseOfTheTexts() throws {
    let documents = Corpus.mixed()
    let (manifest, train, heldOut) = try dataset(
      documents, Mixture(policy: .proportional, maxEpochs: 1), shards: 3)
    var texts: [TestKey: [UInt8]] = [:]
    for document in documents {
      texts[TestKey(language: document.language, content: document.content)] =
        Array(document.text.utf8)
    }
    let end = try #require(manifest.dataset["end_of_text_id"].flatMap { TokenID($0) })
    var seen = 0
    for (key, text) in texts {
      let pieces = (train.entries + heldOut.entries).filter {
        $0.copy.language == key.language && $0.copy.content == key.content
      }.sorted { $0.copy.piece < $1.copy.piece }
      if pieces.isEmpty { continue }
      seen += 1
      #expect(pieces.flatMap(\.tokens) == text.map { TokenID($0) } + [end])
      #expect(pieces.allSatisfy { $0.tokens.count <= Corpus.maxPieceTokens })
      #expect(pieces.first?.flags.contains(.first) == true)
      #expect(pieces.last?.flags.contains(.last) == true)
      #expect(pieces.filter { $0.flags.contains(.last) }.count == 1)
    }
    #expect(seen == texts.count)
  }

  @Test func andOneLanguageOfOneDocumentIsEnough() throws {
    var random = SeededRandom(seed: 5)
    let documents = Corpus.documents("yor_Latn", count: 1, bytes: 50...50, &random)
    let (manifest, train, heldOut) = try dataset(
      documents, Mixture(policy: .uniform, maxEpochs: nil, budgetTokens: 500), shards: 3
    ) { $0.holdoutRate = 0 }
    expectShares(manifest, train, shards: 3)
    expectPasses(train)
    #expect(heldOut.entries.isEmpty)
  }
}
