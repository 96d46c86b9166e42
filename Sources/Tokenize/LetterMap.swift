import CSIMD

/// Where runs of letters, or of small ones, end in a text, by a bit for each byte that is made some
/// kilobytes at a time. One per thread; nil where the processor lacks the instructions.
final class LetterMap {
  private enum Tables {
    nonisolated(unsafe) static let letters = makeTable(CharacterClasses.letter)
    nonisolated(unsafe) static let small = makeTable(CharacterClasses.lower)
  }

  private let map: UnsafeMutablePointer<csimd_letter_map>

  /// `ofSmall`: of the characters that end words in the pattern of o200k.
  init?(ofSmall: Bool = false) {
    guard csimd_can_map_letters() else { return nil }
    map = .allocate(capacity: 1)
    map.initialize(to: csimd_letter_map())
    map.pointee.table = ofSmall ? Tables.small : Tables.letters
    map.pointee.classes = CharacterClasses.shared.table
    map.pointee.letter = ofSmall ? CharacterClasses.lower : CharacterClasses.letter
    map.pointee.ascii_case = ofSmall ? 0 : 0x20
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

  /// Lives as long as the process, as the classes do.
  private static func makeTable(_ bit: UInt8) -> UnsafePointer<csimd_letter_table> {
    let classes = CharacterClasses.shared.table
    func isLetter(_ scalar: Int) -> Bool { classes[scalar] & bit != 0 }
    let table = UnsafeMutablePointer<csimd_letter_table>.allocate(capacity: 1)
    table.initialize(to: csimd_letter_table())
    withUnsafeMutableBytes(of: &table.pointee.two) { bytes in
      for scalar in 0..<0x800 where isLetter(scalar) { bytes[scalar >> 3] |= 1 << (scalar & 7) }
    }
    for page in 0..<1024 {
      let letters = (0..<64).count { isLetter(page << 6 | $0) }
      let bit = UInt8(1) << (page & 7)
      withUnsafeMutableBytes(of: &table.pointee.all) { $0[page >> 3] |= letters == 64 ? bit : 0 }
      withUnsafeMutableBytes(of: &table.pointee.none) { $0[page >> 3] |= letters == 0 ? bit : 0 }
    }
    withUnsafeMutableBytes(of: &table.pointee.pages) { bytes in
      for (place, lead) in [0x0, 0x1, 0x3].enumerated() {
        for low in 0..<0x1000 where isLetter(lead << 12 | low) {
          bytes[place << 9 | low >> 3] |= 1 << (low & 7)
        }
      }
    }
    return UnsafePointer(table)
  }
}
