import Balance
import ShardifyCore
import Testing

@Suite struct GroupTests {
  static let latin = ["deu_Latn", "eng_Latn", "fra_Latn"]
  static let cyrillic = ["rus_Cyrl", "ukr_Cyrl"]

  let list = [
    supply("deu_Latn", 4_000), supply("eng_Latn", 10_000), supply("fra_Latn", 2_000),
    supply("rus_Cyrl", 3_000), supply("ukr_Cyrl", 1_000), supply("und_Cyrl", 500),
  ]

  func pattern(_ text: String) -> LanguagePattern {
    LanguagePattern(text) ?? LanguagePattern(script: ScriptTag(unchecked: 0))
  }

  func quotas(_ mixture: Mixture) throws -> [String: Int] {
    let plan = try planMixture(list, mixture)
    var out: [String: Int] = [:]
    for language in plan.languages { out["\(language.tag)"] = language.quota }
    #expect(out.values.reduce(0, +) == plan.budget)
    return out
  }

  func message(_ mixture: Mixture) -> String? {
    failure(list, mixture)?.message.replacing("cannot plan the mixture: ", with: "")
  }

  func mixture(_ groups: [MixtureGroup], _ change: (inout Mixture) -> Void = { _ in }) -> Mixture {
    var mixture = Mixture(policy: .uniform, budgetTokens: 1_000)
    mixture.groups = groups
    change(&mixture)
    return mixture
  }

  @Test func aShareForAGroupAndAPolicyInside() throws {
    let group = MixtureGroup(
      name: "cyrillic", patterns: [pattern("*_Cyrl")], share: 0.4, policy: .proportional)
    #expect(
      try quotas(mixture([group])) == [
        "rus_Cyrl": 300, "ukr_Cyrl": 100, "deu_Latn": 200, "eng_Latn": 200, "fra_Latn": 200,
      ])
    let plan = try planMixture(list, mixture([group]))
    let found = try #require(plan.groups.first)
    #expect(found.quota == 400 && found.languages == 2 && found.bindingRule == .fixed)
    #expect(found.tokens == 4_000 && found.policy == "proportional" && found.share.fraction == 0.4)
    #expect(plan[tag("rus_Cyrl")]?.group == "cyrillic" && plan[tag("deu_Latn")]?.group == nil)
    // und_Cyrl is not a language that a pattern takes in.
    #expect(plan.excluded.map(\.tag) == [tag("und_Cyrl")])
  }

  @Test func aGroupWithoutShareTakesPartAsOneLanguage() throws {
    let group = MixtureGroup(name: "cyrillic", patterns: [pattern("*_Cyrl")])
    #expect(
      try quotas(mixture([group])) == [
        "rus_Cyrl": 125, "ukr_Cyrl": 125, "deu_Latn": 250, "eng_Latn": 250, "fra_Latn": 250,
      ])
    let proportional = try quotas(mixture([group]) { $0.policy = .proportional })
    #expect(
      proportional == [
        "rus_Cyrl": 150, "ukr_Cyrl": 50, "deu_Latn": 200, "eng_Latn": 500, "fra_Latn": 100,
      ])
  }

  @Test func groupsAreNestedAndTheInnermostDecides() throws {
    let inner = MixtureGroup(name: "small", languages: [tag("fra_Latn")], share: 0.1)
    let outer = MixtureGroup(
      name: "latin", patterns: [pattern("*_Latn")], share: 0.6,
      policy: .explicit([tag("deu_Latn"): 0.25, tag("eng_Latn"): 0.75]))
    var nested = outer
    nested.policy = .temperature(1)
    nested.groups = [inner]
    #expect(
      try quotas(mixture([nested])) == [
        "fra_Latn": 100, "deu_Latn": 143, "eng_Latn": 357, "rus_Cyrl": 200, "ukr_Cyrl": 200,
      ])
    let plan = try planMixture(list, mixture([nested]))
    #expect(plan.groups.map(\.name) == ["latin", "small"] && plan.groups[1].parent == "latin")
    #expect(plan.groups[0].languages == 3)
    var explicit = outer
    explicit.patterns = []
    explicit.languages = [tag("deu_Latn"), tag("eng_Latn")]
    #expect(try quotas(mixture([explicit]))["eng_Latn"] == 450)
  }

  @Test func floorsAndCapsOfGroupsMoveWhatIsLeft() throws {
    let capped = MixtureGroup(name: "latin", patterns: [pattern("*_Latn")], cap: 0.3)
    #expect(
      try quotas(mixture([capped]) { $0.policy = .proportional })
        == ["deu_Latn": 75, "eng_Latn": 188, "fra_Latn": 37, "rus_Cyrl": 525, "ukr_Cyrl": 175])
    let floored = MixtureGroup(name: "cyrillic", patterns: [pattern("*_Cyrl")], floor: 0.5)
    let plan = try planMixture(list, mixture([floored]) { $0.policy = .proportional })
    #expect(plan.groups[0].quota == 500 && plan.groups[0].bindingRule == .floor)
    // A language's own floor is of the dataset, inside a group as well.
    let both = try quotas(mixture([floored]) { $0.floors = [tag("ukr_Cyrl"): 0.4] })
    #expect(both["ukr_Cyrl"] == 400)
  }

  @Test func groupsWithSharesOfAllReplaceThePolicy() throws {
    let groups = [
      MixtureGroup(name: "c", patterns: [pattern("*_Cyrl")], share: 1.0 / 3),
      MixtureGroup(name: "l", patterns: [pattern("*_Latn")], share: 2.0 / 3),
    ]
    let plan = try planMixture(list, mixture(groups))
    #expect(plan.groups.map(\.quota) == [333, 667])
    #expect(plan.groups.allSatisfy { $0.bindingRule == .fixed })
  }

  @Test func refusalsNameTheGroupAndTheFigure() {
    func group(_ change: (inout MixtureGroup) -> Void) -> MixtureGroup {
      var group = MixtureGroup(name: "g", patterns: [pattern("*_Cyrl")])
      change(&group)
      return group
    }
    let cases: [(Mixture, String)] = [
      (mixture([group { $0.share = 1.5 }]), "share 1.5 of group g, expected a share from 0 to 1"),
      (
        mixture([
          group {
            $0.share = 0.5
            $0.cap = 0.6
          }
        ]), "group g has a share and a cap, expected one of them; drop one"
      ),
      (
        mixture([
          group {
            $0.floor = 0.5
            $0.cap = 0.4
          }
        ]), "floor 0.5 above cap 0.4 of group g, expected a floor at most the cap"
      ),
      (
        mixture([group { $0.policy = .temperature(0) }]),
        "group g: --temperature 0, expected a finite number above 0; 1 keeps natural shares, 3.33 is usual, --uniform is the limit"
      ),
      (
        mixture([group { $0.patterns = [] }]),
        "group g names no language, expected languages, scripts, patterns or groups"
      ),
      (
        mixture([group { $0.patterns = [pattern("*_Geor")] }]),
        "no language of group g takes part, expected at least one; shardify inspect lists what the store has; change the group or drop it"
      ),
      (
        mixture([group { $0.languages = [tag("kat_Geor")] }]),
        "kat_Geor is in the mixture but not in the store, expected languages the store has; shardify inspect lists them"
      ),
      (
        mixture([group { _ in }, group { _ in }]),
        "two groups g, expected a name of its own for each group"
      ),
      (
        mixture([group { $0.name = "" }]),
        "a group without a name, expected a name of its own for each group"
      ),
      (
        mixture([group { _ in }, group { $0.name = "h" }]),
        "rus_Cyrl belongs to group g and to group h, expected one group; name it in the list of one of them"
      ),
      (
        mixture([
          group { $0.share = 0.7 },
          group {
            $0.name = "h"
            $0.floor = 0.5
          },
        ]), "shares and floors of groups sum to 1.2, expected at most 1; lower the share of a group"
      ),
      (
        mixture([group { $0.policy = .explicit([tag("rus_Cyrl"): 1]) }]),
        "group g has no share for ukr_Cyrl, expected a share for each of its languages, and no groups; add it to the group's shares, or give the group another policy"
      ),
      (
        mixture([group { _ in }]) { $0.policy = .explicit([tag("rus_Cyrl"): 1]) },
        "explicit shares together with groups, expected one of them; give the groups shares and the mixture another policy"
      ),
      (
        mixture([group { $0.share = 0.7 }]) { $0.fixedShares = [tag("deu_Latn"): 0.4] },
        "fixed shares and the shares of groups sum to 1.1, expected at most 1; lower --share or the share of a group"
      ),
      (
        mixture([group { $0.share = 0.5 }]) { $0.budgetTokens = 40_000 },
        "group g asks for 20000 of 40000 tokens, expected at most the 16000 that its languages may have at --max-epochs 4; use --budget 32001 or --max-epochs 5 or a lower share or floor of group g"
      ),
      (
        mixture([group { $0.share = 0.1 }]) { $0.floors = [tag("rus_Cyrl"): 0.2] },
        "the languages of group g ask for 200 of 1000 tokens by their own shares and floors, expected at most the 100 that the group may have; use a higher share or cap of group g, or lower --share or --floor inside it"
      ),
      (
        mixture([group { $0.languages = [tag("rus_Cyrl")] }]) { $0.include = [tag("deu_Latn")] },
        "rus_Cyrl of group g is outside the mixture, expected a language that takes part; add rus_Cyrl to --include, or drop it from the group"
      ),
    ]
    for (mixture, expected) in cases { #expect(message(mixture) == expected) }
  }

  @Test func patternsChooseLanguages() throws {
    var some = Mixture(policy: .proportional)
    some.includePatterns = [pattern("*_Cyrl")]
    #expect(try planMixture(list, some).languages.map(\.tag) == [tag("rus_Cyrl"), tag("ukr_Cyrl")])
    some.includePatterns = [pattern("und_*")]
    #expect(try planMixture(list, some).languages.map(\.tag) == [tag("und_Cyrl")])
    var less = Mixture(policy: .proportional, floors: [tag("rus_Cyrl"): 0.1])
    less.excludePatterns = [pattern("*_Cyrl"), pattern("z*")]
    let plan = try planMixture(list, less)
    #expect(plan.languages.map { "\($0.tag)" } == ["deu_Latn", "eng_Latn", "fra_Latn", "rus_Cyrl"])
    #expect(plan.warnings == ["--exclude z* matches no language of the store"])
    some.includePatterns = [pattern("?eu_Cyrl")]
    #expect(
      message(some)
        == "--include ?eu_Cyrl matches no language of the store, expected a pattern such as *_Cyrl; shardify inspect lists the languages"
    )
    #expect(LanguagePattern("deu_Latn") == nil && LanguagePattern("d* Latn") == nil)
  }

  /// Any tree of groups with any limits: exact sums, every limit kept, or a refusal.
  @Test func everyTreeKeepsItsLimitsAndSums() throws {
    var random = SeededRandom(seed: 12)
    var planned = 0
    for _ in 0..<1_500 {
      func share() -> Double? {
        random.below(3) == 0 ? Double(random.below(8)) / 10 : nil
      }
      func policy() -> Policy? {
        [nil, .uniform, .proportional, .temperature(3), .unimax][Int(random.below(5))]
      }
      var groups: [MixtureGroup] = []
      for (name, members) in [("c", Self.cyrillic), ("l", Self.latin)] where random.below(3) > 0 {
        var group = MixtureGroup(name: name, languages: members.map(tag), policy: policy())
        if random.below(2) == 0 {
          group.share = share()
        } else {
          (group.floor, group.cap) = (share(), share())
        }
        if name == "l" && random.below(2) == 0 {
          group.languages.removeFirst()
          group.groups = [MixtureGroup(name: "d", languages: [tag("deu_Latn")], floor: share())]
        }
        groups.append(group)
      }
      let mixture = mixture(groups) {
        $0.policy = policy() ?? .alpha(0.5)
        $0.budgetTokens = 1 + Int(random.below(40_000))
        $0.maxEpochs = random.below(2) == 0 ? 4 : 1.5
        $0.allowZero = true
        if let cap = share() { $0.caps = [tag("eng_Latn"): cap] }
      }
      guard let plan = try? planMixture(list, mixture) else { continue }
      planned += 1
      #expect(plan.languages.reduce(0) { $0 + $1.quota } == plan.budget)
      for language in plan.languages {
        let most = Int((Double(language.supply.tokens) * (mixture.maxEpochs ?? 0)).rounded(.down))
        #expect(language.quota <= most)
      }
      for (group, asked) in plan.groups.map({ found in
        (found, groups.first { $0.name == found.name })
      }) {
        let members = plan.languages.filter { language in
          language.group == group.name || (group.name == "l" && language.group == "d")
        }
        #expect(members.reduce(0) { $0 + $1.quota } == group.quota)
        let budget = Double(plan.budget)
        if let cap = asked?.cap {
          #expect(Double(group.quota) <= (cap * budget).rounded(.up) + 1e-6)
        }
        if let floor = asked?.floor {
          #expect(Double(group.quota) >= (floor * budget - 1e-6).rounded(.down))
        }
        if let share = asked?.share,
          plan.groups.count < 2 || plan.languages.contains(where: { $0.group == nil })
        {
          #expect(abs(Double(group.quota) - share * budget) <= 1)
        }
      }
    }
    #expect(planned > 200, "\(planned)")
  }
}
