import Balance
import Files
import Manifest
import ShardifyCore
import Testing

@testable import Shardify

/// Datasets made through filters, a list of hashes and a label map: accounts, checks, refusals.
@Suite struct FilteredDatasetTests {
  let place: Workplace
  let documents: [TestDocument]

  init() throws {
    place = try Workplace()
    documents = Corpus.mixed()
    try place.ingest([try place.write(documents, to: "all.jsonl")])
  }

  private func fact(_ manifest: DatasetManifest, _ key: String) -> Int {
    Int(manifest.dataset[key] ?? "") ?? -1
  }

  private func balanced(
    _ name: String, store: String = "store", _ change: (inout ViewOptions) -> Void
  ) throws -> DatasetManifest {
    var view = ViewOptions()
    change(&view)
    return try place.balance(store: store, to: name, Mixture(policy: .temperature(2))) {
      $0.view = view
    }
  }

  private func contents(
    _ dataset: String, _ manifest: DatasetManifest, _ split: DatasetManifest.Split
  ) throws -> Set<ContentHash> {
    Set(try Copies(place.at(dataset), manifest, split).entries.map(\.copy.content))
  }

  @Test func filteredDocumentsAreAccountedForByReason() throws {
    let plain = try place.balance(to: "plain")
    let manifest = try balanced("some") { $0.conditions = ["source != \"news\"", "bytes >= 60"] }
    #expect(try place.verify("some").problems == [])
    let all = ["in_shards", "held_out", "left_over", "filtered", "duplicate", "rejected"]
    #expect(fact(manifest, "documents_in") == documents.count)
    #expect(all.reduce(0) { $0 + fact(manifest, "documents_\($1)") } == documents.count)
    #expect(
      Set(manifest.filters.map(\.reason)) == ["where source != \"news\"", "where bytes >= 60"])
    // Of the documents that stay, by the smallest source, those of other sources than news.
    var kept: [String: TestDocument] = [:]
    for document in documents {
      let key = document.language + " " + document.text
      if kept[key].map({ document.source < $0.source }) ?? true { kept[key] = document }
    }
    let news = kept.values.count { $0.source == "news" }
    let short = kept.values.count { $0.source != "news" && $0.text.utf8.count < 60 }
    let byReason = Dictionary(grouping: manifest.filters, by: \.reason)
      .mapValues { $0.reduce(0) { $0 + $1.documents } }
    #expect(byReason == ["where source != \"news\"": news, "where bytes >= 60": short])
    #expect(fact(manifest, "documents_duplicate") == fact(plain, "documents_duplicate"))
    #expect(!manifest.languageSources.contains { $0.source == "news" })
    #expect(manifest.dataset["where"] == "source != \"news\"\nbytes >= 60")
  }

  /// What is held out stays so under any filter, and is filtered as training is.
  @Test func noFilterReleasesAHeldOutDocument() throws {
    let plain = try place.balance(to: "plain")
    let heldOut = try contents("plain", plain, .holdout)
    #expect(heldOut.count > 5)
    for (number, condition) in ["source = books", "bytes < 200", "not (source = web)"].enumerated()
    {
      let name = "f\(number)"
      let manifest = try balanced(name) { $0.conditions = [condition] }
      #expect(try contents(name, manifest, .train).isDisjoint(with: heldOut))
      #expect(try contents(name, manifest, .holdout).isSubset(of: heldOut))
      #expect(try place.verify("f\(number)").problems == [])
    }
    let first = try #require(heldOut.min())
    let list = try place.write("\(first)\n".utf8, to: "list.txt")
    let without = try balanced("without") { $0.excludedHashesPath = list }
    #expect(try contents("without", without, .holdout) == heldOut.subtracting([first]))
  }

  @Test func excludedHashesAreInNoShardAndVerifyAsksForTheList() throws {
    let out = Set(documents.prefix(20).map(\.content))
    let lines = out.sorted().map { "\($0)\n" }.joined() + "00000000000000000000000000000001\n"
    let list = try place.write(lines.utf8, to: "list.txt")
    let manifest = try balanced("some") { $0.excludedHashesPath = list }
    #expect(try contents("some", manifest, .train).isDisjoint(with: out))
    #expect(try contents("some", manifest, .holdout).isDisjoint(with: out))
    #expect(manifest.dataset["exclude_hashes"] == "\(out.count + 1)")
    #expect(manifest.dataset["exclude_hashes_found"] == "\(out.count)")
    #expect(
      try place.verify("some").problems == [
        "store: cannot be compared without the list of \(out.count + 1) hashes that the dataset "
          + "leaves out; give it with --exclude-hashes"
      ])
    #expect(try place.verify("some", store: nil).problems == [])
    var stage = VerifyStage(
      dataset: place.at("some"), store: place.at("store"), jobs: 2, progress: Progress(),
      stop: StopFlag())
    stage.excludedHashes = list
    #expect(try stage.run().problems == [])
    stage.excludedHashes = try place.write("# none\n".utf8, to: "other.txt")
    #expect(try stage.run().problems.first?.contains("as in the manifest") == true)
  }

  @Test func aLabelMapIsInPlanAndManifest() throws {
    let map = try place.write(
      "deu_Latn qaa_Latn\ntur_Latn\tqaa_Latn\nswe_Latn nor_Latn\n".utf8, to: "m")
    let manifest = try balanced("some") { $0.labelMapPath = map }
    #expect(try place.verify("some").problems == [])
    let tags = manifest.languages.map { "\($0.tag)" }
    #expect(tags == ["eng_Latn", "jpn_Jpan", "qaa_Latn", "rus_Cyrl", "yor_Latn"])
    #expect(
      manifest.dataset["label_map"] == "deu_Latn qaa_Latn\nswe_Latn nor_Latn\ntur_Latn qaa_Latn")
    #expect(fact(manifest, "documents_in") == documents.count)
  }

  @Test func theSameDatasetFromAnySplitOfTheInput() throws {
    let change: (inout ViewOptions) -> Void = {
      $0.conditions = ["source not in (news) or tokens > 100"]
      $0.labelMap = LabelMap([(from: Self.tag("deu_Latn"), to: Self.tag("qaa_Latn"))])
    }
    let whole = Outcome(try balanced("whole", change))
    var inputs: [String] = []
    for part in 0..<5 {
      let some = documents.enumerated().filter { $0.offset % 5 == part }.map(\.element)
      inputs.append(try place.write(some.reversed(), to: "part-\(part).jsonl"))
    }
    for input in inputs { try place.ingest([input], store: "parts") { $0.holdoutMinimum = 0 } }
    try place.ingest([place.at("all.jsonl")], store: "one") { $0.holdoutMinimum = 0 }
    #expect(
      Outcome(try balanced("p", store: "parts", change))
        == Outcome(try balanced("o", store: "one", change)))
    #expect(whole.shards.count > 0)
  }

  @Test func groupsReachTheDataset() throws {
    var mixture = Mixture(policy: .temperature(2), maxEpochs: nil, budgetTokens: 30_000)
    mixture.groups = [
      MixtureGroup(
        name: "other", languages: [Self.tag("jpn_Jpan"), Self.tag("rus_Cyrl")], share: 0.5)
    ]
    let manifest = try place.balance(to: "some", mixture)
    #expect(try place.verify("some").problems == [])
    let quota = manifest.languages.filter { ["jpn_Jpan", "rus_Cyrl"].contains("\($0.tag)") }
      .reduce(0) { $0 + $1.quotaTokens }
    #expect(quota == 15_000)
    #expect(manifest.dataset["mixture"]?.contains(#""name":"other""#) == true)
  }

  @Test func everythingFilteredIsRefused() throws {
    let found = failure {
      _ = try balanced("none") { $0.conditions = ["tokens > 1e9"] }
    }
    #expect(found?.hasPrefix("cannot plan the mixture: no language takes part") == true)
  }

  private static func tag(_ text: String) -> LanguageTag {
    LanguageTag(text) ?? LanguageTag(unchecked: 0)
  }

  /// Each document of the corpus: its place, or the filter that the dataset itself names.
  @Test func locateSaysWhichFilterLeftADocumentOut() throws {
    let excluded = Set(documents.map(\.content)).sorted().enumerated()
      .filter { $0.offset % 3 == 0 }.map(\.element)
    let list = try place.write(excluded.map { "\($0)\n" }.joined().utf8, to: "ex.txt")
    try place.write("tur_Latn eng_Latn\n".utf8, to: "map.txt")
    let manifest = try balanced("data") {
      $0.conditions = ["source != \"news\""]
      $0.excludedHashesPath = list
      $0.labelMapPath = place.at("map.txt")
    }
    let inData = try contents("data", manifest, .train)
      .union(try contents("data", manifest, .holdout))
    func locate(_ content: ContentHash, _ list: String?) throws -> LocateReport {
      var stage = LocateStage(
        dataset: place.at("data"), store: place.at("store"), stop: StopFlag())
      stage.excludedHashes = list
      return try stage.run(.content(content))
    }
    var seen: Set<String> = []
    for document in documents {
      let report = try locate(document.content, list)
      let isExcluded = excluded.contains(document.content)
      for found in report.documents {
        #expect(found.language.map { "\($0)" } != "tur_Latn")
        seen.insert("\(found.status.rawValue) \(found.detail)")
        if isExcluded {
          #expect(found.status == .filtered && found.detail == "by exclude-hashes")
          #expect(report.text().contains(": filtered by exclude-hashes"))
        }
      }
      let blind = try locate(document.content, nil)
      #expect(blind.isFound)
      if !inData.contains(document.content) {
        for found in blind.documents where found.status != .filtered {
          #expect(found.status == .notInShards)
          #expect(
            found.detail.hasSuffix(
              "or in the list of \(excluded.count) hashes that was excluded; give --exclude-hashes"),
            "\(found.detail)")
        }
      } else {
        #expect(blind.notes == [])
      }
    }
    #expect(seen.contains("filtered by where: source != \"news\""), "\(seen)")
    #expect(!seen.contains { $0.contains("changed since") || $0.contains("not in the mixture") })
    let other = try place.write("\(excluded[0])\n".utf8, to: "other.txt")
    let message = failure { _ = try locate(excluded[0], other) }
    #expect(message?.contains("other.txt: hashes with") == true)
  }
}
