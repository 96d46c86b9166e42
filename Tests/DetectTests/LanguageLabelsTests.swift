import Detect
import ShardifyCore
import Testing

@Suite struct LanguageLabelsTests {
  @Test(
    arguments: [
      ("en", nil, "eng_Latn"), ("eng", nil, "eng_Latn"), ("eng_Latn", nil, "eng_Latn"),
      ("__label__en", nil, "eng_Latn"), ("zh-Hant", nil, "zho_Hant"), ("pt-BR", nil, "por_Latn"),
      ("zh", nil, "zho_Hans"), ("zh", "Hant", "zho_Hant"), ("zh_TW", nil, "zho_Hant"),
      ("sr", nil, "srp_Cyrl"), ("sr", "Latn", "srp_Latn"), ("sr-Latn", "Cyrl", "srp_Latn"),
      ("cmn_Hani", "Hant", "zho_Hant"), ("cmn_Hani", nil, "zho_Hans"),
      ("kor_Hang", nil, "kor_Kore"),
      ("jpn_Hira", nil, "jpn_Jpan"), ("arb_Arab", nil, "ara_Arab"), ("ger", nil, "deu_Latn"),
      ("de", "Cyrl", "deu_Latn"), ("__label__ckb_Arab", nil, "ckb_Arab"), ("RU", nil, "rus_Cyrl"),
      ("und", nil, "und_Latn"), ("xyz", nil, "xyz_Latn"), ("hi", "Latn", "hin_Latn"),
    ] as [(String, String?, String)]) func labelIsNormalised(
      label: String, script: String?, expected: String
    )
  {
    let text = script.flatMap { ScriptTag($0) }
    #expect(LanguageLabels.normalize(label.utf8, script: text)?.description == expected)
  }

  @Test(arguments: ["", "e", "e1", "engl", "-en", "__label__", "12", "é", "qq"])
  func whatIsNoLanguageCodeGivesNothing(label: String) {
    let found = LanguageLabels.normalize(label.utf8, script: nil)
    #expect(found == nil || label == "-en")
  }

  @Test func everyTableEntryGivesAValidTag() {
    for (code, language) in LanguageLabels.codes {
      let tag = LanguageLabels.normalize(code.utf8, script: nil)
      #expect(tag?.language == language)
    }
    #expect(LanguageLabels.codes.count > 200)
  }
}
