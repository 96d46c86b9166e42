import ShardifyCore
import Testing

@Suite struct LanguageTagTests {
  @Test func aTagIsReadAndWritten() throws {
    let tag = try #require(LanguageTag("deu_Latn"))
    #expect("\(tag)" == "deu_Latn")
    #expect(tag.language == "deu" && "\(tag.script)" == "Latn")
    #expect(tag.rawValue == 0x6465_755F_4C61_746E)
    #expect(LanguageTag(rawValue: tag.rawValue) == tag)
    #expect(LanguageTag(language: "deu", script: tag.script) == tag)
  }

  @Test(arguments: [
    "", "deu", "deu_latn", "DEU_Latn", "deu-Latn", "deu_Latn ", " deu_Latn", "deu_LatN", "de__Latn",
    "d\u{E9}u_Latn", "deu_Lat1", "deu_Latnx",
  ]) func anythingElseIsNoTag(text: String) {
    #expect(LanguageTag(text) == nil)
  }

  @Test func everyDamagedByteOfAnIntegerIsNoticed() throws {
    let raw = try #require(LanguageTag("tur_Latn")).rawValue
    for byte in 0..<8 {
      #expect(LanguageTag(rawValue: raw & ~(0xFF << (8 * UInt64(byte)))) == nil)
      #expect(LanguageTag(rawValue: raw | 0x80 << (8 * UInt64(byte))) == nil)
    }
  }

  @Test func comparingTagsComparesBytes() throws {
    let names = ["deu_Latn", "aze_Cyrl", "aze_Arab", "zho_Hant", "zho_Hans"]
    let tags = try names.map { try #require(LanguageTag($0)) }
    let byBytes = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    #expect(tags.sorted().map { "\($0)" } == byBytes)
  }

  @Test func undeterminedAndNoLanguageAreTold() throws {
    func flags(_ text: String) throws -> [Bool] {
      let tag = try #require(LanguageTag(text))
      return [tag.isUndetermined, tag.isNotLanguage]
    }
    #expect(try flags("und_Latn") == [true, false])
    #expect(try flags("zxx_Zyyy") == [false, true])
    #expect(try flags("unr_Latn") == [false, false])
    #expect(try flags("zxy_Latn") == [false, false])
  }

  @Test func aScriptIsReadAndWritten() throws {
    let script = try #require(ScriptTag("Hans"))
    #expect("\(script)" == "Hans")
    #expect(ScriptTag(rawValue: script.rawValue) == script)
    #expect(ScriptTag("hans") == nil && ScriptTag("Han") == nil && ScriptTag("") == nil)
    #expect(ScriptTag(rawValue: 0) == nil)
  }
}
