import Detect
import ShardifyCore
import Testing

@Suite struct HostileTextTests {
  let worker: DetectWorker

  init() throws { worker = try Detector().makeWorker() }

  @Test func randomBytesAlwaysGiveATag() {
    var random = SeededRandom(seed: 7)
    for round in 0..<2000 {
      let count = Int(random.below(200))
      // Seed 7. Half of the rounds are mostly lead and continuation bytes.
      let bytes = (0..<count).map { _ in
        UInt8(truncatingIfNeeded: round & 1 == 0 ? random.next() : random.next() | 0x80)
      }
      let found = worker.detect(bytes)
      #expect(LanguageTag(rawValue: found.tag.rawValue) != nil)
      #expect(found.probability <= 10_000 && found.scriptShare <= 10_000)
    }
  }

  @Test(
    arguments: [
      [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE2, 0x82], [0xF0],
      [0xCC], [0x61, 0xCC], [0xCC, 0x81], [0xEE, 0x80, 0x80],
    ] as [[UInt8]]) func brokenTextIsNotLanguage(bytes: [UInt8])
  {
    let found = worker.detect(bytes)
    #expect(
      found.tag.isNotLanguage || found.tag.isUndetermined || found.script.description == "Latn")
  }

  static let strange: [(String, [UInt8], String)] = [
    ("nothing", [], "zxx_Zyyy"),
    ("only marks", Array("\u{301}\u{302}\u{303}\u{327} \u{301}\u{302}".utf8), "und_Zzzz"),
    ("only private use", Array("\u{E000}\u{E001} \u{F8FF}\u{F0000}\u{10FFFD}".utf8), "zxx_Zyyy"),
    ("unassigned", Array("\u{E0080}\u{E0FFF}".utf8), "zxx_Zyyy"),
    ("coded surrogates", [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80, 0xED, 0xBF, 0xBF], "zxx_Zyyy"),
    (
      "surrogates in a text",
      Array("Die Kinder gingen langsam \u{0}zum Hafen ".utf8) + [0xED, 0xA0, 0xBD]
        + Array(" hinunter, um die Schiffe zu sehen.".utf8), "deu_Latn"
    ),
    (
      "mixed direction",
      Array("\u{202B}הילדים ירדו לאט אל הנמל כדי לראות את האוניות\u{202C} (the ships) 12".utf8),
      "heb_Hebr"
    ),
  ]

  @Test(arguments: strange) func strangeTextHasADefinedTag(
    name: String, bytes: [UInt8], tag: String
  ) {
    #expect(worker.detect(bytes).tag.description == tag, "\(name)")
  }

  @Test(arguments: [
    ("a", "zxx_Latn"), ("ー", "jpn_Jpan"), ("\u{301}", "und_Zzzz"), ("ก", "und_Thai"),
  ])
  func tenMegabytesOfOneCharacterHaveADefinedTag(unit: String, tag: String) {
    let bytes = Array(repeating: Array(unit.utf8), count: 10_000_000 / unit.utf8.count)
    #expect(worker.detect(bytes.flatMap { $0 }).tag.description == tag)
    worker.isSampling = false
    #expect(worker.detect(bytes.flatMap { $0 }).tag.description == tag)
  }

  @Test func resultDoesNotDependOnWhatWasDetectedBefore() {
    let texts = ["Guten Morgen, liebe Leute", "日本語の文", "1 2 3", "Съешь же ещё этих"]
    let first = texts.map { worker.detect($0) }
    let second = texts.reversed().map { worker.detect($0) }
    #expect(first == Array(second.reversed()))
  }
}
