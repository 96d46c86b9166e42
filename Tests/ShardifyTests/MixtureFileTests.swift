import Balance
import Files
import ShardifyCore
import Testing

@testable import Shardify

@Suite struct MixtureFileTests {
  func parse(_ text: String) throws(StageFailure) -> Mixture {
    try MixtureFile.parse(Array(text.utf8), path: "mixture.yaml")
  }

  func message(_ text: String) -> String? {
    do throws(StageFailure) {
      _ = try parse(text)
      return nil
    } catch {
      return error.message
    }
  }

  func tag(_ text: String) -> LanguageTag { LanguageTag(text) ?? LanguageTag(unchecked: 0) }

  @Test func allKeysAreRead() throws {
    let text = """
      # A comment with & and *.
      temperature: 3.33
      max_epochs: 2.5
      budget: 20G
      unit: bytes
      include: [deu_Latn, "tur_Latn", und_Latn, eng_Latn, yor_Latn, rus_Cyrl]
      exclude:
        - zho_Hans
      include_undetermined: true
      allow_zero: true
      fixed: {eng_Latn: 0.4}
      floors:
        yor_Latn: 1e-3
      caps: {rus_Cyrl: .2}
      """
    let expected = Mixture(
      policy: .temperature(3.33), maxEpochs: 2.5, budgetTokens: 20_000_000_000, unit: .bytes,
      include: ["deu_Latn", "tur_Latn", "und_Latn", "eng_Latn", "yor_Latn", "rus_Cyrl"].map(tag),
      exclude: [tag("zho_Hans")], fixedShares: [tag("eng_Latn"): 0.4],
      floors: [tag("yor_Latn"): 0.001], caps: [tag("rus_Cyrl"): 0.2], includeUndetermined: true,
      allowZero: true)
    #expect(try parse(text) == expected)
  }

  @Test func missingKeysHaveTheDefaultsOfMixture() throws {
    #expect(try parse("alpha: 0") == Mixture(policy: .alpha(0)))
    #expect(try parse("unimax: true") == Mixture(policy: .unimax))
    #expect(try parse("uniform: true") == Mixture(policy: .uniform))
    #expect(try parse("proportional: true") == Mixture(policy: .proportional))
    #expect(
      try parse("shares: {deu_Latn: 0.5, tur_Latn: 0.5}")
        == Mixture(policy: .explicit([tag("deu_Latn"): 0.5, tag("tur_Latn"): 0.5])))
    #expect(try parse("uniform: true\nmax_epochs: none").maxEpochs == nil)
  }

  @Test(arguments: [
    ("7", 7), ("1_000_000", 1_000_000), ("500k", 500_000), ("1.5T", 1_500_000_000_000),
    ("64Mi", 67_108_864), ("9007199254740993", 9_007_199_254_740_993),
  ])
  func budgetsHaveSuffixes(text: String, tokens: Int) throws {
    #expect(try parse("uniform: true\nbudget: \(text)").budgetTokens == tokens)
  }

  @Test func unknownKeysAreRefusedWithTheirLine() {
    #expect(
      message("uniform: true\n\ntemprature: 3")
        == "cannot read mixture: mixture.yaml line 3: unknown key temprature, expected one of "
        + "temperature, alpha, unimax, proportional, uniform, shares, max_epochs, budget, unit, "
        + "include, exclude, include_undetermined, allow_zero, fixed, floors, caps, groups, "
        + "source_weights, source_basis, where, exclude_hashes, label_map")
    #expect(message("uniform: true\n<<: {unit: bytes}")?.contains("line 2: unknown key <<") == true)
    #expect(message("? [a]\n: b")?.contains("line 1: a key that is no word") == true)
  }

  @Test(arguments: [
    ("temperature: warm", "line 1: temperature: warm, expected a number"),
    ("temperature: nan", "line 1: temperature: nan, expected a number"),
    ("temperature: 0x1p3", "line 1: temperature: 0x1p3, expected a number"),
    ("alpha:", "line 1: alpha without a value, expected a number"),
    ("alpha: [1]", "line 1: alpha with a list, expected a number"),
    ("unimax: yes", "line 1: unimax: yes, expected true or false"),
    ("unimax: false", "line 1: unimax: false, expected true, or no such key"),
    ("a: 1", "line 1: unknown key a"),
    ("uniform: true\nalpha: 1", "line 2: alpha beside uniform, expected one policy"),
    ("unit: bytes", "mixture.yaml: no policy, expected one of temperature, alpha"),
    ("uniform: true\nunit: words", "line 2: unit: words, expected tokens, bytes, chars, documents"),
    ("uniform: true\nbudget: 20B", "line 2: budget: 20B, expected a whole number of tokens"),
    ("uniform: true\nbudget: -1", "line 2: budget: -1, expected a whole number of tokens"),
    (
      "uniform: true\nbudget: 99999999999999999999",
      "line 2: budget: 99999999999999999999, expected a whole number"
    ),
    ("uniform: true\nbudget: 9e30T", "line 2: budget: 9e30T, expected a whole number of tokens"),
    ("uniform: true\ninclude: deu_Latn", "line 2: include: deu_Latn, expected a list of languages"),
    (
      "uniform: true\ninclude:\n- deu_Latn\n- german",
      "line 4: include: german, expected a language such as deu_Latn"
    ),
    ("uniform: true\ncaps: [1]", "line 2: caps with a list, expected languages with shares"),
    (
      "uniform: true\ncaps:\n  deu_Latn: 1.2",
      "line 3: caps deu_Latn: 1.2, expected a share from 0 to 1"
    ),
    ("uniform: true\nuniform: true", "uniform twice, expected every key once"),
    ("uniform: true\ncaps: {deu_Latn: 1, deu_Latn: 0.5}", "deu_Latn twice"),
    ("", "mixture.yaml: no content, expected keys and values"),
    ("- 1", "line 1: no mapping, expected keys and values"),
    ("uniform: [", "expected YAML"),
    ("a: &x 1\nb: *x", "line 1: an anchor, alias or tag, expected plain keys and values"),
    ("uniform: true\n---\nuniform: true", "expected YAML"),
  ])
  func wrongValuesAreRefusedWithTheirLine(text: String, expected: String) {
    let found = message(text) ?? "no failure"
    #expect(found.hasPrefix("cannot read mixture: mixture.yaml"))
    #expect(found.contains(expected), "\(found)")
    #expect(!found.contains("\n"))
  }

  @Test func hostileBytesAreRefusedNotTrapped() {
    #expect(throws: StageFailure.self) { try MixtureFile.parse([0xFF, 0xFE], path: "m") }
    #expect(throws: StageFailure.self) {
      try MixtureFile.parse([UInt8](repeating: 0x20, count: 1 << 20 + 1), path: "m")
    }
    for deep in ["[", "{", "- ", "? ", "a: {", "\u{0}", "\"", "'", "|"] {
      let text = String(repeating: deep, count: 60_000)
      #expect(message(text) != nil, "\(deep)")
    }
    var random = SeededRandom(seed: 8)
    let seedText = Array("alpha: 0.3\nbudget: 20G\ncaps: {deu_Latn: 0.2}\ninclude: [a]\n".utf8)
    for _ in 0..<2000 {
      var bytes = seedText
      for _ in 0...random.below(4) {
        bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
      }
      _ = try? MixtureFile.parse(bytes, path: "m")
    }
  }

  @Test func groupsAndPatternsAreRead() throws {
    let text = """
      temperature: 3.33
      include: ["*_Latn", rus_Cyrl, 'und_*']
      exclude: ["zh?_Latn"]
      groups:
        west:
          languages: [deu_Latn, "fr*_Latn"]
          share: 0.4
          uniform: true
          groups:
            small: {languages: [gsw_Latn], floor: 0.01, cap: 0.1}
        east: {scripts: [Cyrl], temperature: 5}
      """
    let mixture = try parse(text)
    #expect(mixture.include == [tag("rus_Cyrl")])
    #expect(mixture.includePatterns.map(\.text) == ["*_Latn", "und_*"])
    #expect(mixture.excludePatterns.map(\.text) == ["zh?_Latn"])
    let small = MixtureGroup(name: "small", languages: [tag("gsw_Latn")], floor: 0.01, cap: 0.1)
    #expect(
      mixture.groups == [
        MixtureGroup(
          name: "west", languages: [tag("deu_Latn")],
          patterns: [LanguagePattern("fr*_Latn")].compactMap { $0 }, share: 0.4, policy: .uniform,
          groups: [small]),
        MixtureGroup(
          name: "east", patterns: [LanguagePattern("*_Cyrl")].compactMap { $0 },
          policy: .temperature(5)),
      ])
  }

  @Test(arguments: [
    ("groups: [a]", "line 2: groups with a list, expected names with their groups"),
    ("groups: {a: 1}", "line 2: group a: 1, expected keys such as languages and share"),
    ("groups: {a: {langs: [x]}}", "line 2: group a: unknown key langs, expected one of languages"),
    ("groups: {a: {share: 1.5}}", "line 2: group a: share: 1.5, expected a share from 0 to 1"),
    ("groups: {a: {scripts: [cyrl]}}", "group a: scripts: cyrl, expected a script such as Cyrl"),
    ("groups: {a: {scripts: Cyrl}}", "group a: scripts: Cyrl, expected a list of scripts"),
    (
      "groups: {a: {languages: [x]}}", "group a: languages: x, expected a language such as deu_Latn"
    ),
    (
      "groups:\n  a: {uniform: true}\n  b: {uniform: true,\n      alpha: 1}",
      "line 5: group b: alpha beside uniform, expected one policy"
    ),
    (
      "groups: {a: {groups: {b: {groups: {c: {groups: {d: {groups: {e: {}}}}}}}}}}",
      "groups nested 5 deep, expected at most 4"
    ),
    ("include: [*_Cyrl]", "line 2: an anchor, alias or tag, expected plain keys and values"),
    ("where: {a: b}", "line 2: where with a mapping, expected a condition, or a list of them"),
    ("where: [{a: b}]", "line 2: where with a mapping, expected a condition such as confidence"),
    ("exclude_hashes: [a]", "line 2: exclude_hashes with a list, expected the path of a file"),
    ("label_map: {deu_Latn: german}", "line 2: label_map: german, expected a language such as deu"),
    (
      "label_map:\n  deu_Latn: eng_Latn\n  eng_Latn: fra_Latn",
      "line 3: deu_Latn to eng_Latn, which itself goes to fra_Latn, expected one step"
    ),
  ])
  func wrongGroupsAndFiltersAreRefusedWithTheirLine(text: String, expected: String) {
    let place = TemporaryPath.unused()
    defer { TemporaryPath.remove(place) }
    let found =
      failure {
        try FileSystem.writeAtomically(Array("uniform: true\n\(text)".utf8), to: place)
        _ = try MixtureFile.readWithView(place)
      } ?? "no failure"
    #expect(found.contains(expected), "\(found)")
  }

  @Test func filtersAreReadWithPathsRelativeToTheFile() throws {
    let place = try Workplace()
    let path = try place.write(
      """
      uniform: true
      where: [confidence >= 0.65, 'source != "a*" # not a comment']
      exclude_hashes: lists/out.txt
      label_map: {hrv_Latn: hbs_Latn}
      """.utf8, to: "m.yaml")
    let (mixture, view) = try MixtureFile.readWithView(path)
    #expect(mixture == Mixture(policy: .uniform))
    #expect(view.conditions == ["confidence >= 0.65", "source != \"a*\" # not a comment"])
    #expect(view.excludedHashesPath == place.at("lists/out.txt"))
    #expect(view.labelMap?.pairs.map { "\($0.from) \($0.to)" } == ["hrv_Latn hbs_Latn"])
    #expect(
      message("uniform: true\nwhere: tokens > 1")
        == "cannot read mixture: mixture.yaml line 2: where, expected no filters here; "
        + "filters are for shardify balance")
  }

  @Test func aMissingFileIsNamed() {
    #expect(throws: (any Error).self) { try MixtureFile.read("no/such/mixture.yaml") }
  }
}
