import CSIMD

/// Which characters a `LetterMap` calls letters. Immutable once made.
final class LetterTable: @unchecked Sendable {
  /// Letters, as patterns mean them.
  static let letters = LetterTable(bit: CharacterClasses.letter, hasCapitals: true)
  /// The characters that end words in the pattern of o200k.
  static let small = LetterTable(bit: CharacterClasses.lower, hasCapitals: false)

  fileprivate let table: UnsafeMutablePointer<csimd_letter_table>
  /// Of the code points below `count`.
  fileprivate let classes: UnsafePointer<UInt8>
  fileprivate let count: Int
  fileprivate let bit: UInt8
  /// Whether capital ASCII letters are letters as the small ones are.
  fileprivate let hasCapitals: Bool
  private var owned: UnsafeMutablePointer<UInt8>?

  /// Takes characters of two and three bytes beside ASCII letters. They are found in well-formed
  /// UTF-8 only.
  convenience init(where isLetter: (Int) -> Bool) {
    let classes = UnsafeMutablePointer<UInt8>.allocate(capacity: 0x1_0000)
    for scalar in 0..<0x1_0000 {
      let isCharacter = scalar >= 0x80 && !(0xD800..<0xE000).contains(scalar)
      classes[scalar] = isCharacter && isLetter(scalar) ? 1 : 0
    }
    self.init(
      UnsafePointer(classes), count: 0x1_0000, bit: 1, hasCapitals: true, isStrict: true)
    owned = classes
  }

  private convenience init(bit: UInt8, hasCapitals: Bool) {
    self.init(
      CharacterClasses.shared.table, count: 0x11_0000, bit: bit, hasCapitals: hasCapitals,
      isStrict: false)
  }

  /// Takes code points by a bit of their classes. `isStrict`: not in more bytes than they need.
  private init(
    _ classes: UnsafePointer<UInt8>, count: Int, bit: UInt8, hasCapitals: Bool, isStrict: Bool
  ) {
    self.classes = classes
    self.count = count
    self.bit = bit
    self.hasCapitals = hasCapitals
    table = .allocate(capacity: 1)
    table.initialize(to: csimd_letter_table())
    func isLetter(_ scalar: Int) -> Bool { classes[scalar] & bit != 0 }
    withUnsafeMutableBytes(of: &table.pointee.two) { bytes in
      for scalar in 0..<0x800 where isLetter(scalar) { bytes[scalar >> 3] |= 1 << (scalar & 7) }
    }
    for page in 0..<1024 {
      let letters = (0..<64).count { isLetter(page << 6 | $0) }
      let isNone = letters == 0 || isStrict && page < 0x800 >> 6
      let bit = UInt8(1) << (page & 7)
      withUnsafeMutableBytes(of: &table.pointee.none) { $0[page >> 3] |= isNone ? bit : 0 }
      withUnsafeMutableBytes(of: &table.pointee.all) {
        $0[page >> 3] |= letters == 64 && !isNone ? bit : 0
      }
    }
    withUnsafeMutableBytes(of: &table.pointee.pages) { bytes in
      for (place, lead) in [0x0, 0x1, 0x3].enumerated() {
        for low in 0..<0x1000 where isLetter(lead << 12 | low) {
          bytes[place << 9 | low >> 3] |= 1 << (low & 7)
        }
      }
    }
  }

  deinit {
    table.deallocate()
    owned?.deallocate()
  }
}

/// Where runs of letters end in a text, by a bit for each byte that is made some kilobytes at a
/// time. One per thread; nil where the processor lacks the instructions.
final class LetterMap {
  private let letters: LetterTable
  private let map: UnsafeMutablePointer<csimd_letter_map>

  init?(_ letters: LetterTable = .letters) {
    guard csimd_can_map_letters() else { return nil }
    self.letters = letters
    map = .allocate(capacity: 1)
    map.initialize(to: csimd_letter_map())
    map.pointee.table = UnsafePointer(letters.table)
    map.pointee.classes = letters.classes
    map.pointee.class_count = letters.count
    map.pointee.letter = letters.bit
    map.pointee.ascii_case = letters.hasCapitals ? 0x20 : 0
  }

  deinit { map.deallocate() }

  /// The map of a text, valid until the next one.
  @inline(__always)
  func of(_ text: UnsafePointer<UInt8>, _ count: Int) -> UnsafeMutablePointer<csimd_letter_map> {
    map.pointee.text = text
    map.pointee.end = count
    map.pointee.start = 0
    map.pointee.span = 0
    return map
  }
}
