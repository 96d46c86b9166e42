import CICU

/// What a script histogram needs of a code point, in one byte: a class.
///
/// A class below `least` is a script code. The tables are indexed by the bytes of the sequence as one
/// number, most significant first, so that a sequence is classified by one load, with no arithmetic on
/// its bits. Between the pages of 64 code points lie gaps that nothing reads.
struct ScriptClasses: @unchecked Sendable {
  /// The sequences at which the tables start: C0 80 and E0 80 80.
  static let firstTwoByte = 0xC080
  static let firstThreeByte = 0xE0_8080

  /// Han characters that only simplified, and only traditional text uses.
  static let simplified: UInt8 = 248
  static let traditional: UInt8 = 249
  static let privateUse: UInt8 = 250
  static let unassigned: UInt8 = 251
  /// Letters and marks whose script the letter before them decides.
  static let shared: UInt8 = 252
  /// Digits, punctuation, symbols and space.
  static let other: UInt8 = 253
  /// Two-byte forms of ASCII, which are not UTF-8.
  static let overlong: UInt8 = 254
  /// Letters of a script that has no code below `least`.
  static let unknown: UInt8 = 255
  static let least: UInt8 = 248

  /// The class of every sequence of two bytes, less `firstTwoByte`.
  let twoByte: UnsafePointer<UInt8>
  /// The class of every sequence of three bytes, less `firstThreeByte`.
  let threeByte: UnsafePointer<UInt8>

  init(_ entry: (UInt32) -> CharacterTable.Entry, han: Int) {
    let two = Self.allocate(0xDFBF - Self.firstTwoByte + 1)
    let three = Self.allocate(0xEF_BFBF - Self.firstThreeByte + 1)
    for codePoint in 0..<0x1_0000 {
      let kind = Self.classify(entry(UInt32(codePoint)), han: han)
      three[(codePoint >> 12) << 16 | (codePoint >> 6 & 0x3F) << 8 | codePoint & 0x3F] = kind
      if codePoint < 0x800 {
        two[(codePoint >> 6) << 8 | codePoint & 0x3F] = codePoint < 0x80 ? Self.overlong : kind
      }
    }
    twoByte = UnsafePointer(two)
    threeByte = UnsafePointer(three)
  }

  /// The process keeps the tables until it ends.
  private static func allocate(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
    memory.initialize(repeating: other, count: count)
    return memory
  }

  /// The class of an entry; the Han code is needed because the form of a Han character is a class.
  @inline(__always)
  static func classify(_ entry: CharacterTable.Entry, han: Int) -> UInt8 {
    switch Int32(entry.kind) {
    case Int32(CICU_LETTER), Int32(CICU_MARK): break
    case Int32(CICU_PRIVATE): return privateUse
    case Int32(CICU_UNASSIGNED): return unassigned
    default: return other
    }
    if entry.isShared { return shared }
    if entry.script == han {
      if entry.simplified != 0 { return simplified }
      if entry.traditional != 0 { return traditional }
    }
    return entry.script < Int(least) ? UInt8(truncatingIfNeeded: entry.script) : unknown
  }
}
