import Balance
import ShardifyCore
import Testing

@Suite struct PlanMixtureTests {
  func quotas(_ tokens: [Int], _ mixture: Mixture) throws -> [Int] {
    try planMixture(supplies(tokens), mixture).languages.map(\.quota)
  }

  @Test func quotasSumToTheBudgetInEverySmallCase() throws {
    let policies: [Policy] = [
      .temperature(1), .temperature(2), .temperature(3.33), .alpha(0), .alpha(0.7), .alpha(2),
      .unimax, .proportional, .uniform,
    ]
    for a in 1...6 {
      for b in [1, 4, 9, 50] {
        for c in [1, 7, 300] {
          for policy in policies {
            for budget in [1, 2, 3, 7, a + b + c, 2 * (a + b + c), 4 * (a + b + c)] {
              let mixture = Mixture(policy: policy, budgetTokens: budget, allowZero: true)
              let plan = try planMixture(supplies([a, b, c]), mixture)
              #expect(plan.languages.reduce(0) { $0 + $1.quota } == budget)
              #expect(plan.languages.allSatisfy { $0.quota <= 4 * $0.supply.tokens })
            }
          }
        }
      }
    }
  }

  @Test func temperatureFollowsTheFormula() throws {
    let tokens = [9_700_000_000, 930_000_000, 140_000_000, 2_300_000, 105_000]
    for temperature in [1.43, 2, 3.33, 5] {
      let mixture = Mixture(
        policy: .temperature(temperature), maxEpochs: nil, budgetTokens: 4_000_000_000)
      let powers = tokens.map { Reference.power(Double($0), 1 / temperature) }
      let sum = powers.reduce(0, +)
      for (quota, power) in zip(try quotas(tokens, mixture), powers) {
        #expect(abs(Double(quota) - power / sum * 4e9) < 1)
      }
    }
  }

  @Test func alphaIsOneOverTemperature() throws {
    let tokens = [1000, 100, 10, 1]
    let byAlpha = try quotas(tokens, Mixture(policy: .alpha(0.5)))
    #expect(try quotas(tokens, Mixture(policy: .temperature(2))) == byAlpha)
  }

  @Test func proportionalGivesWhatThereIsToTheLastToken() throws {
    for tokens in [[123_456_789_012, 7, 1], [1 << 58 + 1, 1 << 57 + 3, 1 << 57 + 7, 5]] {
      for policy in [Policy.proportional, .temperature(1), .alpha(1)] {
        #expect(try quotas(tokens, Mixture(policy: policy)) == tokens)
      }
    }
  }

  @Test func aLanguageOfVanishingWeightStillTakesWhatTheOthersMayNot() throws {
    // (10 / 10^6)^30 is far below any fixed point.
    let mixture = Mixture(policy: .alpha(30), maxEpochs: 1)
    #expect(try quotas([1_000_000, 10], mixture) == [1_000_000, 10])
  }

  @Test func anEqualRemainderGoesToTheLowerTag() throws {
    let mixture = Mixture(policy: .uniform, budgetTokens: 5)
    #expect(try quotas([10, 10, 10], mixture) == [2, 2, 1])
    let shuffled = Array(supplies([10, 10, 10]).reversed())
    #expect(try planMixture(shuffled, mixture).languages.map(\.quota) == [2, 2, 1])
  }

  @Test func theOrderOfTheSuppliesDoesNotMatter() throws {
    var list = supplies((0..<200).map { 1_000_000_000 / ($0 + 1) })
    let mixture = Mixture(policy: .temperature(3.33))
    let plan = try planMixture(list, mixture)
    var random = SeededRandom(seed: 2)
    for _ in 0..<5 {
      list.shuffle(using: &random)
      #expect(try planMixture(list, mixture) == plan)
    }
  }

  @Test func theExcessOverMaxEpochsGoesToTheOthersByThePolicy() throws {
    // Weights 30:20:10 (alpha 0.5). Uncapped 300, 200, 100; the smallest may give 40 only.
    let tokens = [900, 400, 100]
    let mixture = Mixture(policy: .alpha(0.5), maxEpochs: 0.4, budgetTokens: 400)
    let plan = try planMixture(supplies(tokens), mixture)
    #expect(plan.languages.map(\.quota) == [216, 144, 40])
    #expect(plan.languages.map(\.bindingRule) == [.policy, .policy, .maxEpochs])
  }

  @Test func maxEpochsIsTakenAsADecimal() throws {
    // In doubles 0.7·10 is 7.000000000000001 or 6.999..., and 0.29·100 is 28.999999999999996.
    let mixture = Mixture(policy: .uniform, maxEpochs: 0.29, budgetTokens: 129)
    #expect(try quotas([100, 1000], mixture) == [29, 100])
  }

  @Test func fixedSharesFloorsAndCapsComeFirst() throws {
    let tokens = [1000, 1000, 1000, 1000]
    let mixture = Mixture(
      policy: .uniform, budgetTokens: 1000, fixedShares: [tag("aaa_Latn"): 0.3],
      floors: [tag("aab_Latn"): 0.4], caps: [tag("aac_Latn"): 0.1])
    let plan = try planMixture(supplies(tokens), mixture)
    #expect(plan.languages.map(\.quota) == [300, 400, 100, 200])
    #expect(plan.languages.map(\.bindingRule) == [.fixed, .floor, .cap, .policy])
  }

  @Test func floorsAndCapsThatDoNotBindChangeNothing() throws {
    let mixture = Mixture(
      policy: .uniform, budgetTokens: 1000, floors: [tag("aaa_Latn"): 0.1],
      caps: [tag("aab_Latn"): 0.9])
    let plan = try planMixture(supplies([1000, 1000]), mixture)
    #expect(plan.languages.map(\.quota) == [500, 500])
    #expect(plan.languages.map(\.bindingRule) == [.policy, .policy])
  }

  @Test func explicitSharesLeaveTheOthersOut() throws {
    let shares = [tag("aaa_Latn"): 0.9, tag("aac_Latn"): 0.1]
    let plan = try planMixture(
      supplies([1000, 1000, 1000]), Mixture(policy: .explicit(shares), budgetTokens: 1000))
    #expect(plan.languages.map(\.tag) == [tag("aaa_Latn"), tag("aac_Latn")])
    #expect(plan.languages.map(\.quota) == [900, 100])
    #expect(plan.excluded.map(\.tag) == [tag("aab_Latn")])
  }

  @Test func fixedSharesOfAllLanguagesReplaceThePolicy() throws {
    let third = 0.333333333
    let plan = try planMixture(
      supplies([1000, 1000, 1000]),
      Mixture(
        policy: .uniform, budgetTokens: 100,
        fixedShares: [tag("aaa_Latn"): third, tag("aab_Latn"): third, tag("aac_Latn"): third]))
    #expect(plan.languages.map(\.quota) == [34, 33, 33])
    #expect(plan.languages.allSatisfy { $0.bindingRule == .fixed })
  }

  @Test func undeterminedStaysOutUnlessNamedOrAllowed() throws {
    let list = [supply("deu_Latn", 100), supply("und_Latn", 100), supply("zxx_Zyyy", 100)]
    let plan = try planMixture(list, Mixture(policy: .uniform))
    #expect(plan.languages.map(\.tag) == [tag("deu_Latn")])
    #expect(plan.budget == 100)
    #expect(
      plan.warnings == [
        "2 undetermined (und_Latn, zxx_Zyyy) with 200 tokens left out; "
          + "--include-undetermined takes them in"
      ])
    let named = Mixture(policy: .uniform, include: [tag("und_Latn"), tag("deu_Latn")])
    #expect(try planMixture(list, named).languages.count == 2)
    let all = Mixture(policy: .uniform, includeUndetermined: true)
    #expect(try planMixture(list, all).languages.count == 3)
  }

  @Test func includeAndExcludeChooseLanguages() throws {
    let list = supplies([10, 20, 30])
    let only = Mixture(policy: .proportional, include: [tag("aab_Latn")])
    #expect(try planMixture(list, only).languages.map(\.quota) == [20])
    let without = Mixture(policy: .proportional, exclude: [tag("aab_Latn"), tag("xyz_Latn")])
    let plan = try planMixture(list, without)
    #expect(plan.languages.map(\.quota) == [10, 30])
    #expect(plan.warnings == ["excluded but not in the store: xyz_Latn"])
  }

  @Test func sharesAreFixedPointOfTheBudget() throws {
    let plan = try planMixture(supplies([3, 1]), Mixture(policy: .proportional))
    #expect(plan.languages[0].share.rawValue == 3 << 62)
    #expect(plan.languages[0].naturalShare == plan.languages[0].share)
    #expect(plan.languages[1].share.fraction == 0.25)
    #expect(Share(5, of: 5).rawValue == .max && Share(5, of: 5).fraction == 1)
    #expect(plan[tag("aab_Latn")]?.quota == 1)
    #expect(plan[tag("aaz_Latn")] == nil)
  }

  @Test func repetitionBeyondFourEpochsWarns() throws {
    let mixture = Mixture(policy: .uniform, maxEpochs: nil, budgetTokens: 200)
    let plan = try planMixture(supplies([10, 1000]), mixture)
    #expect(
      plan.warnings == [
        "1 of 2 languages are repeated more than 4 times, most aaa_Latn with 10.0 epochs; beyond 4 "
          + "epochs repeated text is worth ever less (Muennighoff et al. 2023, arXiv:2305.16264); "
          + "--max-epochs 4 prevents it"
      ])
    let exactly = Mixture(policy: .uniform, maxEpochs: nil, budgetTokens: 80)
    #expect(try planMixture(supplies([10, 1000]), exactly).warnings.isEmpty)
  }

  @Test func aThousandLanguagesArePlannedAtOnce() throws {
    let tokens = (1...1000).map { 1_000_000_000_000 / ($0 * $0) }
    let plan = try planMixture(
      supplies(tokens), Mixture(policy: .unimax, budgetTokens: 1_000_000_000_000))
    #expect(plan.languages.reduce(0) { $0 + $1.quota } == 1_000_000_000_000)
    #expect(plan.languages.contains { $0.bindingRule == .maxEpochs })
  }
}
