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

  @Test func tenMegabytesOfOneCharacterEnd() {
    for unit in ["a", "ー", "\u{301}"] {
      let bytes = Array(repeating: Array(unit.utf8), count: 10_000_000 / unit.utf8.count)
      _ = worker.detect(bytes.flatMap { $0 })
    }
  }

  @Test func resultDoesNotDependOnWhatWasDetectedBefore() {
    let texts = ["Guten Morgen, liebe Leute", "日本語の文", "1 2 3", "Съешь же ещё этих"]
    let first = texts.map { worker.detect($0) }
    let second = texts.reversed().map { worker.detect($0) }
    #expect(first == Array(second.reversed()))
  }
}
