import CICU

/// Which lower-case letter a letter and a following mark make: `e` and U+0301 make `é`.
///
/// Covers the marks U+0300-U+036F, so that decomposed Latin, Greek and Cyrillic text reads like
/// composed text. An open-addressing table; the loop asks it only after it has seen such a mark.
struct CompositionTable: Sendable {
  private var keys: [UInt64]
  private var values: [UInt32]
  private static let sizeBits: UInt64 = 12

  init() {
    keys = [UInt64](repeating: 0, count: 1 << Int(Self.sizeBits))
    values = [UInt32](repeating: 0, count: keys.count)
    for codePoint in UInt32(0xC0)..<0x2000 {
      var first: UInt32 = 0
      var second: UInt32 = 0
      guard cicu_composition(codePoint, &first, &second) == 1, (0x300...0x36F).contains(second)
      else { continue }
      insert(first, second, codePoint)
    }
  }

  /// The composition of a letter and a mark, or nil.
  func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
    let key = UInt64(first) << 32 | UInt64(second)
    var place = Self.place(key)
    while keys[place] != 0 {
      if keys[place] == key { return values[place] }
      place = (place + 1) & (keys.count - 1)
    }
    return nil
  }

  /// About 900 entries in 4,096 places, so that a search always ends.
  private mutating func insert(_ first: UInt32, _ second: UInt32, _ composed: UInt32) {
    let key = UInt64(first) << 32 | UInt64(second)
    var place = Self.place(key)
    while keys[place] != 0 { place = (place + 1) & (keys.count - 1) }
    keys[place] = key
    values[place] = composed
  }

  private static func place(_ key: UInt64) -> Int {
    Int((key &* 0x9E37_79B9_7F4A_7C15) >> (64 - sizeBits))
  }
}
