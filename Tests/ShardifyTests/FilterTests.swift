import Files
import ShardifyCore
import Testing

@testable import Shardify

@Suite struct FilterTests {
  func message(_ text: String, columns: [String] = ["quality"]) -> String? {
    failure { _ = try FilterParser.parse(text, numberColumns: columns) }
  }

  @Test(arguments: [
    ("", "\"\" column 1: the end, expected a name: source, language"),
    ("sorce = web", "column 1: unknown name sorce, expected one of source, language"),
    ("tokens > 5 and qualty > 1", "column 16: unknown name qualty"),
    ("tokens", "column 7: the end, expected a comparison of tokens"),
    ("tokens > many", "column 10: many, expected a number to compare tokens with"),
    ("tokens > 1 2", "column 12: 2.0, expected and, or, or the end"),
    ("tokens like \"1*\"", "column 13: \"1*\", expected a comparison, since tokens is a number"),
    ("source < \"b\"", "column 8: <, expected =, !=, in or like, since source is text"),
    ("source = 7", "column 10: 7.0, expected text, since source is text; quote it"),
    ("source like web", "column 13: web, expected a pattern in quotes such as \"wiki*\""),
    ("language = deutsch", "column 12: deutsch, expected a language such as deu_Latn"),
    ("script = latin", "column 10: latin, expected a script such as Latn"),
    ("source in web", "column 11: web, expected ( and values with commas"),
    ("source in (web", "column 15: the end, expected , or )"),
    ("source in ()", "column 12: ), expected a value"),
    ("source not = web", "column 12: =, expected in or like"),
    ("(tokens > 1", "column 12: the end, expected and, or, or )"),
    ("source = \"web", "column 10: a quote that is not closed, expected another \""),
    ("missing(source)", "column 9: source, which every document has, expected input_language"),
    ("missing quality", "column 9: quality, expected ( and a name"),
    ("tokens > 1_0x", "column 10: 1_0x, expected a number such as 0.65 or 200"),
    ("tokens > nan", "column 10: nan, expected a number"),
    ("tokens ; 1", "column 8: the character \";\", expected a name, a value"),
    ("not", "column 4: the end, expected a name"),
  ])
  func wrongFiltersAreRefusedAtTheirColumn(text: String, expected: String) {
    let found = message(text) ?? "no failure"
    #expect(found.hasPrefix("cannot read filter: "))
    #expect(found.contains(expected), "\(found)")
  }

  @Test func unknownNamesSayWhatIsKnown() {
    #expect(
      message("x = 1", columns: ["quality", "a b"])
        == "cannot read filter: \"x = 1\" column 1: unknown name x, expected one of source, "
        + "language, input_language, label, script, confidence, label_confidence, script_share, "
        + "tokens, bytes, chars, `quality`, `a b`, not, missing, mixed, short, contradiction, "
        + "sampled")
    #expect(
      message("x = 1", columns: [])?.hasSuffix(
        "numeric columns are kept by shardify ingest --numeric-field") == true)
  }

  @Test func andBindsCloserThanOr() throws {
    func parse(_ text: String) throws -> FilterExpression {
      try FilterParser.parse(text, numberColumns: ["a b"])
    }
    #expect(
      try parse("mixed or short and not sampled")
        == .any([.flag(1), .all([.flag(2), .not(.flag(8))])]))
    #expect(
      try parse("(mixed OR short) AND sampled") == .all([.any([.flag(1), .flag(2)]), .flag(8)]))
    #expect(try parse("`a b`>=-1.5e3") == .number(.number(0), .atLeast, -1500))
    #expect(try parse("source<>'it''s'") == .not(.text(.source, [.equal(Array("it's".utf8))])))
    #expect(
      try parse("label in (tur_Latn,\"deu_Latn\")")
        == .code(.label, ["deu_Latn", "tur_Latn"].compactMap { LanguageTag($0)?.rawValue }))
  }

  @Test func sizeAndDepthAreBounded() throws {
    let deep =
      String(repeating: "(", count: 10_000) + "mixed" + String(repeating: ")", count: 10_000)
    #expect(message(deep)?.contains("at most 64 levels") == true)
    #expect(
      message(String(repeating: "not ", count: 10_000) + "mixed")?.contains("64 levels") == true)
    #expect(message(String(repeating: " ", count: 70_000))?.contains("at most 65536") == true)
    let wide = (0..<6_000).map { "tokens=\($0)" }.joined(separator: " or ")
    #expect(message(String(wide.prefix(60_000).dropLast(60))) == nil || wide.utf8.count > 60_000)
    let many = "tokens in (" + (0..<9_000).map(String.init).joined(separator: ",") + ")"
    #expect(try FilterParser.parse(many, numberColumns: []).needsLength)
  }

  @Test func hostileTextIsRefusedNotTrapped() {
    var random = SeededRandom(seed: 3)
    let seeds = [
      "confidence >= 0.65 and (source like \"w*\" or `quality` < 3)", "not missing(label)",
    ]
    for round in 0..<3_000 {
      var bytes = Array(seeds[round % 2].utf8)
      for _ in 0...random.below(4) {
        bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
      }
      _ = message(String(decoding: bytes, as: UTF8.self))
    }
  }
}

@Suite struct ExcludedHashesTests {
  func read(_ text: String) throws -> ExcludedHashes {
    let path = TemporaryPath.unused()
    defer { TemporaryPath.remove(path) }
    try FileSystem.writeAtomically(Array(text.utf8), to: path)
    do { return try ExcludedHashes.read(path) } catch let error as StageFailure {
      var shown = error
      shown.path = error.path.map { "FILE" + String($0.dropFirst(path.count)) }
      throw shown
    }
  }

  static let one = "00112233445566778899aabbccddeeff"

  @Test func commentsOrderAndRepeatsDoNotMatter() throws {
    let other = "ff" + Self.one.dropFirst(2)
    let a = try read(
      "# opt-outs\n\(other)\r\n\n  \(Self.one.uppercased())  # asked in May\n\(other)")
    let b = try read("\(Self.one)\n\(other)\n")
    #expect(a.hashes.map(\.description) == [Self.one, other])
    #expect(a.digest == b.digest)
    let content = try #require(ContentHash(hex: Self.one))
    #expect(a.foundCount == 0)
    #expect(a.contains(content) && a.contains(content))
    #expect(!a.contains(ContentHash(high: 1, low: 1)))
    #expect(a.foundCount == 1)
    #expect(try read("# nothing\n").hashes.isEmpty)
  }

  @Test(arguments: [
    ("0011", "line 1: 4 digits"), ("\n\n\(one)0", "line 3: no content hash"),
    ("\(one) \(one)", "line 1: more than one word"), ("0x\(one)", "line 1: no content hash"),
    ("# c\ndoc-17\n", "line 2: no content hash"),
  ])
  func wrongLinesAreNamed(text: String, expected: String) {
    let found = failure { _ = try read(text) } ?? "no failure"
    #expect(
      found == "cannot read excluded hashes: FILE \(expected), expected a content hash of 32 "
        + "hexadecimal digits, or # and a comment")
  }

  @Test func longListsAreSearchedAndCrossBufferEdges() throws {
    var random = SeededRandom(seed: 4)
    let hashes = (0..<60_000).map { _ in ContentHash(high: random.next(), low: random.next()) }
    let list = try read(hashes.map { "\($0)\n" }.joined())
    #expect(list.hashes == hashes.sorted())
    for hash in hashes.prefix(1_000) { #expect(list.contains(hash)) }
    #expect(list.foundCount == 1_000)
  }
}

@Suite struct LabelMapTests {
  func message(_ text: String) -> String? {
    failure { _ = try LabelMap.parse(Array(text.utf8), path: "map.tsv") }
  }

  @Test func linesAreTwoTags() throws {
    let text =
      "# Serbo-Croatian\nhrv_Latn\thbs_Latn\nsrp_Latn hbs_Latn  # as in ISO 639-3\n\r\nhbs_Latn hbs_Latn"
    let map = try LabelMap.parse(Array(text.utf8), path: "map.tsv")
    #expect(map.pairs.map { "\($0.from) \($0.to)" } == ["hrv_Latn hbs_Latn", "srp_Latn hbs_Latn"])
    #expect(LanguageTag("hrv_Latn").map(map.target) == LanguageTag("hbs_Latn"))
    #expect(LanguageTag("deu_Latn").map(map.target) == LanguageTag("deu_Latn"))
  }

  @Test(arguments: [
    ("hrv_Latn", "line 1: \"hrv_Latn\", expected two tags such as hrv_Latn hbs_Latn"),
    ("\nhrv_Latn sh", "line 2: \"hrv_Latn sh\", expected two tags"),
    ("a_b c d", "line 1: \"a_b c d\", expected two tags"),
    ("hrv_Latn hbs_Latn x", "line 1: \"hrv_Latn hbs_Latn x\", expected two tags"),
    (
      "hrv_Latn hbs_Latn\nhrv_Latn srp_Latn",
      "line 2: hrv_Latn again, before to hbs_Latn, expected every language once"
    ),
    (
      "hrv_Latn srp_Latn\nsrp_Latn hbs_Latn",
      "line 1: hrv_Latn to srp_Latn, which itself goes to hbs_Latn, expected one step; write hrv_Latn hbs_Latn"
    ),
  ])
  func wrongLinesAreNamed(text: String, expected: String) {
    let found = message(text) ?? "no failure"
    #expect(found.hasPrefix("cannot read label map: map.tsv \(expected)"), "\(found)")
  }
}
