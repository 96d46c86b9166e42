import Balance
import Files
import ShardifyCore
import Testing

@testable import Shardify

@Suite struct PlanDifferenceTests {
  let place: Workplace

  init() throws {
    place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "all.jsonl")])
  }

  private func tag(_ text: String) -> LanguageTag { LanguageTag(text) ?? LanguageTag(unchecked: 0) }

  private func dryRun(_ mixture: Mixture, to name: String) throws -> String {
    var options = BalanceOptions(store: place.at("store"), dataset: nil, mixture: mixture)
    options.shardCount = 5
    let outcome = try BalanceStage(options: options, progress: Progress(), stop: StopFlag()).plan()
    return try place.write(outcome.json.utf8, to: name)
  }

  @Test func aDatasetItsManifestItsPlanAndItsDryRunAreTheSame() throws {
    let mixture = Mixture(policy: .temperature(2))
    try place.balance(to: "a", mixture)
    let dry = try dryRun(mixture, to: "dry.json")
    let forms = [place.at("a"), place.at("a/manifest.sqlite"), place.at("a/plan.txt"), dry]
    for form in forms {
      let difference = try PlanDifference(forms[0], form)
      #expect(difference.isEmpty, "\(difference.text())")
      #expect(difference.text().hasSuffix("6 languages the same in both\nno difference"))
      #expect(difference.json().contains(#""is_same":true"#))
    }
  }

  @Test func sharesSettingsAndLanguagesThatCameAndWentAreNamed() throws {
    try place.balance(to: "a", Mixture(policy: .temperature(2), budgetTokens: 20_000))
    let other = Mixture(
      policy: .uniform, maxEpochs: nil, budgetTokens: 10_000,
      include: ["deu_Latn", "eng_Latn"].map(tag))
    let difference = try PlanDifference(place.at("a"), try dryRun(other, to: "b.json"))
    let rows = difference.rows
    #expect(rows.count == 6 && rows.filter { $0.change == "vanishes" }.count == 4)
    #expect(rows.first { "\($0.tag)" == "deu_Latn" }?.b?.quota == 5_000)
    #expect(rows.first { "\($0.tag)" == "deu_Latn" }?.shareB == 0.5)
    #expect(abs(rows.reduce(0) { $0 + $1.shareB - $1.shareA }) < 1e-9)
    let names = difference.settings.map(\.name)
    #expect(
      names == ["budget_asked", "include", "max_epochs", "policy", "statistics_sha256"], "\(names)")
    let text = difference.text()
    #expect(text.contains("policy: A {\"name\":\"temperature\",\"temperature\":2}"))
    #expect(text.contains("vanishes: "))
    #expect(!text.contains("same in both"))
    let back = try PlanDifference(place.at("b.json"), place.at("a"))
    #expect(back.rows.filter { $0.change == "appears" }.count == 4)
  }

  @Test(arguments: [
    ("nothing", "no such file or folder"), ("empty", "neither manifest.sqlite nor plan.txt"),
    ("text", "no JSON object"), ("list.json", "no JSON object"),
    ("short.json", "no list of languages"),
    ("odd.json", "a language without its numbers: deu_Latn"), ("old.txt", "\"shardify plan v1\""),
  ])
  func whatIsNoPlanIsRefused(name: String, expected: String) throws {
    try FileSystem.makeFolders(place.at("empty"))
    try place.write("hello".utf8, to: "text")
    try place.write("[1]".utf8, to: "list.json")
    try place.write("{}".utf8, to: "short.json")
    try place.write(#"{"languages":[{"language":"deu_Latn"}]}"#.utf8, to: "odd.json")
    try place.write("shardify plan v1\n".utf8, to: "old.txt")
    let found = failure { _ = try PlanDifference(place.at(name), place.at(name)) } ?? "no failure"
    #expect(found.contains(expected), "\(found)")
  }
}
