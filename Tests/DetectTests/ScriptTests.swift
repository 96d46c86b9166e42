import CICU
import ShardifyCore
import Testing

@testable import Detect

@Suite struct ScriptTests {
  let worker: DetectWorker

  init() throws { worker = try Detector().makeWorker() }

  @Test(arguments: [
    ("The quick brown fox", "Latn"), ("Съешь же ещё этих мягких", "Cyrl"),
    ("日本語の文章です。カタカナも", "Jpan"), ("한국어 문장입니다 大韓民國", "Kore"),
    ("这个问题应该怎么说", "Hans"), ("這個問題應該怎麼說", "Hant"),
    ("العربية لغة جميلة", "Arab"), ("हिन्दी भाषा", "Deva"), ("ภาษาไทย", "Thai"),
    ("ខ្មែរ", "Khmr"), ("1234 :-)", "Zyyy"), ("", "Zyyy"), ("א", "Hebr"),
  ]) func dominantScriptIsFound(text: String, script: String) {
    #expect(worker.detect(text).script.description == script)
  }

  @Test func lettersOfEveryScriptAreCounted() {
    let found = worker.scripts("abc дом 字 ー e\u{301} 12, \u{E000}")
    let rows = found.rows.map { "\($0.script) \($0.letters)" }
    // The length mark is shared by the kana, neither of which is Han; the accent follows its letter.
    #expect(rows == ["Latn 5", "Cyrl 3", "Hani 1", "Hira 1"])
    #expect(found.letters == 10)
    #expect(found.privateUse == 1)
  }

  @Test func lengthMarkCountsForTheKanaBeforeIt() {
    let rows = worker.scripts("カー").rows.map { "\($0.script) \($0.letters)" }
    #expect(rows == ["Kana 2"])
  }

  @Test func shareAndMixedFlagFollowTheLetters() {
    let found = worker.detect("abcdefghi жук")
    #expect(found.scriptShare == 7500)
    #expect(found.flags.contains(.mixedScript))
    #expect(!worker.detect("abcdefghijklmnopqrstuvwxyz ж").flags.contains(.mixedScript))
  }

  /// The same counts, one code point after the other: what the counter did before it took blocks.
  private struct Plain: Equatable {
    var letters = [UInt64](repeating: 0, count: 256)
    var simplified: UInt64 = 0
    var traditional: UInt64 = 0
    var privateUse: UInt64 = 0
    var unassigned: UInt64 = 0
    var invalidBytes: UInt64 = 0

    init(_ text: [UInt8]) {
      let table = CharacterTable.shared
      var last = 255
      var place = 0
      while place < text.count {
        let codePoint = UTF8Decoder.next(text, &place, text.count)
        guard codePoint != UTF8Decoder.invalid else {
          invalidBytes += 1
          continue
        }
        let entry = table.entry(codePoint)
        if entry.kind == CICU_PRIVATE { privateUse += 1 }
        if entry.kind == CICU_UNASSIGNED { unassigned += 1 }
        guard entry.isWord else { continue }
        if entry.isShared {
          let set = table.sets[entry.script]
          if !set.contains(last), set.first != 255 { last = set.first }
        } else {
          last = entry.script
        }
        letters[last] += 1
        simplified += UInt64(entry.simplified)
        traditional += UInt64(entry.traditional)
      }
    }

    init(_ counter: ScriptCounter) {
      for code in counter.codes { letters[Int(code)] = counter.counts[Int(code)] }
      (simplified, traditional) = (counter.simplified, counter.traditional)
      (privateUse, unassigned) = (counter.privateUse, counter.unassigned)
      invalidBytes = counter.invalidBytes
    }
  }

  private static let samples: [[UInt8]] =
    [
      "plain words, 123 ", "caf\u{E9} e\u{301}t\u{E9} \u{AA}\u{B5}", "дом ", "カー・ジャー ", "漢字边邊 ",
      "한국어",
      "العَرَبِيّة ـ", "हिन्दी\u{951}\u{964}", "\u{1F600}\u{10330}\u{1D400}", "\u{E000}\u{10FFFD}",
      "\u{378}\u{FFFF}",
      "\u{300}\u{301}", "ー", "\u{640}", "   ", "0123456789",
    ].map { Array($0.utf8) } + [
      [0xFF], [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
      [0xF0, 0x80, 0x80, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE6, 0x97], [0xF0, 0x9F, 0x98], [0xC3],
    ]

  @Test func blocksCountAsOneCodePointAfterTheOther() {
    var random = SeededRandom(seed: 21)
    let counter = ScriptCounter()
    for round in 0..<3000 {
      var text: [UInt8] = []
      let size = Int(random.below(round % 50 == 0 ? 5000 : 400))
      let kinds = 1 + Int(random.below(6))
      let chosen = (0..<kinds).map { _ in
        Self.samples[Int(random.below(UInt64(Self.samples.count)))]
      }
      while text.count < size { text += chosen[Int(random.below(UInt64(kinds)))] }
      for _ in 0..<random.below(3) where !text.isEmpty {
        text[Int(random.below(UInt64(text.count)))] = UInt8(truncatingIfNeeded: random.next())
      }
      text.withUnsafeBytes { counter.count($0) }
      #expect(Plain(counter) == Plain(text), "round \(round)")
    }
  }

  @Test func lookingBackIsLinear() {
    // Marks with much between them: each looks back only to the one before.
    let text = String(repeating: String(repeating: "1", count: 4000) + "\u{301}", count: 500)
    #expect(worker.scripts(text).rows.map { "\($0.script) \($0.letters)" } == ["Zzzz 500"])
  }

  @Test func longAndShortRunsOfASCIICountAlike() {
    for count in 0..<70 {
      let letters = String(repeating: "a", count: count)
      #expect(worker.scripts(letters + "é" + letters).letters == UInt64(2 * count + 1))
    }
  }
}
