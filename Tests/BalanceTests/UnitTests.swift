import ShardifyCore
import Testing

@testable import Balance

@Suite struct UnitTests {
  // English: 4 bytes a token. Burmese: 12 bytes a token, the same content in 5 times the bytes.
  let list = [
    supply("eng_Latn", 250_000, bytes: 1_000_000), supply("mya_Mymr", 420_000, bytes: 5_040_000),
  ]

  @Test func uniformInBytesGivesEqualBytes() throws {
    let plan = try planMixture(list, Mixture(policy: .uniform, budgetTokens: 100_000, unit: .bytes))
    // 75,000·4 bytes = 25,000·12 bytes.
    #expect(plan.languages.map(\.quota) == [75_000, 25_000])
  }

  @Test func proportionalIsTheSameInEveryUnit() throws {
    let premiums = BytePremiums([tag("eng_Latn"): 1, tag("mya_Mymr"): 5.1])
    for unit in SizeUnit.allCases {
      let mixture = Mixture(policy: .temperature(1), unit: unit)
      let plan = try planMixture(list, mixture, bytePremiums: premiums)
      #expect(plan.languages.map(\.quota) == [250_000, 420_000])
    }
  }

  /// Equal content, alpha 0.3: byte-based flattening gives Burmese 5.1^0.3 = 1.63 times the bytes
  /// of English but 1.63 / 5.1 = 0.32 times its content; content-based flattening gives the same.
  @Test func contentUndoesThePenaltyOfBytes() throws {
    let equal = [
      supply("eng_Latn", 1_000_000, bytes: 4_000_000),
      supply("mya_Mymr", 5_100_000, bytes: 20_400_000),
    ]
    let premiums = BytePremiums([tag("eng_Latn"): 1, tag("mya_Mymr"): 5.1])
    func ratio(_ unit: SizeUnit) throws -> Double {
      let mixture = Mixture(policy: .alpha(0.3), budgetTokens: 2_000_000, unit: unit)
      let plan = try planMixture(equal, mixture, bytePremiums: premiums)
      // Both have 4 bytes a token: tokens are as bytes.
      return Double(plan.languages[1].quota) / Double(plan.languages[0].quota)
    }
    #expect(abs(try ratio(.bytes) - 1.63) < 0.005)
    #expect(abs(try ratio(.bytes) / 5.1 - 0.32) < 0.005)
    #expect(abs(try ratio(.content) / 5.1 - 1) < 0.00001)
  }

  @Test func aMissingPremiumIsTheMedianOfItsScriptAndIsNamed() throws {
    let premiums = BytePremiums([
      tag("deu_Latn"): 1, tag("fra_Latn"): 1.2, tag("vie_Latn"): 1.4, tag("mya_Mymr"): 5.1,
      tag("bad_Latn"): .nan,
    ])
    let four = [
      supply("eng_Latn", 100), supply("fra_Latn", 100), supply("kat_Geor", 100, bytes: 900),
    ]
    let plan = try planMixture(
      four, Mixture(policy: .uniform, budgetTokens: 100, unit: .content), bytePremiums: premiums)
    #expect(plan.warnings == ["byte premium estimated for eng_Latn, kat_Geor"])
    // Estimated like French: equal quotas, to the rounding.
    #expect(abs(plan.languages[0].quota - plan.languages[1].quota) <= 1)
  }

  @Test func aUnitThatWasNotCountedIsRefused() {
    var list = list
    list[1].scalars = 0
    let found = failure(list, Mixture(policy: .uniform, unit: .chars))
    #expect(
      found?.message == "cannot plan the mixture: mya_Mymr has tokens but no chars, "
        + "expected at least one; use --unit tokens or verify the store")
  }
}

@Suite struct BytePremiumTests {
  @Test func theTableHasTheValuesOfThePaper() {
    func premium(_ name: String) -> BytePremiums.Premium {
      BytePremiums.builtIn.premium(of: supply(name, 100))
    }
    for (name, value) in [
      ("eng_Latn", 1), ("deu_Latn", 1.05), ("zho_Hans", 0.94), ("rus_Cyrl", 1.82),
      ("hin_Deva", 2.37), ("khm_Khmr", 3.90), ("mya_Mymr", 5.10), ("kor_Kore", 1.29),
    ] {
      #expect(abs(premium(name).value - value) < 0.005, "\(name) \(premium(name).value)")
      #expect(!premium(name).isEstimated)
    }
  }

  @Test func missingLanguagesAreEstimatedFromScriptAndFamily() {
    let table = BytePremiums(
      text: """
        aaa_Latn 1000000 0
        aab_Latn 1100000 0
        aac_Latn 1200000 0
        aad_Latn 3000000 -
        aae_Latn 3100000 1
        aae_Cyrl 1800000 1
        aaf_Latn 3200000 -
        aag_Cyrl - 0
        """)
    func premium(_ name: String, bytes: Int = 400) -> BytePremiums.Premium {
      table.premium(of: supply(name, 100, bytes: bytes))
    }
    #expect(premium("aab_Latn") == .init(value: 1.1, basis: .measured))
    // Its family is known from the row of another script.
    #expect(premium("aag_Latn") == .init(value: 1.1, basis: .family))
    // A family with too few languages, and none: the script.
    #expect(premium("aae_Grek", bytes: 900).basis == .scalars)
    #expect(premium("zzz_Latn") == .init(value: 1.2, basis: .script))
    #expect(premium("zzz_Cyrl") == .init(value: 1.8, basis: .script))
    #expect(premium("zzz_Grek", bytes: 900) == .init(value: 2, basis: .scalars))
    #expect(table.version.hasPrefix("arnett-2024-02-23 "))
  }
}
