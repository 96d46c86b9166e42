import Detect
import ShardifyCore
import Testing

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

  @Test func longAndShortRunsOfASCIICountAlike() {
    for count in 0..<70 {
      let letters = String(repeating: "a", count: count)
      #expect(worker.scripts(letters + "é" + letters).letters == UInt64(2 * count + 1))
    }
  }
}
