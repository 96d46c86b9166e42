import Balance
import Foundation
import ShardifyCore
import Testing

@Suite struct ReportTests {
  @Test func theTableIsAligned() throws {
    let list = supplies([123_456_789, 9_999, 3, 700]) + [supply("und_Latn", 5)]
    let plan = try planMixture(list, Mixture(policy: .unimax, budgetTokens: 1_000_000))
    #expect(
      plan.table() == """
        unimax, sizes in tokens, at most 4 epochs, 4 languages; shares and quota in tokens

        language  documents    available    natural    planned      quota  epochs  bytes/token  bound by
        --------------------------------------------------------------------------------------------------
        aaa_Latn  1,234,567  123,456,789   99.9913%   95.7192%    957,192    0.01         4.00  policy
        aab_Latn         99        9,999    0.0081%    3.9996%     39,996    4.00         4.00  max-epochs
        aad_Latn          7          700    0.0006%    0.2800%      2,800    4.00         4.00  max-epochs
        aac_Latn          1            3   <0.0001%    0.0012%         12    4.00         4.00  max-epochs
        --------------------------------------------------------------------------------------------------
        total     1,234,674  123,467,491  100.0000%  100.0000%  1,000,000    0.01         4.00

        warning: 1 undetermined (und_Latn) with 5 tokens left out; --include-undetermined takes them in
        """ + "\n")
  }

  @Test func threeHundredLanguagesRepeatTheHeaderAboveTheTotals() throws {
    let plan = try planMixture(
      supplies((1...300).map { 1_000_000 / $0 }), Mixture(policy: .temperature(3.33)))
    let lines = plan.table().split(separator: "\n", omittingEmptySubsequences: false)
    let headers = lines.filter { $0.hasPrefix("language ") }
    // At the top, before every fortieth language, and above the totals.
    #expect(headers.count == 9)
    #expect(lines.count == 308 + 3 * 7)
    let rows = lines.filter { $0.contains("_Latn ") }
    #expect(rows.count == 300 && Set(rows.map { $0.split(separator: " ").count }) == [9])
    #expect(lines.allSatisfy { $0.utf8.count <= 120 && !$0.hasSuffix(" ") })
    let narrow = plan.table(width: 80).split(separator: "\n", omittingEmptySubsequences: false)
    // The caption takes two lines.
    #expect(narrow.count == lines.count + 1)
    #expect(narrow.allSatisfy { $0.utf8.count <= 80 })
    #expect(plan.table(width: 120) == plan.table())
  }

  @Test func groupsHaveATableAndAColumn() throws {
    var mixture = Mixture(policy: .uniform, budgetTokens: 1_000_000)
    mixture.groups = [
      MixtureGroup(
        name: "east", languages: [tag("aaa_Latn")], share: 0.25, policy: .temperature(5),
        groups: [MixtureGroup(name: "far", languages: [tag("aab_Latn")], cap: 0.1)])
    ]
    let plan = try planMixture(supplies([900_000, 600_000, 700_000]), mixture)
    let text = plan.table()
    #expect(
      text.contains(
        "aab_Latn      6,000    600,000   27.2727%   10.0000%    100,000    0.17         4.00  policy"
          + "    far\n"))
    #expect(text.contains("group     languages  documents  available"))
    #expect(text.contains("\neast/far          1      6,000    600,000"))
    #expect(text.contains("fixed     temperature 5\n"))
  }

  @Test func theJSONIsReadByAnotherReader() throws {
    var plan = try planMixture(
      supplies([1000, 10]) + [supply("und_Latn", 5)],
      Mixture(policy: .temperature(2), maxEpochs: nil, budgetTokens: 500))
    plan.warnings.append("quote \" backslash \\ control \u{1} é")
    let object = try JSONSerialization.jsonObject(with: Data(plan.json().utf8))
    let root = try #require(object as? [String: Any])
    #expect(root["budget"] as? Int == 500)
    #expect(root["max_epochs"] is NSNull)
    #expect((root["policy"] as? [String: Any])?["temperature"] as? Double == 2)
    #expect((root["warnings"] as? [String])?.last == plan.warnings.last)
    let languages = try #require(root["languages"] as? [[String: Any]])
    #expect(languages.map { $0["quota"] as? Int } == plan.languages.map(\.quota))
    #expect(languages[1]["language"] as? String == "aab_Latn")
    #expect(languages[1]["effective_epochs"] as? Double == plan.languages[1].effectiveEpochs)
    let excluded = try #require(root["excluded"] as? [[String: Any]])
    #expect(excluded[0]["available"] as? Int == 5)
  }
}
