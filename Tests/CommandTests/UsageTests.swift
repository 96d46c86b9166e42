import Foundation
import Testing

/// What is told from the command line alone: exit status 64 and the form that was expected.
@Suite struct UsageTests {
  let tool: CommandLineTool

  init() throws { tool = try CommandLineTool() }

  struct Row: Sendable, CustomTestStringConvertible {
    var arguments: String
    var message: String
    var testDescription: String { arguments }

    init(_ arguments: String, _ message: String) {
      self.arguments = arguments
      self.message = message
    }
  }

  static let rows = [
    Row(
      "balance s --dry-run --temperature -1", "--temperature -1, expected a finite number above 0"),
    Row("balance s --dry-run --alpha -0.5", "--alpha -0.5, expected a finite number, 0 or more"),
    Row(
      "balance s --dry-run --compression-level -9", "--compression-level -9, expected from -7 to 22"
    ),
    Row(
      "balance s --dry-run --seed -1",
      "'-1' is invalid for '--seed <seed>', expected a whole number"),
    Row("balance s --dry-run --max-epochs -1", "--max-epochs -1, expected a number above 0"),
    Row("balance s --dry-run --shards -2", "--shards -2, expected from 1 to 99999"),
    Row(
      "balance s --dry-run --budget 10X",
      "'10X' is invalid for '--budget <budget>', expected a number such as 1000000, 500k, 300M"),
    Row(
      "balance s --dry-run --share eng_Latn=40%",
      "expected a language and a share from 0 to 1, such as eng_Latn=0.4"),
    Row("balance s --dry-run --include eng", "expected a language such as eng_Latn, or a pattern"),
    Row("balance s --dry-run --group slavic", "expected 'NAME=LANGUAGES;KEY=VALUE;...' such as"),
    Row("balance s --dry-run --policy foo", "Unknown option '--policy'"),
    Row("balance s other --dry-run", "unexpected argument other; two plans need --diff"),
    Row("balance s --dry-run --shards 2 --shard-size 5", "give --shards or --shard-size, not both"),
    Row("balance s --dry-run --memory 1", "--memory 1: expected at least 16MB"),
    Row("balance s --dry-run --stages f --temperature 3", "give --stages or a policy, not both"),
    Row("balance s --dry-run --stages f --budget 3", "not beside --stages"),
    Row("ingest in --to s --tokenizer bytes --memory 0", "--memory 0: expected at least 16MB"),
    Row(
      "ingest in --to s --tokenizer bytes --max-reject-rate 5",
      "--max-reject-rate 5.0: expected from 0 to 1"),
    Row(
      "ingest in --to s --tokenizer bytes --max-reject-rate -1",
      "--max-reject-rate -1.0: expected from 0 to 1"),
    Row("balanc s", "unknown command balanc, expected one of ingest, balance, verify"),
    Row("balanc s", "did you mean balance?"),
  ]

  @Test(arguments: rows) func usageIsToldApart(row: Row) throws {
    let found = try tool.run(row.arguments.split(separator: " ").map(String.init))
    #expect(found.status == 64, "\(found.error)")
    #expect(found.error.contains(row.message), "\(found.error)")
    #expect(!found.error.contains("Missing value"))
  }

  @Test func aNumberInAMixtureFileIsNamedWithItsLine() throws {
    for (text, message) in [
      ("budget: 5k\ntemperature: -1\n", "line 2: temperature: -1, expected a number above 0"),
      ("alpha: -2\n", "line 1: alpha: -2, expected a number, 0 or more"),
      ("uniform: true\nmax_epochs: 0\n", "line 2: max_epochs: 0, expected a number above 0"),
      ("uniform: true\nbudget: 0\n", "line 2: budget: 0, expected a whole number"),
    ] {
      try tool.write(text.utf8, to: "m.yaml")
      let found = try tool.run(["balance", "store", "--dry-run", "--mixture", "m.yaml"])
      #expect(found.status == 1)
      #expect(found.error.contains("cannot read mixture: m.yaml " + message), "\(found.error)")
    }
  }

  /// What a balance says when it is done.
  @Test func theSummarySaysWhatWasWrittenAndWhatKept() throws {
    let ingested = try tool.ingest(
      [CommandLineTool.fixture("corpus/notes")],
      store: "a store",
      [
        "--language-field", "lang", "--trust", "input", "--document-separator", #"\n-----\n"#,
      ])
    #expect(ingested.status == 0, "\(ingested.error)")
    let plan = ["balance", "a store", "--uniform", "--budget", "50k", "--shards", "1"]
    let dry = try tool.run(plan + ["--dry-run"])
    let last = try #require(dry.lines.last)
    #expect(
      last.hasPrefix("1 shard; the last piece of a language may run over its quota: at most ")
        && last.hasSuffix(" tokens more than the budget in all; nothing was written"), "\(last)")
    let most = try #require(number(last, after: "at most "))

    let write = plan + ["--to", "a set"]
    let first = try tool.run(write)
    #expect(first.status == 0, "\(first.error)")
    #expect(first.out.contains("\nwrote 1 shard: "), "\(first.out)")
    let over = try #require(number(first.out, after: "last pieces of languages run "))
    #expect((0...most).contains(over))
    #expect(first.out.contains("next: shardify verify 'a set'\n"))
    #expect(first.out.contains("train-from-manifest 'a set/manifest.sqlite'\n"))
    #expect(first.out.contains(" left over + 0 filtered + "))
    #expect(first.out.contains(" in languages left out + "))
    let again = try tool.run(write)
    #expect(again.out.contains("\nkept 1 shard, nothing to write: "), "\(again.out)")

    // The largest languages, and the others as one row; the sums stay.
    let all = try tool.run(plan + ["--dry-run"]).lines
    let top = try tool.run(plan + ["--dry-run", "--top", "3"]).lines
    let total = try #require(all.first { $0.hasPrefix("total") })
    func words(_ line: String) -> [Substring] { line.split(separator: " ") }
    #expect(words(try #require(top.first { $0.hasPrefix("total") })) == words(total))
    let count = all.count { $0.contains("_") && $0.contains("%") }
    #expect(top.contains { $0.hasPrefix("\(count - 3) more ") })
    #expect(top.count { $0.contains("_") && $0.contains("%") } == 3)
  }

  @Test func aLanguageFiledElsewhereIsNamedWithItsPlace() throws {
    let found = try tool.ingest([CommandLineTool.fixture("corpus/stories/deu_Latn.jsonl")])
    #expect(found.status == 0)
    try tool.write("deu_Latn gmw_Latn\n".utf8, to: "map.txt")
    let plan = try tool.run([
      "balance", "store", "--dry-run", "--label-map", "map.txt", "--include", "deu_Latn",
    ])
    #expect(plan.status == 1)
    #expect(
      plan.error.contains(
        "deu_Latn is in the mixture but the label map files it under gmw_Latn, expected languages the "
          + "store has; name gmw_Latn, or drop deu_Latn from the label map"), "\(plan.error)")
  }

  @Test func whatMeasuresNothingFailsOrWarns() throws {
    try tool.write("".utf8, to: "empty.tsv")
    let empty = try tool.run(["language-eval", "empty.tsv"])
    #expect(empty.status == 1)
    #expect(empty.error.contains("cannot measure: empty.tsv: no text, expected a label, a tab"))
    let input = CommandLineTool.fixture("corpus/stories/deu_Latn.jsonl")
    let report = try tool.run([
      "tokenizer-report", input, "--tokenizer", "bytes", "--reference", "zzz_Latn",
    ])
    #expect(report.error.contains("no text in the reference language zzz_Latn"), "\(report.error)")
    let plan = try tool.run(["train-tokenizer", input, "--uniform", "--dry-run"])
    #expect(plan.out.contains("shares and quota in bytes of text"), "\(plan.out) \(plan.error)")
  }

  private func number(_ text: String, after mark: String) -> Int? {
    guard let place = text.range(of: mark) else { return nil }
    let digits = text[place.upperBound...].prefix { $0.isNumber || $0 == "," }
    return Int(digits.filter { $0 != "," })
  }
}
