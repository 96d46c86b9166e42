import ShardifyCore

/// Languages by the form of their tags: `*_Cyrl`, `zho_*`, `?aa_Latn`; `*` for all.
public struct LanguagePattern: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The pattern as written.
  public let text: String
  private let wildcard: WildcardPattern

  /// Takes a pattern; nil if it has no `*` or `?`, or a character that no tag has.
  public init?(_ text: some StringProtocol) {
    let isPart = { (byte: UInt8) in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || "*?_".utf8.contains(byte)
    }
    guard WildcardPattern.isPattern(text), text.utf8.count <= 32, text.utf8.allSatisfy(isPart)
    else { return nil }
    self.text = String(text)
    wildcard = WildcardPattern(text)
  }

  /// Every language of a script.
  public init(script: ScriptTag) {
    text = "*_\(script)"
    wildcard = WildcardPattern(text)
  }

  /// Whether a tag matches. `und_*` and `zxx_*` match only where the pattern begins with those letters,
  /// so that `*_Latn` does not take in what has no language.
  public func matches(_ tag: LanguageTag) -> Bool {
    if tag.isUndetermined && !text.utf8.starts(with: "und".utf8) { return false }
    if tag.isNotLanguage && !text.utf8.starts(with: "zxx".utf8) { return false }
    return matchesAny(tag)
  }

  /// Whether a tag matches, `und_*` and `zxx_*` with the others.
  func matchesAny(_ tag: LanguageTag) -> Bool { wildcard.matches(Array(tag.description.utf8)) }

  public var description: String { text }

  public static func == (a: LanguagePattern, b: LanguagePattern) -> Bool {
    a.text.utf8.elementsEqual(b.text.utf8)
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(wildcard) }

  public static func < (a: LanguagePattern, b: LanguagePattern) -> Bool {
    a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }
}
