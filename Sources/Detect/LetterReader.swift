import CICU

/// Reads a text as lower-case letters and marks of one writing system.
///
/// Decomposed accents are joined to their letter; all else, letters of other scripts too, is `boundary`.
struct LetterReader {
  /// Stands for all that is no letter. Letters are above it.
  static let boundary: UInt32 = 0x20

  let table: CharacterTable
  /// The scripts that are read, by code.
  private(set) var scripts: UnsafePointer<UInt8>

  /// Letters and marks read so far.
  var letters = 0
  /// Digits, punctuation and symbols read so far.
  var others = 0

  init(_ table: CharacterTable) {
    self.table = table
    scripts = table.scripts(of: 0)
  }

  /// Forgets all text, and reads texts of the script with this code from now on.
  mutating func reset(scriptCode: Int) {
    (letters, others) = (0, 0)
    scripts = table.scripts(of: scriptCode)
  }

  /// Reads one letter with its marks, or one code point or byte that is none.
  @inline(__always)
  mutating func next(_ base: UnsafePointer<UInt8>, _ place: inout Int, _ end: Int) -> UInt32 {
    let codePoint = UTF8Decoder.next(base, &place, end)
    guard codePoint != UTF8Decoder.invalid else { return Self.boundary }
    let entry = table.entry(codePoint)
    guard entry.isWord, entry.isShared || scripts[entry.script] != 0 else {
      if entry.kind == CICU_OTHER { others &+= 1 }
      return Self.boundary
    }
    var symbol = UInt32(bitPattern: Int32(bitPattern: codePoint) &+ entry.lowerDelta)
    // The marks U+0300-U+036F begin with byte 0xCC or 0xCD.
    while place &+ 1 < end, base[place] | 1 == 0xCD {
      var after = place
      let mark = UTF8Decoder.next(base, &after, end)
      guard mark < 0x370, let joined = table.compositions.composed(symbol, mark) else { break }
      symbol = joined
      place = after
    }
    letters &+= 1
    return symbol
  }
}
