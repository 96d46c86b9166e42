/// A pattern over whole texts: `*` stands for any characters, `?` for one; all else for itself.
///
/// Texts are UTF-8 bytes; `?` takes one Unicode scalar.
public struct WildcardPattern: Hashable, Sendable {
  private let pattern: [UInt8]

  /// Takes a pattern.
  public init(_ text: some StringProtocol) { pattern = Array(text.utf8) }

  /// Whether a text has a character that a pattern gives a meaning.
  public static func isPattern(_ text: some StringProtocol) -> Bool {
    text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
  }

  /// Whether the whole text matches.
  ///
  /// - Complexity: O(pattern · text) at worst, linear in practice.
  public func matches(_ text: [UInt8]) -> Bool {
    // The usual two-pointer match: on a mismatch the last star takes one byte more.
    var (p, t) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        star = (p, t)
        p += 1
      } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") {
        p += 1
        t += 1
        while t < text.count, text[t] & 0xC0 == 0x80 { t += 1 }
      } else if p < pattern.count, pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        (p, t) = (last.pattern + 1, last.text + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
