import Balance
import ShardifyCore
import Testing

/// Every refusal with its text: the option at fault and the figure that would do.
@Suite struct PlanFailureTests {
  static let a = tag("aaa_Latn")
  static let b = tag("aab_Latn")
  static let c = tag("aac_Latn")

  func message(_ mixture: Mixture) -> String? {
    failure(supplies([1000, 100, 10]), mixture)?.message
  }

  @Test(arguments: [
    (Policy.temperature(0), "--temperature 0, expected a finite number above 0"),
    (.temperature(-2), "--temperature -2, expected a finite number above 0"),
    (.temperature(.nan), "--temperature nan, expected a finite number above 0"),
    (.temperature(.infinity), "--temperature inf, expected a finite number above 0"),
    (.alpha(.nan), "--alpha nan, expected a finite number, 0 or more"),
    (.alpha(-0.1), "--alpha -0.1, expected a finite number, 0 or more"),
    (.explicit([a: 1.5]), "--share aaa_Latn=1.5, expected a share from 0 to 1"),
    (.explicit([a: 0.5, b: 0.4]), "the shares sum to 0.9, expected 1"),
    (
      .explicit([tag("xyz_Latn"): 1]),
      "xyz_Latn is in the mixture but not in the store, expected languages the store has"
    ),
  ])
  func policiesThatMeanNothingAreRefused(policy: Policy, text: String) {
    let found = message(Mixture(policy: policy)) ?? "no failure"
    #expect(found.hasPrefix("cannot plan the mixture: " + text), "\(found)")
  }

  /// Expects this refusal, the text given in parts.
  func refuse(
    _ mixture: Mixture, _ text: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let expected = "cannot plan the mixture: " + text.joined()
    #expect(message(mixture) == expected, sourceLocation: sourceLocation)
  }

  @Test func optionsThatContradictAreRefused() {
    let (a, b, c) = (Self.a, Self.b, Self.c)
    refuse(
      Mixture(policy: .unimax, maxEpochs: nil),
      "--unimax without a limit on epochs, expected --max-epochs; ",
      "give --max-epochs 4, or --uniform for no limit")
    refuse(
      Mixture(policy: .uniform, maxEpochs: 0),
      "--max-epochs 0, expected a number above 0 and at most 1000000000; ",
      "4 is the default, none lifts the limit")
    refuse(
      Mixture(policy: .uniform, budgetTokens: 0),
      "--budget 0, expected from 1 to 2305843009213693952 tokens")
    refuse(
      Mixture(policy: .uniform, fixedShares: [a: 0.9], floors: [b: 0.2]),
      "fixed shares and floors sum to 1.1, expected at most 1; lower --share or --floor")
    refuse(
      Mixture(policy: .uniform, fixedShares: [a: 0.9], caps: [a: 0.2]),
      "aaa_Latn has a fixed share and a cap, expected one of them; ",
      "drop --share or the other for aaa_Latn")
    refuse(
      Mixture(policy: .uniform, floors: [a: 0.9], caps: [a: 0.2]),
      "--floor aaa_Latn=0.9 above --cap aaa_Latn=0.2, expected a floor at most the cap")
    refuse(
      Mixture(policy: .uniform, include: [a], exclude: [a]),
      "aaa_Latn is excluded and named in the mixture, expected one of them; ",
      "drop --exclude aaa_Latn or the other")
    refuse(
      Mixture(policy: .uniform, include: [a], caps: [b: 0.2]),
      "--cap aab_Latn of a language outside the mixture, expected a language that takes part; ",
      "add aab_Latn to the mixture or drop it")
    refuse(
      Mixture(policy: .explicit([a: 1]), include: [a]),
      "explicit shares together with --include, expected one of them; put all shares in one list")
    refuse(
      Mixture(policy: .uniform, fixedShares: [a: 0.5, b: 0.5]),
      "the fixed shares sum to 1 and leave nothing to aac_Latn, expected less than 1; ",
      "lower --share, exclude the others or give --allow-zero")
    refuse(
      Mixture(policy: .uniform, fixedShares: [a: 0.5, b: 0.2, c: 0.1]),
      "every language has a fixed share and they sum to 0.8, expected 1; ",
      "change --share, or leave a language to the policy")
    refuse(
      Mixture(policy: .uniform, caps: [a: 0.1, b: 0.1, c: 0.1]),
      "every language has a cap or a fixed share and they sum to 0.3, expected 1 or more; ",
      "raise --cap, or leave a language without one")
    refuse(
      Mixture(policy: .uniform, unit: .content),
      "--unit content without a byte-premium table, expected a table; ",
      "use --unit bytes, chars, documents or tokens")
    refuse(
      Mixture(policy: .uniform, exclude: [a, b, c]),
      "no language takes part (3 in the store), expected at least one; ",
      "check --include and --exclude; und_* and zxx_* need --include-undetermined")
  }

  @Test func infeasibleBudgetsNameTheFeasibleFigure() {
    let (a, c) = (Self.a, Self.c)
    refuse(
      Mixture(policy: .uniform, budgetTokens: 5000),
      "a budget of 5000 tokens is more than the 4440 that 3 languages give at --max-epochs 4, ",
      "expected at most 4440; use --budget 4440 or --max-epochs 4.505")
    refuse(
      Mixture(policy: .uniform, maxEpochs: 0.5),
      "a budget of 1110 tokens (all there is) is more than the 555 that 3 languages give at ",
      "--max-epochs 0.5, expected at most 555; use --budget 555 or --max-epochs 1")
    refuse(
      Mixture(policy: .uniform, budgetTokens: 1000, fixedShares: [c: 0.1]),
      "--share aac_Latn asks for 100 of 1000 tokens but 10 are available, expected at most 40 at ",
      "--max-epochs 4; use --budget 409 or --max-epochs 10")
    refuse(
      Mixture(policy: .uniform, budgetTokens: 1000, floors: [c: 0.1]),
      "--floor aac_Latn asks for 100 of 1000 tokens but 10 are available, expected at most 40 at ",
      "--max-epochs 4; use --budget 409 or --max-epochs 10")
    refuse(
      Mixture(policy: .uniform, budgetTokens: 1000, caps: [a: 0.1]),
      "a budget of 1000 tokens is more than the 540 that 3 languages give at --max-epochs 4 and ",
      "the caps, expected at most 489; use --budget 489 or --max-epochs 8.19 or a higher --cap")
    refuse(
      Mixture(policy: .proportional, budgetTokens: 20),
      "aac_Latn would get no token of a budget of 20, expected at least one each; ",
      "use --budget 47, exclude it or give --allow-zero")
  }

  /// What the messages advise does work, and one token more does not.
  @Test func theAdvisedFiguresAreFeasibleAndTheNextAreNot() {
    func plan(_ budget: Int, epochs: Double = 4, caps: [LanguageTag: Double] = [:]) -> String? {
      message(Mixture(policy: .uniform, maxEpochs: epochs, budgetTokens: budget, caps: caps))
    }
    #expect(plan(4440) == nil && plan(4441) != nil)
    #expect(plan(5000, epochs: 4.505) == nil && plan(5000, epochs: 4.504) != nil)
    let caps = [Self.a: 0.1]
    #expect(plan(489, caps: caps) == nil && plan(490, caps: caps) != nil)
    #expect(plan(1000, epochs: 8.19, caps: caps) == nil)
    #expect(plan(1000, epochs: 8.189, caps: caps) != nil)
    #expect(message(Mixture(policy: .proportional, budgetTokens: 56)) == nil)
    #expect(message(Mixture(policy: .proportional, budgetTokens: 55)) != nil)
  }

  /// Whatever figure a refusal names, the mixture with it is accepted.
  @Test func everyAdvisedFigureIsAccepted() throws {
    var random = SeededRandom(seed: 19)
    var advised = 0
    for round in 0..<600 {
      let list = supplies((0...Int(random.below(12))).map { _ in 1 + Int(random.below(1 << 12)) })
      let some = tag(name(Int(random.below(UInt64(list.count)))))
      let share = Double(1 + random.below(99)) / 100
      var mixture = Mixture(
        policy: [.alpha(0.3), .proportional, .uniform, .alpha(2)][Int(random.below(4))],
        maxEpochs: random.below(4) == 0 ? nil : Double(1 + random.below(8)) / 2,
        budgetTokens: 1 + Int(random.below(1 << (4 + random.below(16)))),
        fixedShares: random.below(3) == 0 ? [some: share] : [:],
        floors: [:], caps: [:])
      if mixture.fixedShares.isEmpty {
        if random.below(2) == 0 {
          mixture.floors = [some: share]
        } else {
          mixture.caps = [some: share]
        }
      }
      let message = failure(list, mixture)?.message ?? ""
      for option in ["--budget ", "--max-epochs "] {
        guard let remedy = message.split(separator: "; ").last, remedy.contains("use "),
          let word = remedy.split(separator: "use ").last?.split(separator: " or ")
            .flatMap({ $0.split(separator: ", ") }).first(where: { $0.hasPrefix(option) }),
          let figure = Double(word.dropFirst(option.count))
        else { continue }
        advised += 1
        var other = mixture
        if option == "--budget " {
          other.budgetTokens = Int(figure)
        } else {
          other.maxEpochs = figure
        }
        #expect(failure(list, other)?.message == nil, "round \(round): \(message)")
      }
    }
    #expect(advised > 100, "\(advised)")
  }

  @Test func impossibleCountsAreRefused() {
    let uniform = Mixture(policy: .uniform)
    var negative = supplies([5])
    negative[0].bytes = -1
    #expect(failure(negative, uniform)?.code == .invalidSupply)
    #expect(
      failure([supply("deu_Latn", 5), supply("deu_Latn", 6)], uniform)?.code == .invalidSupply)
    let huge = LanguageSupply(
      tag: tag("deu_Latn"), documents: 1, pieces: 1, tokens: .max, bytes: 1, scalars: 1)
    #expect(failure([huge], uniform)?.code == .invalidSupply)
    var first = huge
    first.tokens = 1 << 61
    var second = first
    second.tag = tag("eng_Latn")
    #expect(failure([first, second], uniform)?.code == .invalidSupply)
    #expect(failure([first], uniform) == nil)
  }

  @Test func aNamedLanguageWithoutTokensIsRefusedAndAnUnnamedOneIsLeftOut() throws {
    let list = supplies([0, 10])
    let found = failure(list, Mixture(policy: .uniform, include: [Self.a]))
    #expect(found?.code == .unknownLanguage)
    let plan = try planMixture(list, Mixture(policy: .uniform))
    #expect(plan.languages.count == 1)
    #expect(plan.warnings == ["no tokens left of aaa_Latn; left out"])
  }

  /// Numbers at their limits: a failure or an exact plan, never a trap.
  @Test func anyNumbersGiveAPlanOrAFailure() throws {
    var random = SeededRandom(seed: 99)
    let numbers = [0, -1, 1e-300, 1e-13, 0.3, 0.5, 1, 1.0000001, 4, 1e9, 1e300, .nan, .infinity]
    let counts = [0, 1, 2, 7, 1000, 1 << 40, 1 << 60, 1 << 61, .max, -1]
    func number() -> Double { numbers[Int(random.below(UInt64(numbers.count)))] }
    func count() -> Int { counts[Int(random.below(UInt64(counts.count)))] }
    var planned = 0
    for _ in 0..<20_000 {
      let list = (0...Int(random.below(4))).map { index in
        LanguageSupply(
          tag: tag(name(index)), documents: count(), pieces: 1, tokens: count(), bytes: count(),
          scalars: count())
      }
      let policies: [Policy] = [
        .temperature(number()), .alpha(number()), .unimax, .uniform, .proportional,
        .explicit([Self.a: number()]),
      ]
      func shares() -> [LanguageTag: Double] {
        random.below(4) == 0 ? [random.below(2) == 0 ? Self.a : Self.b: number()] : [:]
      }
      let mixture = Mixture(
        policy: policies[Int(random.below(6))], maxEpochs: random.below(2) == 0 ? number() : nil,
        budgetTokens: random.below(2) == 0 ? count() : nil,
        unit: SizeUnit.allCases[Int(random.below(5))], fixedShares: shares(), floors: shares(),
        caps: shares(), allowZero: random.below(2) == 0)
      let premiums = BytePremiums([Self.a: number(), Self.b: number()])
      do throws(BalanceFailure) {
        let plan = try planMixture(list, mixture, bytePremiums: premiums)
        #expect(plan.languages.reduce(0) { $0 + $1.quota } == plan.budget)
        #expect(!plan.table().isEmpty && !plan.json().isEmpty)
        planned += 1
      } catch {
        #expect(error.message.hasPrefix("cannot plan the mixture: "))
      }
    }
    #expect(planned > 100, "\(planned)")
  }
}
