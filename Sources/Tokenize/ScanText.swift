import CSIMD

/// Text under a scanner: its bytes, where it ends, and the class table.
///
/// A byte that begins no well-formed sequence counts as one character of no class, so that any
/// bytes can be scanned.
struct ScanText {
  /// The first byte.
  let base: UnsafePointer<UInt8>
  /// Bytes in the text.
  let end: Int
  /// Class bits of every code point.
  let classes: UnsafePointer<UInt8>
  /// Its letters, where there is a map.
  var letterMap: UnsafeMutablePointer<csimd_letter_map>?

  /// A character's class bits and its length in bytes.
  struct Character {
    var bits: UInt8
    var length: Int

    @inline(__always) func has(_ mask: UInt8) -> Bool { bits & mask != 0 }
  }

  /// The byte at an index below `end`.
  @inline(__always) subscript(_ index: Int) -> UInt8 { base[index] }

  /// The character that starts at an index below `end`.
  @inline(__always)
  func character(at index: Int) -> Character {
    let lead = base[index]
    if lead < 0x80 { return Character(bits: classes[Int(lead)], length: 1) }
    return wide(at: index, lead: lead)
  }

  @inline(__always)
  private func wide(at index: Int, lead: UInt8) -> Character {
    let left = end &- index
    if lead >= 0xE0 && lead < 0xF0, left >= 3 {
      let a = base[index &+ 1]
      let b = base[index &+ 2]
      if a & 0xC0 == 0x80 && b & 0xC0 == 0x80 {
        let scalar = Int(lead & 0x0F) << 12 | Int(a & 0x3F) << 6 | Int(b & 0x3F)
        return Character(bits: classes[scalar], length: 3)
      }
    } else if lead >= 0xC2 && lead < 0xE0, left >= 2 {
      let a = base[index &+ 1]
      if a & 0xC0 == 0x80 {
        return Character(bits: classes[Int(lead & 0x1F) << 6 | Int(a & 0x3F)], length: 2)
      }
    } else if lead >= 0xF0 && lead < 0xF5, left >= 4 {
      return astral(at: index, lead: lead)
    }
    return Character(bits: 0, length: 1)
  }

  private func astral(at index: Int, lead: UInt8) -> Character {
    let a = base[index &+ 1]
    let b = base[index &+ 2]
    let c = base[index &+ 3]
    let scalar =
      Int(lead & 0x07) << 18 | Int(a & 0x3F) << 12 | Int(b & 0x3F) << 6 | Int(c & 0x3F)
    guard a & 0xC0 == 0x80, b & 0xC0 == 0x80, c & 0xC0 == 0x80, scalar < 0x110000 else {
      return Character(bits: 0, length: 1)
    }
    return Character(bits: classes[scalar], length: 4)
  }

  /// Where the run of letters that starts at `index` ends.
  @inline(__always)
  func letters(from index: Int) -> Int {
    if let letterMap { return csimd_letters_end(letterMap, index) }
    var at = index
    if at &+ 16 <= end && base[at] < 0x80 {
      let count = (~csimd_letters16(base + at) | 1 << 16).trailingZeroBitCount
      at &+= count
      if count < 16 && base[at] < 0x80 { return at }
    }
    return run(of: CharacterClasses.letter, from: at)
  }

  /// Where the run of small ASCII letters that starts at `index` ends, or a place inside it.
  @inline(__always)
  func smallLetters(from index: Int) -> Int {
    guard index &+ 16 <= end && base[index] < 0x80 else { return index }
    return index &+ (~csimd_small16(base + index) | 1 << 16).trailingZeroBitCount
  }

  /// Where the run of characters with any bit of `mask` that starts at `index` ends.
  @inline(__always)
  func run(of mask: UInt8, from index: Int) -> Int {
    var at = index
    while at < end {
      let next = character(at: at)
      if next.bits & mask == 0 { break }
      at &+= next.length
    }
    return at
  }

  /// Where the run of characters with no bit of `mask` that starts at `index` ends.
  @inline(__always)
  func run(without mask: UInt8, from index: Int) -> Int {
    var at = index
    while at < end {
      let next = character(at: at)
      if next.bits & mask != 0 { break }
      at &+= next.length
    }
    return at
  }

  /// The length of `'s 't 're 've 'm 'll 'd` at `index`, or 0; small letters only.
  @inline(__always)
  func contraction(at index: Int) -> Int {
    guard index &+ 1 < end, base[index] == 0x27 else { return 0 }
    switch base[index &+ 1] {
    case 0x73, 0x74, 0x6D, 0x64: return 2
    case 0x72, 0x76: return index &+ 2 < end && base[index &+ 2] == 0x65 ? 3 : 0
    case 0x6C: return index &+ 2 < end && base[index &+ 2] == 0x6C ? 3 : 0
    default: return 0
    }
  }

  /// The same in any case, where U+017F is also an s.
  @inline(__always)
  func caselessContraction(at index: Int) -> Int {
    guard index &+ 1 < end, base[index] == 0x27 else { return 0 }
    switch base[index &+ 1] | 0x20 {
    case 0x73, 0x74, 0x6D, 0x64: return 2
    case 0x72, 0x76: return index &+ 2 < end && base[index &+ 2] | 0x20 == 0x65 ? 3 : 0
    case 0x6C: return index &+ 2 < end && base[index &+ 2] | 0x20 == 0x6C ? 3 : 0
    case 0xE5:
      return base[index &+ 1] == 0xC5 && index &+ 2 < end && base[index &+ 2] == 0xBF ? 3 : 0
    default: return 0
    }
  }
}
