import CICU
import ShardifyCore

/// Brings the labels of models and corpora to one form, `xxx_Scrp`.
///
/// Understands `en`, `eng`, `eng_Latn`, `__label__en`, `zh-Hant`, `zh_TW`, `pt-BR`, `sr-Latn`,
/// `cmn_Hani`; `LanguageLabels+Tables.swift` lists the codes. Where a label names no script, the
/// text's script is taken if the language is written in it, else the language's usual one.
public enum LanguageLabels {
  /// The tag of a label, or nil if it does not begin with a language code.
  ///
  /// - Parameters:
  ///   - label: The label's bytes, ASCII.
  ///   - script: The script of the text, if it is known.
  public static func normalize(
    _ label: some Sequence<UInt8>, script: ScriptTag?
  ) -> LanguageTag? {
    var parts = subtags(label)
    guard let first = parts.first else { return nil }
    parts.removeFirst()
    guard let language = language(first) else { return nil }
    let own = parts.lazy.compactMap { scriptSubtag($0, language: language) }.first
    let chosen = joined(own ?? usualScript(language, text: script), language, text: script)
    return LanguageTag(
      rawValue: UInt64(language) << 40 | UInt64(UInt8(ascii: "_")) << 32 | UInt64(chosen.rawValue))
  }

  /// The codes that are read as a language, in the order of codes: `iw`, `he` for `heb`.
  public static func aliases(of language: String) -> [String] {
    codes.filter { $0.language == language }.map(\.code)
  }

  /// The scripts a language is written in, the usual one first.
  public static func scripts(of language: String) -> [ScriptTag] {
    tables.scripts[packed(language.utf8)] ?? [.latin]
  }

  /// The English name of a language as ICU has it, or nil.
  public static func name(of language: String) -> String? {
    var text = [CChar](repeating: 0, count: 200)
    guard cicu_language_name(language, &text, 200) > 0 else { return nil }
    return String(
      decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Every code that is read as another: `(code, language)`, in the order of codes.
  public static var codes: [(code: String, language: String)] {
    tables.languages.map { (text($0.key), text($0.value)) }.sorted { $0.code < $1.code }
  }

  /// Codes packed three or two bytes to an integer; asked by key only.
  private struct Tables {
    var languages: [UInt32: UInt32] = [:]
    var scripts: [UInt32: [ScriptTag]] = [:]
  }

  private static let tables: Tables = {
    var tables = Tables()
    for (list, width) in [(twoLetterCodes, 2), (sharedCodes, 3)] {
      for entry in list.description.utf8.split(separator: 32) {
        tables.languages[packed(entry.prefix(width))] = packed(entry.dropFirst(width))
      }
    }
    for entry in languageScripts.description.utf8.split(separator: 32) {
      tables.scripts[packed(entry.prefix(3))] = entry.dropFirst(4).split(separator: 0x2C)
        .map { ScriptTag(unchecked: packed($0)) }
    }
    return tables
  }()

  private static func packed(_ bytes: some Sequence<UInt8>) -> UInt32 {
    bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func text(_ code: UInt32) -> String {
    let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: code >> $0) }.filter { $0 != 0 }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The parts between `-` and `_`, in small letters, without fastText's `__label__`.
  private static func subtags(_ label: some Sequence<UInt8>) -> [[UInt8]] {
    var bytes = label.prefix(64).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    if bytes.starts(with: "__label__".utf8) { bytes.removeFirst(9) }
    return bytes.split(separator: 0x2D).flatMap { $0.split(separator: 0x5F).map { Array($0) } }
  }

  private static func language(_ subtag: [UInt8]) -> UInt32? {
    guard subtag.allSatisfy({ (0x61...0x7A).contains($0) }) else { return nil }
    switch subtag.count {
    case 2: return tables.languages[packed(subtag)]
    case 3: return tables.languages[packed(subtag)] ?? packed(subtag)
    default: return nil
    }
  }

  private static let chinese: UInt32 = 0x7A_686F

  /// The script that a later part of the label names: a script code, or a region for Chinese.
  private static func scriptSubtag(_ subtag: [UInt8], language: UInt32) -> ScriptTag? {
    switch String(decoding: subtag, as: UTF8.self) {
    case "latin": return .latin
    case "tw", "hk", "mo": return language == chinese ? .traditionalHan : nil
    case "cn", "sg": return language == chinese ? .simplifiedHan : nil
    default: break
    }
    guard subtag.count == 4 else { return nil }
    return ScriptTag(rawValue: packed([subtag[0] & 0xDF] + subtag[1...]))
  }

  private static func usualScript(_ language: UInt32, text: ScriptTag?) -> ScriptTag {
    let scripts = tables.scripts[language] ?? [.latin]
    if let text, scripts.contains(text) { return text }
    return scripts.first ?? .latin
  }

  /// Names the script as tags do: Jpan, Kore, Hans and Hant instead of their parts.
  private static func joined(
    _ script: ScriptTag, _ language: UInt32, text: ScriptTag?
  ) -> ScriptTag {
    switch script {
    case .hiragana, .katakana, ScriptTag(named: "Hrkt"): return .japanese
    case .hangul: return .korean
    case .han:
      let usual = usualScript(language, text: text)
      return usual == .han ? .simplifiedHan : usual
    default: return script
    }
  }
}
