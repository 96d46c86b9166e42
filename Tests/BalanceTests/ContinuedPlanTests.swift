import Balance
import ShardifyCore
import Testing

/// Plans of datasets that go on from others.
@Suite struct ContinuedPlanTests {
  /// `aaa` has had all its 4 epochs, `aab` 1.5, `aac` none.
  let list: [LanguageSupply] = {
    var list = supplies([1000, 200, 100])
    list[0].tokensBefore = 4_010
    list[1].tokensBefore = 300
    return list
  }()

  @Test func aLanguageThatHasHadItsEpochsLeavesWithOneLine() throws {
    let plan = try planMixture(list, Mixture(policy: .uniform, budgetTokens: 400))
    #expect(plan.languages.map(\.quota) == [0, 200, 200])
    #expect(plan.languages[0].bindingRule == .maxEpochs)
    #expect(
      plan.warnings == [
        "1 language has had all its epochs (--max-epochs 4) in the datasets before and gets nothing "
          + "here: aaa_Latn; a higher --max-epochs takes it in again"
      ])
    // A higher limit does take it in again.
    let more = try planMixture(list, Mixture(policy: .uniform, maxEpochs: 5, budgetTokens: 400))
    #expect(more.languages[0].quota > 0 && more.warnings.isEmpty)
    // Without a dataset before there is nothing to leave by itself.
    let new = failure(
      supplies([1000, 1]), Mixture(policy: .alpha(3), budgetTokens: 100))
    #expect(new?.code == .zeroQuota)
  }

  @Test func theTableTellsEpochsBeforeFromThoseOfTheDataset() throws {
    let plan = try planMixture(list, Mixture(policy: .uniform, budgetTokens: 400))
    let lines = plan.table().split(separator: "\n").map {
      $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    }
    #expect(lines[1].contains("so") && lines[1].contains("far"))
    let row = try #require(lines.first { $0.first == "aab_Latn" })
    #expect(row[6...7] == ["1.50", "1.00"])
    let total = try #require(lines.first { $0.first == "total" })
    #expect(total[6...7] == ["3.32", "0.31"])
    let new = try planMixture(supplies([100]), Mixture(policy: .uniform))
    #expect(!new.table().contains("so far"))
  }

  @Test func refusalsNameTheEpochsBefore() {
    let share = failure(
      list, Mixture(policy: .uniform, budgetTokens: 400, fixedShares: [tag("aaa_Latn"): 0.5]))
    #expect(
      share?.message
        == "cannot plan the mixture: --share aaa_Latn asks for 200 of 400 tokens but it has had its 4 "
        + "epochs in the datasets before, expected a language with tokens left; raise --max-epochs, "
        + "or drop --share aaa_Latn")
    let budget = failure(list, Mixture(policy: .uniform, budgetTokens: 10_000))
    #expect(
      budget?.message
        == "cannot plan the mixture: a budget of 10000 tokens is more than the 900 that 3 languages "
        + "give at --max-epochs 4; aaa_Latn has had its 4 epochs in the datasets before, expected at "
        + "most 900; use --budget 900 or --max-epochs 11.009")
    var all = list
    all[1].tokensBefore = 800
    all[2].tokensBefore = 400
    let none = failure(all, Mixture(policy: .uniform, budgetTokens: 10))
    #expect(
      none?.message.contains(
        "aaa_Latn, aab_Latn, aac_Latn have had their 4 epochs in the datasets before, expected limits "
          + "that leave room for a budget; use --max-epochs 4.0") == true)
  }
}
