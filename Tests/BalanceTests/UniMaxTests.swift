import Balance
import ShardifyCore
import Testing

@Suite struct UniMaxTests {
  @Test func equalsAlgorithmOneOfThePaperInEverySmallCase() throws {
    for a in 1...8 {
      for b in [1, 2, 5, 40] {
        for c in [1, 3, 11, 200] {
          for epochs in [1, 2, 4, 7] {
            for budget in stride(from: 3, through: epochs * (a + b + c), by: 7) {
              try compare([a, b, c], budget: budget, epochs: Double(epochs))
            }
          }
        }
      }
    }
  }

  func compare(_ tokens: [Int], budget: Int, epochs: Double) throws {
    let mixture = Mixture(
      policy: .unimax, maxEpochs: epochs, budgetTokens: budget, allowZero: true)
    let plan = try planMixture(supplies(tokens), mixture)
    let paper = Reference.unimax(tokens.map(Double.init), budget: Double(budget), epochs: epochs)
    for (language, given) in zip(plan.languages, paper) {
      #expect(abs(Double(language.quota) - given) < 1, "\(tokens), \(budget), \(epochs)")
    }
  }

  /// Five languages of very different sizes, C = 4e12: shares to the digits of the table of
  /// docs/mixture.md, effective epochs to one digit.
  @Test func theWorkedTable() throws {
    let list = [
      supply("eng_Latn", 9_700_000_000_000), supply("rus_Cyrl", 930_000_000_000),
      supply("swh_Latn", 2_300_000_000), supply("yor_Latn", 105_000_000),
      supply("zho_Hans", 140_000_000_000),
    ]
    // Per maximum of epochs: tag, share, digits after the point.
    let expected: [(Double, [(String, Double, Double)])] = [
      (
        1,
        [
          ("eng_Latn", 0.732, 3), ("rus_Cyrl", 0.233, 3), ("zho_Hans", 0.035, 3),
          ("swh_Latn", 0.0006, 4), ("yor_Latn", 0.00003, 5),
        ]
      ),
      (
        4,
        [
          ("eng_Latn", 0.429, 3), ("rus_Cyrl", 0.429, 3), ("zho_Hans", 0.140, 3),
          ("swh_Latn", 0.0023, 4), ("yor_Latn", 0.00011, 5),
        ]
      ),
      (
        16,
        [
          ("eng_Latn", 0.330, 3), ("rus_Cyrl", 0.330, 3), ("zho_Hans", 0.330, 3),
          ("swh_Latn", 0.0092, 4), ("yor_Latn", 0.00042, 5),
        ]
      ),
    ]
    for (epochs, shares) in expected {
      let plan = try planMixture(
        list, Mixture(policy: .unimax, maxEpochs: epochs, budgetTokens: 4_000_000_000_000))
      for (name, share, digits) in shares {
        let planned = try #require(plan[tag(name)])
        let half = 0.5 * Reference.power(10, -digits) + 1e-12
        #expect(abs(planned.share.fraction - share) <= half, "\(name) at \(epochs)")
      }
    }
  }

  @Test func theWorkedTableOfTemperatures() throws {
    let list = [
      supply("eng_Latn", 9_700_000_000_000), supply("rus_Cyrl", 930_000_000_000),
      supply("swh_Latn", 2_300_000_000), supply("yor_Latn", 105_000_000),
      supply("zho_Hans", 140_000_000_000),
    ]
    // Shares of eng, rus, zho, swh, yor; epochs of yor.
    let expected: [(Double, [Double], Double)] = [
      (1, [0.900, 0.086, 0.013, 0.0002, 0.00001], 0.4),
      (2, [0.690, 0.214, 0.083, 0.011, 0.0023], 87),
      (3.33, [0.530, 0.262, 0.148, 0.043, 0.017], 651),
      (5, [0.427, 0.267, 0.183, 0.080, 0.043], 1651),
    ]
    for (temperature, shares, epochs) in expected {
      let plan = try planMixture(
        list,
        Mixture(
          policy: .temperature(temperature), maxEpochs: nil, budgetTokens: 4_000_000_000_000))
      for (name, share) in zip(
        ["eng_Latn", "rus_Cyrl", "zho_Hans", "swh_Latn", "yor_Latn"], shares)
      {
        let planned = try #require(plan[tag(name)])
        #expect(abs(planned.share.fraction - share) <= 0.0005 + 1e-9, "\(name) at \(temperature)")
      }
      let yoruba = try #require(plan[tag("yor_Latn")])
      #expect(abs(yoruba.effectiveEpochs - epochs) <= 0.5, "\(temperature)")
    }
  }
}
