import Balance
import Compression
import Files
import Manifest
import ShardifyCore
import Shards
import Testing

@testable import Shardify

/// Datasets whose languages are divided over their sources: each part is a ring of its own.
@Suite struct SourceWeightTests {
  static let patterns = ["bo*", "news"]
  let place: Workplace
  let documents = Corpus.mixed()

  init() throws {
    place = try Workplace()
    // Two runs: sources have other numbers in each, and some copies meet only when they are read.
    let inputs = [
      try place.write(documents.prefix(100), to: "one.jsonl"),
      try place.write(documents.dropFirst(100), to: "two.jsonl"),
    ]
    try place.ingest([inputs[0]])
    try place.ingest(inputs)
  }

  func mixture(
    _ weights: [Double], _ basis: SourceWeights.Basis = .size, budget: Int? = 30_000,
    _ policy: Policy = .temperature(2)
  ) -> Mixture {
    var mixture = Mixture(policy: policy, maxEpochs: nil, budgetTokens: budget)
    mixture.sourceWeights = SourceWeights(
      basis: basis,
      entries: zip(Self.patterns, weights).map { .init(pattern: $0, weight: $1) })
    return mixture
  }

  /// The part of each document, by the rules of the documents: the copy with the smallest source
  /// stays, and the first pattern that matches decides.
  func parts() -> [TestKey: Int] {
    var sources: [TestKey: String] = [:]
    for document in documents {
      let key = TestKey(language: document.language, content: document.content)
      let known = sources[key] ?? document.source
      sources[key] =
        document.source.utf8.lexicographicallyPrecedes(known.utf8) ? document.source : known
    }
    return sources.mapValues { $0.hasPrefix("bo") ? 0 : $0 == "news" ? 1 : 2 }
  }

  /// The copies of each ring in order.
  func rings(_ name: String, _ manifest: DatasetManifest) throws -> [String: [Copies.Entry]] {
    let parts = parts()
    var rings: [String: [Copies.Entry]] = [:]
    for entry in try Copies(place.at(name), manifest, .train).entries {
      let copy = entry.copy
      let part = try #require(parts[TestKey(language: copy.language, content: copy.content)])
      rings["\(copy.language) \(part)", default: []].append(entry)
    }
    return rings
  }

  /// Quotas sum, the numbers in the headers are those of the parts, each part holds its share at every
  /// shard end to within one piece, and its pieces come again in the same order.
  @Test(
    arguments: [SourceWeights.Basis.size, .weight], [[3.0, 1.0], [0.1, 20], [0, 2], [1, 1]])
  func partsHoldTheirShareEverywhere(basis: SourceWeights.Basis, weights: [Double]) throws {
    let plain = try place.balance(to: "plain", mixture([], basis).undivided, shards: 6)
    let manifest = try place.balance(to: "data", mixture(weights, basis), shards: 6)
    #expect(try place.verify("data").problems == [])
    let rings = try rings("data", manifest)
    var numbers: [String: Int] = [:]
    for row in manifest.languageParts {
      let name = "\(row.tag) \(row.part)"
      #expect(row.pattern == (Self.patterns + ["*"])[row.part])
      let copies = rings[name] ?? []
      if row.bindingRule == "excluded" {
        #expect(weights[row.part] == 0 && row.quotaTokens == 0 && copies.isEmpty)
        continue
      }
      numbers[name] = numbers.count
      #expect(copies.allSatisfy { $0.ring == numbers[name] })
      var given = 0
      var next = copies[...]
      for shard in 0..<6 {
        var last = 0
        while let copy = next.first, copy.shard == shard {
          given += copy.tokens.count
          last = copy.tokens.count
          next.removeFirst()
        }
        let off = Double(given) - Double(row.quotaTokens) * Double(shard + 1) / 6
        let before = copies.last { $0.shard <= shard }?.tokens.count ?? last
        #expect(off <= Double(before) && -off <= Double(next.first?.tokens.count ?? 0))
      }
      #expect(given == row.writtenTokens && copies.count == row.writtenPieces)
      // One pass is row.pieces copies of availableTokens tokens; the next is the same again.
      let pass = copies.prefix(row.pieces)
      if copies.count > row.pieces {
        #expect(pass.reduce(0) { $0 + $1.tokens.count } == row.availableTokens)
      }
      for (number, copy) in copies.enumerated() {
        let first = copies[number % row.pieces]
        #expect(copy.copy.content == first.copy.content && copy.copy.piece == first.copy.piece)
        #expect(copy.tokens == first.tokens)
      }
    }
    for row in manifest.languages {
      let own = manifest.languageParts.filter { $0.tag == row.tag }
      #expect(own.reduce(0) { $0 + $1.quotaTokens } == row.quotaTokens)
      #expect(own.reduce(0) { $0 + $1.documents } == row.documents)
      // Weights move nothing between languages.
      #expect(plain.languages.first { $0.tag == row.tag }?.quotaTokens == row.quotaTokens)
    }
    #expect(plain.dataset["documents_held_out"] == manifest.dataset["documents_held_out"])
    let held = try [("plain", plain), ("data", manifest)].map {
      try Copies(place.at($0), $1, .holdout).entries.map(\.copy)
    }
    #expect(held[0] == held[1])
    if basis == .size {
      // Weights of size are ratios of epochs.
      for row in manifest.languageParts where row.quotaTokens > 200 {
        let other = manifest.languageParts.first { $0.tag == row.tag && $0.part == 2 }
        guard let other, row.part < 2, other.quotaTokens > 200 else { continue }
        let epochs = [row, other].map { Double($0.quotaTokens) / Double($0.availableTokens) }
        #expect(abs(epochs[0] / epochs[1] / weights[row.part] - 1) < 0.02)
      }
    }
  }

  @Test func theBytesDoNotDependOnJobsOrInterruption() throws {
    let first = Outcome(try place.balance(to: "one", mixture([3, 0.5]), shards: 7) { $0.jobs = 1 })
    for jobs in [2, 4] {
      let name = "jobs\(jobs)"
      let again = try place.balance(to: name, mixture([3, 0.5]), shards: 7) { $0.jobs = jobs }
      #expect(Outcome(again) == first)
    }
    try FileSystem.remove(place.at("one/shards/shard-00003.zst"))
    try FileSystem.remove(place.at("one/manifest.sqlite"))
    #expect(Outcome(try place.balance(to: "one", mixture([3, 0.5]), shards: 7)) == first)
  }

  @Test func aLargerBudgetGivesTheSameCopiesAndMore() throws {
    let small = try rings("s", try place.balance(to: "s", mixture([4, 1], budget: 8_000)))
    let large = try rings("l", try place.balance(to: "l", mixture([1, 3], budget: 120_000)))
    for (name, copies) in small {
      let more = (large[name] ?? []).map(\.copy)
      #expect(Array(more.prefix(copies.count)) == copies.map(\.copy), "\(name)")
    }
  }

  /// A dataset without weights is as it was before there were any.
  @Test func withoutWeightsNothingIsDivided() throws {
    let manifest = try place.balance(to: "data")
    #expect(manifest.formatVersion == 2 && manifest.dataset["format_version"] == "2")
    #expect(manifest.dataset["shard_format_version"] == "1")
    #expect(manifest.dataset["source_patterns"] == nil)
    #expect(manifest.dataset["mixture"]?.contains("source") == false)
    let plan = try FileSystem.read(place.at("data/plan.txt"), limitBytes: 1 << 20)
    #expect(plan.starts(with: Array("shardify plan v2\n".utf8)))
    #expect(!String(decoding: plan, as: UTF8.self).contains("\npart\t"))
    #expect(try ShardReader(path: place.at("data/shards/shard-00000.zst")).header.version == 1)
  }

  /// What any shard end was given and what comes after it is each part's ring in its order: from a
  /// dataset that is not divided, and from one that is, whatever the weights.
  @Test(arguments: [false, true]) func goingOnIsTheRingInItsOrder(fromDivided: Bool) throws {
    let start = fromDivided ? mixture([2, 1], budget: 9_000) : mixture([], budget: 9_000).undivided
    let first = try place.balance(to: "first", start, shards: 4)
    let given = try rings("first", first)
    let long = try rings(
      "long", try place.balance(to: "long", mixture([1, 1], budget: 300_000, .uniform)))
    var parent = (name: "first", shard: 1)
    var joined = given.mapValues { $0.filter { $0.shard <= 1 }.map(\.copy) }
    for (number, weights) in [[0, 3.0], [5, 0], [1, 1]].enumerated() {
      let name = "next\(number)"
      let next = try place.balance(
        to: name, mixture(weights, budget: 12_000, .alpha(0.4)), shards: 3
      ) {
        $0.continuing = ContinueOptions(dataset: place.at(parent.name), afterShard: parent.shard)
      }
      #expect(try place.verify(name).problems == [])
      for (ring, entries) in try rings(name, next) {
        joined[ring, default: []] += entries.filter { $0.shard <= 1 }.map(\.copy)
      }
      for (ring, copies) in joined {
        #expect(Array((long[ring] ?? []).prefix(copies.count).map(\.copy)) == copies, "\(ring)")
      }
      parent = (name, 1)
    }
  }

  @Test func aLanguageThatIsLeftOutKeepsThePlacesOfItsParts() throws {
    try place.balance(to: "first", mixture([3, 1], budget: 6_000), shards: 2)
    var without = mixture([1, 1], budget: 5_000)
    without.exclude = ["eng_Latn"].compactMap { LanguageTag($0) }
    let second = try place.balance(to: "second", without, shards: 2) {
      $0.continuing = ContinueOptions(dataset: place.at("first"))
    }
    #expect(try place.verify("second").problems == [])
    let kept = second.languageParts.filter { "\($0.tag)" == "eng_Latn" }
    #expect(kept.count == 3)
    #expect(kept.allSatisfy { $0.bindingRule == "excluded" && !$0.firstKey.isEmpty })
    let third = try place.balance(to: "third", mixture([2, 1], budget: 9_000), shards: 2) {
      $0.continuing = ContinueOptions(dataset: place.at("second"))
    }
    #expect(try place.verify("third").problems == [])
    for row in third.languageParts where "\(row.tag)" == "eng_Latn" {
      let before = try #require(kept.first { $0.part == row.part })
      #expect(row.firstKey == before.firstKey && row.firstPass == before.firstPass)
    }
  }

  /// What earlier datasets went over counts, part by part.
  @Test func theLimitOnEpochsHoldsForEachPartOverTheWholeHistory() throws {
    var all = mixture([9, 1], budget: nil)
    all.maxEpochs = 2.5
    all.allowZero = true
    var parent: ContinueOptions?
    for name in ["first", "second"] {
      let manifest = try place.balance(to: name, all, shards: 2) { $0.continuing = parent }
      #expect(try place.verify(name).problems == [])
      // A part that ran over by its last piece gets nothing more.
      for row in manifest.languageParts where row.quotaTokens > 0 {
        let ends = row.firstPass * row.availableTokens + row.firstOffset + row.quotaTokens
        #expect(2 * ends <= 5 * row.availableTokens)
      }
      #expect(manifest.languageParts.contains { $0.bindingRule == "max-epochs" })
      parent = ContinueOptions(dataset: place.at(name))
    }
    // Half of all there is can be given once more, less what each part ran over.
    let message = failure {
      try place.balance(to: "third", all, shards: 2) { $0.continuing = parent }
    }
    let numbers = message?.split(separator: " ").compactMap { Int($0) } ?? []
    #expect(numbers.contains { (15_500...17_673).contains($0) }, "\(message ?? "none")")
  }

  @Test func placesOfPartsMeanNothingOnOtherRings() throws {
    try place.balance(to: "first", mixture([3, 1], budget: 6_000), shards: 2)
    func message(_ mixture: Mixture) -> String? {
      failure {
        try place.balance(to: "second", mixture) {
          $0.continuing = ContinueOptions(dataset: place.at("first"))
        }
      }
    }
    #expect(
      message(mixture([]).undivided)
        == "cannot go on from dataset: \(place.at("first")): no source weights, expected those it was "
        + "divided by, in their order: bo*, news; give --source-weight 'bo*=W' --source-weight "
        + "'news=W' with any weights, in the mixture file as source_weights")
    var other = mixture([3, 1])
    other.sourceWeights?.entries.swapAt(0, 1)
    #expect(message(other)?.contains("source weights for other patterns: news, bo*") == true)
    #expect(FileSystem.status(place.at("second")) == nil)
  }

  @Test func stagesGoOnPartByPart() throws {
    let text = """
      temperature: 2
      max_epochs: none
      source_basis: weight
      stages:
        - {budget: 5000, source_weights: []}
        - {budget: 7000, source_weights: [{"bo*": 2}, {news: 1}]}
        - {budget: 6000, exclude: [rus_Cyrl], source_weights: [{"bo*": 0}, {news: 4}]}
        - {budget: 6000, uniform: true, source_weights: [{"bo*": 1}, {news: 1}]}
      """
    let list = try #require(try StagesFile.parse(Array(text.utf8), path: "m.yaml"))
    #expect(
      list.map { $0.mixture.sourceWeights?.entries.map(\.weight) } == [
        nil, [2, 1], [0, 4], [1, 1],
      ])
    var options = BalanceOptions(
      store: place.at("store"), dataset: place.at("data"), mixture: list[0].mixture)
    options.shardCount = 3
    let work = StagesBalance(options: options, stages: list, progress: Progress(), stop: StopFlag())
    let planned = try work.plan()
    let outcomes = try work.run()
    for (plan, outcome) in zip(planned, outcomes) {
      #expect(plan.plan == outcome.plan)
      #expect(plan.continuation?.starts == outcome.continuation?.starts)
    }
    let verify = try #require(
      StagesVerify(
        dataset: place.at("data"), store: place.at("store"), jobs: 2, progress: Progress(),
        stop: StopFlag()))
    #expect(try verify.run().flatMap(\.report.problems) == [])
    let backwards = StagesBalance(
      options: options, stages: Array(list.reversed()), progress: Progress(), stop: StopFlag())
    #expect(failure { _ = try backwards.plan() }?.contains("no source weights") == true)
    var others = list
    others[3].mixture.sourceWeights?.entries.removeLast()
    let mixed = StagesBalance(
      options: options, stages: others, progress: Progress(), stop: StopFlag())
    #expect(
      failure { _ = try mixed.plan() }?.contains(
        "stage stage-03: source weights for other patterns than in stage stage-02") == true)
  }

  @Test func aManifestThatIsLostComesBackWithItsFingerprint() throws {
    try place.balance(to: "first", mixture([3, 1], budget: 6_000), shards: 2)
    let before = try place.balance(to: "data", mixture([0, 2])) {
      $0.continuing = ContinueOptions(dataset: place.at("first"))
    }
    #expect(before.formatVersion == 3)
    let path = place.at("data/manifest.sqlite")
    try FileSystem.remove(path)
    try FileSystem.remove(place.at("data/plan.txt"))
    let report = try RepairStage(
      path: place.at("data"), jobs: 2, progress: Progress(), stop: StopFlag()
    ).run()
    #expect(report.fingerprint == before.dataset["fingerprint"])
    var after = try ManifestFile.read(path)
    after.provenance = before.provenance
    #expect(after == before)
    #expect(try place.verify("data").problems == [])
  }

  /// The mixture's parts in a manifest that says otherwise, and a piece under another part of its
  /// language.
  @Test func whatIsWrongWithPartsIsFound() throws {
    let manifest = try place.balance(to: "data", mixture([3, 0.5]))
    let path = place.at("data/manifest.sqlite")
    let cases: [(String, (inout DatasetManifest) -> Void)] = [
      ("against the sum of its parts", { $0.languageParts[0].documents += 1 }),
      ("tokens in shards", { $0.languageParts[1].writtenTokens += 1 }),
      ("belongs to shard", { $0.languageParts[2].quotaTokens /= 2 }),
      (
        "shard_parts 1 ",
        { $0.shardParts[$0.shardParts.firstIndex { $0.shard == 1 } ?? 0].bytes += 1 }
      ),
      (
        "no such shard or part",
        {
          let tag = $0.languages[0].tag
          $0.shardParts.append(.init(shard: 90, tag: tag, part: 0, tokens: 0, pieces: 0, bytes: 0))
        }
      ),
      ("plan.txt: part", { $0.languageParts[1].pattern = "new*" }),
      ("plan.txt: source_patterns", { $0.dataset["source_patterns"] = "bo*\nnew*" }),
      ("a start that is not on its ring", { $0.languageParts[1].firstKey = [1] }),
      (
        "none of its parts is",
        { manifest in
          let tag = manifest.languages[0].tag
          for index in manifest.languageParts.indices where manifest.languageParts[index].tag == tag
          {
            manifest.languageParts[index].bindingRule = "excluded"
          }
        }
      ),
      ("languages", { $0.languageParts[0].bindingRule = "excluded" }),
      ("pattern of", { $0.languageParts[0].pattern = "books" }),
      ("no such pattern", { $0.languageParts[2].part = 64 }),
      ("0 source_patterns, expected 1 to 64", { $0.dataset["source_patterns"] = nil }),
      (
        "70 source_patterns",
        { $0.dataset["source_patterns"] = String(repeating: "\n", count: 69) }
      ),
      ("shard_format_version", { $0.dataset["shard_format_version"] = "1" }),
    ]
    for (text, change) in cases {
      var changed = manifest
      change(&changed)
      changed.dataset["fingerprint"] = "\(changed.fingerprint)"
      try ManifestFile.write(changed, to: path)
      let problems = try place.verify("data", store: nil).problems
      #expect(problems.contains { $0.contains(text) }, "\(text): \(problems.first ?? "none")")
    }
    // Other patterns in all that the dataset says of itself: only the store tells.
    var other = manifest
    other.dataset["source_patterns"] = "book\nnews"
    other.dataset["fingerprint"] = "\(other.fingerprint)"
    try ManifestFile.write(other, to: path)
    let report = try place.verify("data")
    #expect(report.problems.contains { $0.contains("is not the store it was made from") })
    let problems = report.details
    #expect(problems.contains { $0.hasPrefix("store: ") && $0.contains("bo*: documents") })
    #expect(
      problems.contains { $0.hasPrefix("shard ") && $0.hasSuffix("is not what the store gives") })
  }

  /// A whole document under another part of its language, in a shard that is well formed.
  @Test func aPieceUnderAnotherPartIsFound() throws {
    var manifest = try place.balance(to: "data", mixture([3, 0.5]))
    let path = place.at("data/" + manifest.shards[2].path)
    let reader = try ShardReader(path: path)
    let tags = reader.header.languages
    var pieces = (0..<reader.pieces.count).map { reader.pieces[$0] }
    let moved = try #require(
      pieces.firstIndex {
        $0.flags.isSuperset(of: [.first, .last]) && $0.languageIndex + 1 < tags.count
          && tags[$0.languageIndex] == tags[$0.languageIndex + 1]
      })
    pieces[moved].languageIndex += 1
    var raw: [UInt8] = []
    for frame in reader.frames.indices { raw += try reader.rawFrame(frame) }
    var header = reader.header
    header.tokenCount = 0
    let writer = try ShardWriter(
      path: path, header: header, planText: reader.planText,
      compressor: try ZstdCompressor(level: 3))
    var start = 0
    for piece in pieces {
      let end = start + piece.tokenCount * header.tokenWidthBytes
      try writer.append(piece) { (out: inout [UInt8]) throws(ShardsFailure) in
        out += raw[start..<end]
      }
      start = end
    }
    let summary = try writer.finish()
    manifest.shards[2].fileSizeBytes = summary.fileSizeBytes
    manifest.shards[2].fileDigest = summary.fileDigest
    manifest.dataset["fingerprint"] = "\(manifest.fingerprint)"
    try ManifestFile.write(manifest, to: place.at("data/manifest.sqlite"))
    let problems = try place.verify("data", store: nil).problems
    for text in ["pieces are not in the order of their ring", "tokens in shards", "shard_parts 2 "]
    {
      #expect(problems.contains { $0.contains(text) }, "\(text): \(problems)")
    }
    // The languages' own sums are as they were: only parts tell.
    #expect(!problems.contains { $0.contains("shard_languages") })
  }

  @Test func documentsAreLocatedOnTheRingOfTheirPart() throws {
    try place.balance(to: "first", mixture([2, 1], budget: 5_000), shards: 2)
    var thin = mixture([0, 0.02], budget: 20_000)
    thin.maxEpochs = 9
    let manifest = try place.balance(to: "data", thin, shards: 7) {
      $0.continuing = ContinueOptions(dataset: place.at("first"))
    }
    let train = try Copies(place.at("data"), manifest, .train)
    let held = try Copies(place.at("data"), manifest, .holdout).documents
    var expected: [TestKey: [[Int]]] = [:]
    for entry in train.entries {
      let key = TestKey(language: entry.copy.language, content: entry.copy.content)
      expected[key, default: []].append([entry.shard, entry.copy.pass, entry.copy.piece])
    }
    var details: Set<String> = []
    for (key, part) in parts() {
      for store in [nil, place.at("store")] {
        let report = try LocateStage(dataset: place.at("data"), store: store, stop: StopFlag())
          .run(.content(key.content))
        #expect(report.notes == [])
        let document = report.documents.first { $0.language.map { "\($0)" } == key.language }
        if held.contains(key) {
          #expect(document?.status == .heldOut)
        } else if let copies = expected[key] {
          #expect(document?.copies.map { [$0.shard, $0.pass, $0.pieceOfDocument] } == copies)
          #expect(document?.sourcePart == (Self.patterns + ["*"])[part])
        } else if store != nil {
          #expect(document?.status == .leftOver)
          details.insert(document?.detail ?? "none")
        }
      }
    }
    #expect(details.contains("its sources have weight 0"))
    #expect(details.contains { $0.contains("tokens ends before its place on the ring") })
  }

  /// Readers of samples see languages: their figures are those of all parts.
  @Test func samplesNameTheLanguageOfEveryPiece() throws {
    let manifest = try place.balance(to: "data", mixture([3, 1]))
    var options = OrderOptions(sequenceLength: 50, globalBatch: 24)
    options.steps = 3
    options.lanes = 1
    var pieces: [OrderedPiece] = []
    try OrderStage(dataset: place.at("data"), options: options, stop: StopFlag())
      .run { pieces += $0.pieces }
    let all = try Copies(place.at("data"), manifest, .train).entries
    for piece in pieces {
      let own = all.filter { $0.shard == piece.shard }[piece.piece]
      #expect("\(piece.language)" == own.copy.language && piece.content == own.copy.content)
    }
    #expect(Set(pieces.map { "\($0.language)" }).count > 2)
  }

  @Test func wrongWeightsAreRefused() throws {
    func message(_ entries: [(String, Double)]) -> String? {
      var mixture = mixture([])
      mixture.sourceWeights = SourceWeights(entries: entries.map { .init(pattern: $0, weight: $1) })
      return failure { try place.balance(to: "none", mixture) }
    }
    let store = place.at("store")
    #expect(
      message([("wiki*", 3)])
        == "cannot balance: \(store): --source-weight wiki* matches no source, expected one of "
        + "archive, books, news, web, zines; shardify ingest --source-field names the field that "
        + "sources are read from")
    #expect(
      message([("*", 1), ("news", 3)])
        == "cannot balance: \(store): --source-weight news after *, which matches all that it does, "
        + "expected a pattern that decides about a source; the first that matches decides: put news "
        + "before *, or drop it")
    for (entries, text) in [
      ([("news", -1.0)], "weight -1 of source news, expected from 0 to 1000000"),
      ([("news", .nan)], "weight nan of source news"),
      ([("news", 1), ("news", 2)], "source news twice"),
    ] {
      #expect(message(entries)?.contains(text) == true, "\(message(entries) ?? "none")")
    }
    let many = message((0..<65).map { ("n*e*w*s" + String(repeating: "*", count: $0), 1) })
    #expect(many?.contains("weights for 65 patterns of sources, expected at most 64") == true)
    #expect(FileSystem.status(place.at("none")) == nil)
  }

  /// Of patterns that match the same source the first decides; a document from several sources is of
  /// that of the copy that stayed.
  @Test func theFirstPatternThatMatchesDecides() throws {
    var mixture = mixture([])
    mixture.sourceWeights = SourceWeights(
      entries: ["books", "*s", "?eb"].map { .init(pattern: $0, weight: 2) })
    let manifest = try place.balance(to: "data", mixture)
    #expect(try place.verify("data").problems == [])
    for row in manifest.languages {
      var expected = [0, 0, 0, 0]
      for source in manifest.languageSources where source.tag == row.tag {
        let part = ["books": 0, "news": 1, "zines": 1, "web": 2, "archive": 3][source.source]
        expected[try #require(part)] += source.documents
      }
      var found = [0, 0, 0, 0]
      for part in manifest.languageParts where part.tag == row.tag {
        found[part.part] = part.documents
      }
      #expect(found == expected)
    }
  }

  @Test func aMixtureFileListsWeightsInOrder() throws {
    func parse(_ text: String) throws -> Mixture {
      try place.write(text.utf8, to: "m.yaml")
      return try MixtureFile.readWithView(place.at("m.yaml")).mixture
    }
    let mixture = try parse(
      "uniform: true\nsource_basis: weight\nsource_weights: [{wiki*: 3}, {forum: 0.5}, {\"*\": 2}]")
    #expect(mixture.sourceWeights?.basis == .weight)
    #expect(mixture.sourceWeights?.patterns == ["wiki*", "forum", "*"])
    #expect(mixture.sourceWeights?.entries.map(\.weight) == [3, 0.5, 2])
    for (text, message) in [
      ("source_weights: {wiki: 3}", "source_weights with a mapping, expected a list, as the first"),
      ("source_weights: [wiki]", "source_weights: wiki, expected one source and its weight"),
      ("source_weights: [{a: 1, b: 2}]", "expected one source and its weight"),
      ("source_weights: [{a: much}]", "source_weights a: much, expected a number"),
      ("source_weights: [{a: -1}]", "source_weights a: -1, expected a weight from 0 to 1000000"),
      ("source_basis: size", "line 2: source_basis without source_weights"),
      ("source_basis: tokens\nsource_weights: [{a: 1}]", "tokens, expected size or weight"),
    ] {
      let found = failure { _ = try parse("uniform: true\n" + text) }
      #expect(found?.contains(message) == true, "\(found ?? "none")")
    }
    let tokenizer = failure {
      _ = try MixtureFile.parse(
        Array("uniform: true\nsource_weights: [{a: 1}]".utf8), path: "m.yaml")
    }
    #expect(tokenizer?.contains("expected no weights of sources here") == true)
  }

  @Test func weightsAreToldWhereTheyDiffer() throws {
    try place.balance(to: "a", mixture([3, 1]))
    try place.balance(to: "b", mixture([2, 1]))
    try place.balance(to: "c", mixture([]).undivided)
    let weights = try PlanDifference(place.at("a"), place.at("b"))
    #expect(weights.settings.map(\.name) == ["source_weights"])
    #expect(weights.text().contains(#"{"source":"bo*","weight":3}"#))
    let none = try PlanDifference(place.at("a"), place.at("c"))
    #expect(none.settings.map(\.name) == ["source_basis", "source_weights", "statistics_sha256"])
    #expect(none.settings.allSatisfy { $0.name == "statistics_sha256" || $0.b == "none" })
    var options = BalanceOptions(store: place.at("store"), dataset: nil, mixture: mixture([3, 1]))
    options.shardCount = 5
    let outcome = try BalanceStage(options: options, progress: Progress(), stop: StopFlag()).plan()
    try place.write(outcome.json.utf8, to: "dry.json")
    let dry = try PlanDifference(place.at("a"), place.at("dry.json"))
    #expect(dry.isEmpty, "\(dry.text())")
    let table = outcome.plan.table()
    #expect(table.contains("\n  bo*  ") && table.contains("\n  *  "))
    #expect(outcome.json.contains(#""sources":[{"source":"bo*","part":0,"weight":3.0,"#))
  }
}

extension Mixture {
  /// The same without weights.
  fileprivate var undivided: Mixture {
    var mixture = self
    mixture.sourceWeights = nil
    return mixture
  }
}
