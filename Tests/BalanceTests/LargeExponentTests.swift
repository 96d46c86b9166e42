import Balance
import ShardifyCore
import Testing

/// Exponents that spread weights over more than whole numbers hold.
@Suite struct LargeExponentTests {
  static let alphas = [0, 0.3, 1, 1.5, 2, 5, 12, 20, 35, 50, 200, 1e4, 1e6, 1e15, 1e300, 1e308]

  func plan(_ list: [LanguageSupply], _ policy: Policy, budget: Int, epochs: Double?) throws
    -> MixturePlan
  {
    try planMixture(
      list,
      Mixture(policy: policy, maxEpochs: epochs, budgetTokens: budget, allowZero: true))
  }

  /// Without a limit the largest language's share grows with alpha, to all of it.
  @Test func theLargestShareGrowsWithAlphaToAllOfIt() throws {
    var random = SeededRandom(seed: 5)
    for _ in 0..<50 {
      var sizes = Set<Int>()
      while sizes.count < 2 + Int(random.below(30)) { sizes.insert(1 + Int(random.below(1 << 30))) }
      let list = supplies(sizes.sorted(by: >))
      var last = -1
      for alpha in Self.alphas {
        let plan = try plan(list, .alpha(alpha), budget: 1_000_000_007, epochs: nil)
        #expect(plan.languages[0].quota >= last, "alpha \(alpha) of \(sizes)")
        last = plan.languages[0].quota
      }
      #expect(last == 1_000_000_007, "\(sizes)")
    }
  }

  /// With a limit, a huge alpha fills the languages one after another, the largest first.
  @Test func aHugeAlphaFillsTheLargestFirst() throws {
    let sizes = [500_000, 300_000, 299_999, 1_000, 10]
    let list = supplies(sizes)
    for policy in [
      Policy.alpha(1e7), .alpha(1e300), .temperature(1e-7), .temperature(1e-300),
      .temperature(Double.leastNonzeroMagnitude),
    ] {
      for budget in [1, 1_999_999, 2_000_000, 2_000_001, 3_199_999, 4_000_000, 4_403_990] {
        var rest = budget
        let wanted = sizes.map { size in
          defer { rest -= min(rest, 4 * size) }
          return min(rest, 4 * size)
        }
        let plan = try plan(list, policy, budget: budget, epochs: 4)
        #expect(plan.languages.map(\.quota) == wanted, "\(policy), \(budget)")
      }
    }
  }

  /// The quotas are those of the formula, wherever the limit has stopped larger languages.
  @Test func quotasFollowTheFormulaBehindStoppedLanguages() throws {
    // 2^40 : 2^20 : 2^19 : 2^18 to the 3rd power spread over 66 binary digits.
    let list = supplies([1 << 40, 1 << 20, 1 << 19, 1 << 18])
    let rest = 73 * 1000
    let plan = try plan(list, .alpha(3), budget: (1 << 40) + rest, epochs: 1)
    #expect(plan.languages.map(\.quota) == [1 << 40, 64_000, 8_000, 1_000])
  }

  /// What gets nothing is refused, or allowed; never given a token by rounding up.
  @Test func languagesThatWouldGetNothingAreRefused() throws {
    let list = supplies([500_000, 300_000, 10])
    for policy in [Policy.alpha(50), .alpha(1e300), .temperature(1e-6), .temperature(1e-300)] {
      let found = failure(list, Mixture(policy: policy, budgetTokens: 100_000))
      #expect(found?.code == .zeroQuota, "\(policy)")
      let zero = try plan(list, policy, budget: 100_000, epochs: 4)
      #expect(zero.languages.map(\.quota) == [100_000, 0, 0])
    }
  }

  /// Equal sizes stay equal, in groups too.
  @Test func equalSizesStayEqual() throws {
    let list = supplies([100, 100, 100, 50])
    let plan = try plan(list, .alpha(1e300), budget: 150, epochs: 4)
    #expect(plan.languages.map(\.quota) == [50, 50, 50, 0])
  }
}
