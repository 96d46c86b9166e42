import Balance
import ShardifyCore
import Testing

@Suite struct SourceWeightTests {
  /// Parts of these tokens, numbered from 0.
  func language(_ name: String, _ parts: [Int]) -> LanguageSupply {
    var supply = supply(name, parts.reduce(0, +))
    supply.sources = parts.enumerated().filter { $0.element > 0 }.map { part, tokens in
      SourceSupply(part: part, documents: tokens, pieces: tokens, tokens: tokens, bytes: tokens)
    }
    return supply
  }

  func mixture(_ weights: [Double], _ basis: SourceWeights.Basis = .size, budget: Int) -> Mixture {
    var mixture = Mixture(policy: .proportional, budgetTokens: budget)
    mixture.sourceWeights = SourceWeights(
      basis: basis,
      entries: weights.enumerated().map { .init(pattern: "s\($0)", weight: $1) })
    return mixture
  }

  @Test func weightsOfSizeAreRatiosOfEpochs() throws {
    let plan = try planMixture(
      [language("deu_Latn", [100, 300, 600])], mixture([3, 1], budget: 1_200))
    #expect(plan.languages[0].sources.map(\.quota) == [300, 300, 600])
    #expect(plan.languages[0].sources.map(\.name) == ["s0", "s1", "*"])
    #expect(plan.languages[0].sources.map(\.effectiveEpochs) == [3, 1, 1])
  }

  @Test func equalWeightsAreEqualAsFarAsEpochsAllow() throws {
    let plan = try planMixture(
      [language("deu_Latn", [10, 300, 690])], mixture([1, 1], .weight, budget: 900))
    #expect(plan.languages[0].sources.map(\.quota) == [40, 430, 430])
    #expect(plan.languages[0].sources.map(\.bindingRule) == [.maxEpochs, .policy, .policy])
  }

  /// The languages' shares are decided first: weights move nothing between languages.
  @Test func weightsDoNotChangeTheSharesOfLanguages() throws {
    let list = [language("deu_Latn", [100, 900]), language("yor_Latn", [0, 500])]
    let with = try planMixture(list, mixture([4, 1], budget: 1_500))
    #expect(with.languages.map(\.quota) == [1_000, 500])
    #expect(with.languages[1].sources.map(\.quota) == [500])
  }

  @Test func whatASourceOfWeightZeroHadIsNotGiven() throws {
    let list = [language("deu_Latn", [100, 900]), language("yor_Latn", [500])]
    let plan = try planMixture(list, mixture([0], budget: 1_000))
    #expect(plan.languages.map(\.tag) == [tag("deu_Latn")])
    #expect(plan.languages[0].sources.map(\.quota) == [1_000])
    #expect(plan.warnings.contains("no source of weight above 0 in yor_Latn; left out"))
    let found = failure(list, mixture([0], budget: 4_000))?.message
    #expect(found?.contains("more than the 3600 that 1 language gives at --max-epochs 4") == true)
  }

  @Test func wrongWeightsAreRefused() {
    let list = [language("deu_Latn", [100])]
    for (weights, text) in [
      ([-1.0], "weight -1 of source s0, expected from 0 to 1000000"),
      ([.nan], "weight nan of source s0"), ([1e7], "weight 10000000 of source s0"),
      (Array(repeating: 1, count: 65), "weights for 65 patterns of sources, expected at most 64"),
    ] {
      #expect(failure(list, mixture(weights, budget: 10))?.message.contains(text) == true)
    }
  }

  @Test func quotasSumAndKeepTheLimit() throws {
    var random = SeededRandom(seed: 3)
    for _ in 0..<2_000 {
      let parts = (0..<4).map { _ in Int(random.below(50)) }
      guard parts.reduce(0, +) > 0 else { continue }
      let weights = (0..<3).map { _ in Double(random.below(5)) }
      var mixture = mixture(
        weights, random.below(2) == 0 ? .size : .weight, budget: 1 + Int(random.below(200)))
      mixture.maxEpochs = random.below(2) == 0 ? 2.5 : nil
      guard let plan = try? planMixture([language("deu_Latn", parts)], mixture) else { continue }
      let language = plan.languages[0]
      #expect(language.sources.reduce(0) { $0 + $1.quota } == language.quota)
      for source in language.sources where mixture.maxEpochs != nil {
        #expect(2 * source.quota <= 5 * source.supply.tokens)
      }
    }
  }
}
