import Balance
import Files
import ShardifyCore
import Testing

@testable import Shardify

@Suite struct InspectTests {
  @Test func everyKindOfPathIsDescribedInTextAndJSON() throws {
    let place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "in.jsonl")])
    try place.balance(to: "data")
    let run = "store/runs/" + (try #require(try FileSystem.names(in: place.at("store/runs")).first))
    for (name, kind) in [
      ("store", "token store"), ("store/catalog.sqlite", "token store"), ("data", "dataset"),
      ("data/manifest.sqlite", "dataset"), (run, "run"),
      ("data/shards/shard-00000.zst", "shard"), ("data/holdout/shard-00000.zst", "shard"),
    ] {
      let report = try InspectStage(path: place.at(name)).run()
      #expect(report.kind == kind)
      let text = report.text()
      #expect(text.hasPrefix("\(kind) "))
      #expect(!text.hasSuffix("\n"))
      for part in ["tokens", "tokenizer sha256", "eng_Latn"] { #expect(text.contains(part)) }
      let json = report.json()
      #expect(json.hasPrefix(#"{"kind":"\#(kind)","path":""#))
      #expect(json.contains(#"{"language":"eng_Latn","tokens":"#))
      #expect(!json.contains("\n"))
    }
  }

  @Test func languagesAreSortedByTokens() throws {
    let place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "in.jsonl")])
    let text = try InspectStage(path: place.at("store")).run().text()
    let tags = text.split(separator: "\n").map { String($0.prefix(8)) }
      .filter { LanguageTag($0) != nil }
    #expect(tags.first == "eng_Latn")
    #expect(tags.last == "yor_Latn")
    #expect(tags.count == 6)
  }

  @Test func whatIsNoneOfThemIsRefusedInOneLine() throws {
    let place = try Workplace()
    let wanted = "expected a token store, a dataset, a run or a shard"
    #expect(
      failure { _ = try InspectStage(path: place.at("none")).run() }
        == "cannot inspect: \(place.at("none")): no such file or folder, \(wanted); "
        + "check the path")
    #expect(
      failure { _ = try InspectStage(path: place.path).run() }
        == "cannot inspect: \(place.path): a folder without catalog.sqlite or manifest.sqlite, "
        + "\(wanted); check the path")
    try place.write(Array("some text, longer than a few bytes".utf8), to: "x")
    #expect(
      failure { _ = try InspectStage(path: place.at("x")).run() }
        == "cannot inspect: \(place.at("x")): another kind of file, \(wanted); it may be cut off; "
        + "check the path")
    try place.write([1, 2], to: "y")
    #expect(
      failure { _ = try InspectStage(path: place.at("y")).run() }
        == "cannot inspect: \(place.at("y")): a file of 2 bytes, \(wanted)")
  }
}
