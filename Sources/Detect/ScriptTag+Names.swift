import ShardifyCore

extension ScriptTag {
  /// The script of these four ASCII letters, which the caller writes out.
  init(named name: StaticString) {
    var raw: UInt32 = 0
    name.withUTF8Buffer { for byte in $0.prefix(4) { raw = raw << 8 | UInt32(byte) } }
    self.init(unchecked: raw)
  }

  static let latin = ScriptTag(named: "Latn")
  static let common = ScriptTag(named: "Zyyy")
  static let inherited = ScriptTag(named: "Zinh")
  static let unknown = ScriptTag(named: "Zzzz")
  static let han = ScriptTag(named: "Hani")
  static let simplifiedHan = ScriptTag(named: "Hans")
  static let traditionalHan = ScriptTag(named: "Hant")
  static let hiragana = ScriptTag(named: "Hira")
  static let katakana = ScriptTag(named: "Kana")
  static let japanese = ScriptTag(named: "Jpan")
  static let hangul = ScriptTag(named: "Hang")
  static let korean = ScriptTag(named: "Kore")
  static let bopomofo = ScriptTag(named: "Bopo")
}

extension LanguageTag {
  /// `und_Scrp`.
  static func undetermined(_ script: ScriptTag) -> LanguageTag {
    LanguageTag(unchecked: 0x75_6E64_5F << 32 | UInt64(script.rawValue))
  }

  /// `zxx_Scrp`.
  static func notLanguage(_ script: ScriptTag) -> LanguageTag {
    LanguageTag(unchecked: 0x7A_7878_5F << 32 | UInt64(script.rawValue))
  }
}
