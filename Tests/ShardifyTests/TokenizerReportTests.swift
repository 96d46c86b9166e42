import Balance
import Ingest
import ShardifyCore
import Testing

@testable import Shardify

/// Figures of a report are what they are said to be.
@Suite struct TokenizerReportTests {
  let place: Workplace

  init() throws { place = try Workplace() }

  func report(
    _ documents: [TestDocument], parallel: Bool,
    _ change: (inout TokenizerReportOptions) -> Void = {
      _ in
    }
  ) throws -> TokenizerReport {
    let input = try place.write(documents, to: "in.jsonl")
    var source = SourceOptions(inputs: [input], languageSource: .input, jobs: 2)
    source.documents.languageField = "lang"
    var options = TokenizerReportOptions(
      source: source, tokenizers: [.init(path: "bytes")],
      bytePremiums: BytePremiums([LanguageTag("rus_Cyrl")!: 2]),
      reference: LanguageTag("eng_Latn")!)
    options.isParallel = parallel
    options.minimumBytes = 1
    change(&options)
    return try TokenizerReportStage(
      options: options, progress: Progress(), stop: StopFlag()
    ).run()
  }

  static let documents = [
    TestDocument(id: "1", language: "eng_Latn", source: "s", text: "one two, three"),
    TestDocument(id: "2", language: "rus_Cyrl", source: "s", text: "один два"),
    TestDocument(id: "3", language: "eng_Latn", source: "s", text: "four"),
    TestDocument(id: "4", language: "rus_Cyrl", source: "s", text: "три"),
  ]

  @Test func figuresOfTheByteTokenizer() throws {
    let report = try report(Self.documents, parallel: true) { $0.contextTokens = 10 }
    let english = try #require(report.rows.first)
    let russian = try #require(report.rows.last)
    #expect(english.figures.words == 4 && russian.figures.words == 3)
    #expect(english.fertility(0) == 18.0 / 4 && russian.fertility(0) == 21.0 / 3)
    #expect(english.bytesPerToken(0) == 1 && russian.charactersPerToken(0) == 11.0 / 21)
    #expect(english.byteShare(0) == 0 && russian.byteShare(0) == 20.0 / 21)
    #expect(english.cutShare(0) == 0.5 && russian.cutShare(0) == 0.5)
    #expect(english.relative == [1] && russian.relative == [21.0 / 18])
    let summary = report.summaries[0]
    #expect(summary.worst == russian.tag && summary.worstToReference == 21.0 / 18)
    #expect(abs(summary.gini - (21.0 - 18) / 2 / (21 + 18)) < 1e-12)
  }

  @Test func contentIsBytesOverPremium() throws {
    let report = try report(Self.documents, parallel: false)
    #expect(report.rows[1].content == 21.0 / 2 && !report.rows[1].isEstimated)
    #expect(report.rows[0].isEstimated)
    #expect(report.rows[1].relative == [2])
  }

  @Test func giniOfKnownValues() {
    #expect(TokenizerReport.gini([1, 1, 1]) == 0)
    #expect(TokenizerReport.gini([]) == 0)
    #expect(abs(TokenizerReport.gini([0, 0, 0, 1]) - 0.75) < 1e-12)
    #expect(abs(TokenizerReport.gini([3, 1]) - 0.25) < 1e-12)
  }

  @Test func textCSVAndJSONHoldTheFigures() throws {
    let report = try report(Self.documents, parallel: true) {
      $0.tokenizers = [.init(path: "bytes"), .init(path: "bytes")]
    }
    let table = report.table(.tokens)
    #expect(table.contains("rus_Cyrl") && table.contains("1.17") && table.contains("tok/word B"))
    let lines = report.csv().split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[1].hasPrefix("bytes,eng_Latn,2,18,18,4,18,4.5,1.0,1.0,1.0,false,0.0,0.0,"))
    #expect(report.json().contains("\"relative_tokens\":1.1666666666666667"))
    for line in lines {
      #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == 15)
    }
  }

  @Test func withoutTheReferenceThereIsNoRatio() throws {
    let report = try report(
      Array(Self.documents.filter { $0.language == "rus_Cyrl" }), parallel: true)
    #expect(report.rows[0].relative == [nil])
    #expect(report.summaries[0].worstToReference == nil)
    #expect(report.table(.size).contains("-"))
  }
}
