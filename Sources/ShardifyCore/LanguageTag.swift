/// A language and its script, written `xxx_Scrp`: ISO 639-3 and ISO 15924.
///
/// Unknown language is `und_Scrp`, text that is not language `zxx_Scrp`. The tag is eight ASCII
/// bytes kept in one integer, most significant first, so that comparing integers compares bytes.
public struct LanguageTag: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The eight ASCII bytes, the first in the most significant place.
  public let rawValue: UInt64

  /// Makes a tag from bytes already known to be a tag.
  public init(unchecked rawValue: UInt64) { self.rawValue = rawValue }

  /// Reads `xxx_Scrp`; nil if the bytes are not three small letters, `_`, a capital and three
  /// small letters.
  public init?(_ text: some StringProtocol) {
    self.init(bytes: Array(text.utf8))
  }

  /// Reads `xxx_Scrp` from bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 8 else { return nil }
    var raw: UInt64 = 0
    for (place, byte) in bytes.enumerated() {
      switch place {
      case 3: guard byte == UInt8(ascii: "_") else { return nil }
      case 4: guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) else { return nil }
      default: guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) else { return nil }
      }
      raw = raw << 8 | UInt64(byte)
    }
    rawValue = raw
  }

  /// Checks an integer read from a file.
  public init?(rawValue: UInt64) {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> (56 - 8 * UInt64($0))) }
    guard let tag = LanguageTag(bytes: bytes) else { return nil }
    self = tag
  }

  /// Joins a language and a script.
  public init?(language: some StringProtocol, script: ScriptTag) {
    self.init("\(language)_\(script)")
  }

  /// The script half.
  public var script: ScriptTag { ScriptTag(unchecked: UInt32(truncatingIfNeeded: rawValue)) }

  /// The language half, three letters.
  public var language: String { String(description.prefix(3)) }

  /// Whether this is `und_Scrp`: a script, but no language that could be told.
  public var isUndetermined: Bool { rawValue >> 40 == 0x75_6E64 }

  /// Whether this is `zxx_Scrp`: not language.
  public var isNotLanguage: Bool { rawValue >> 40 == 0x7A_7878 }

  public var description: String {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> (56 - 8 * UInt64($0))) }
    return String(decoding: bytes, as: UTF8.self)
  }

  public static func < (a: LanguageTag, b: LanguageTag) -> Bool { a.rawValue < b.rawValue }
}

/// A script, written as in ISO 15924: `Latn`. Four ASCII bytes kept in one integer.
public struct ScriptTag: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The four ASCII bytes, the first in the most significant place.
  public let rawValue: UInt32

  /// Makes a tag from bytes already known to be a tag.
  public init(unchecked rawValue: UInt32) { self.rawValue = rawValue }

  /// Reads `Scrp`; nil if the bytes are not a capital and three small letters.
  public init?(_ text: some StringProtocol) {
    guard let tag = LanguageTag("und_\(text)") else { return nil }
    rawValue = UInt32(truncatingIfNeeded: tag.rawValue)
  }

  /// Checks an integer read from a file.
  public init?(rawValue: UInt32) {
    guard LanguageTag(rawValue: 0x75_6E64_5F << 32 | UInt64(rawValue)) != nil else { return nil }
    self.rawValue = rawValue
  }

  public var description: String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> (24 - 8 * UInt32($0))) }
    return String(decoding: bytes, as: UTF8.self)
  }

  public static func < (a: ScriptTag, b: ScriptTag) -> Bool { a.rawValue < b.rawValue }
}
