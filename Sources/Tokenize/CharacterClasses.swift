/// The classes of every code point that the hand-written scanners ask for, one byte each.
///
/// Unicode 16, as the reference engines see it; never this system's version. The table is flat:
/// text of one script touches one or two kilobytes of it.
final class CharacterClasses: @unchecked Sendable {
  /// `\p{L}`.
  static let letter: UInt8 = 1
  /// `\p{N}`.
  static let number: UInt8 = 2
  /// `\s`.
  static let space: UInt8 = 4
  /// U+000A and U+000D, which also have `space`.
  static let newline: UInt8 = 8
  /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`.
  static let upper: UInt8 = 16
  /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
  static let lower: UInt8 = 32
  /// `\p{Han}`.
  static let han: UInt8 = 64

  /// Made once.
  static let shared = CharacterClasses()

  /// Class bits; shape [0x110000].
  let table: UnsafePointer<UInt8>

  private init() {
    let bits = UnsafeMutablePointer<UInt8>.allocate(capacity: 0x110000)
    bits.initialize(repeating: 0, count: 0x110000)
    let parts: [(StaticString, UInt8)] = [
      (UnicodeTables.letter, Self.letter), (UnicodeTables.number, Self.number),
      (UnicodeTables.space, Self.space), (UnicodeTables.han, Self.han),
      (UnicodeTables.uppercase, Self.upper), (UnicodeTables.titlecase, Self.upper),
      (UnicodeTables.modifierLetter, Self.upper | Self.lower),
      (UnicodeTables.otherLetter, Self.upper | Self.lower),
      (UnicodeTables.mark, Self.upper | Self.lower), (UnicodeTables.lowercase, Self.lower),
    ]
    for (source, bit) in parts {
      for range in ScalarRanges(table: source).ranges where range.upperBound < 0x110000 {
        for scalar in range { bits[Int(scalar)] |= bit }
      }
    }
    bits[0x0A] |= Self.newline
    bits[0x0D] |= Self.newline
    table = UnsafePointer(bits)
  }

  deinit { table.deallocate() }
}
