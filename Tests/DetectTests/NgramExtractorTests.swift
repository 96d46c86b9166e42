import ShardifyCore
import Testing

@testable import Detect

@Suite struct NgramExtractorTests {
  private func rows(_ text: String, script: String = "Latn", part: Int = 1 << 20) -> [UInt64] {
    let table = CharacterTable.shared
    var extractor = NgramExtractor(table: table, maxOrder: 4, usesWords: true)
    extractor.reset(scriptCode: table.code(of: ScriptTag(script) ?? .common))
    let bytes = Array(text.utf8)
    var ids = [UInt64](repeating: 0, count: bytes.count * NgramExtractor.mostPerByte + 24)
    var found: [UInt64] = []
    var place = 0
    while place < bytes.count {
      let count = extractor.feed(
        bytes, &place, stop: min(place + part, bytes.count), end: bytes.count, ids: &ids)
      found += ids.prefix(count)
    }
    let last = extractor.finish(ids: &ids)
    return found + ids.prefix(last)
  }

  @Test func featuresAreThoseOfEveryWord() {
    // Orders 1 and 2 at each letter, 3 from the second, 4 from the third, then 3 and 4 at the end;
    // a word of three letters or more also gives itself.
    #expect(rows("a").count == 2 + 1)
    #expect(rows("ab").count == 2 + 3 + 2)
    #expect(rows("abc").count == 2 + 3 + 4 + 3)
    #expect(rows("a b").sorted() == (rows("a") + rows("b")).sorted())
  }

  @Test func caseAndPunctuationDoNotMatter() {
    #expect(rows("Größe, (ÉTÉ)!") == rows("größe été"))
  }

  @Test func decomposedLettersAreThoseOfComposedOnes() {
    #expect(rows("Bo\u{323}n tre\u{309} cha\u{323}\u{302}m") == rows("Bọn trẻ chậm"))
    #expect(rows("й", script: "Cyrl") == rows("и\u{306}", script: "Cyrl"))
    #expect(rows("x\u{301}").count > rows("x").count)
  }

  @Test func lettersOfOtherScriptsAreNotRead() {
    #expect(rows("hello мир world") == rows("hello world"))
    #expect(rows("漢字かな abc", script: "Jpan") == rows("漢字かな", script: "Jpan"))
  }

  @Test func textFedInPartsGivesTheSameFeatures() {
    let text = "Ein längerer Satz, in Teilen gelesen: e\u{301}te\u{301} — ok."
    for part in 1...9 { #expect(rows(text, part: part) == rows(text)) }
  }

  @Test func noTextGivesMoreFeaturesThanTheBufferHolds() {
    for text in [
      "a a a a a a", "aaaaaaaa", "abc abc abc ", "a,b.c;d", String(repeating: "é ", count: 40),
    ] {
      #expect(rows(text).count <= text.utf8.count * NgramExtractor.mostPerByte)
    }
  }
}
