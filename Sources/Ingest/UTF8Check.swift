import CSIMD

/// Well-formed UTF-8, as the Unicode Standard's table 3-7 defines it: no overlong forms, no
/// surrogates, nothing above U+10FFFF.
enum UTF8Check {
  /// The offset of the first byte that does not start or continue a well-formed sequence's
  /// start; nil if all is well.
  ///
  /// Reads only inside `[base, base + count)`.
  static func firstInvalid(_ base: UnsafeRawPointer, count: Int) -> Int? {
    var i = 0
    while true {
      while i &+ 16 <= count {
        let mask = csimd_high16(base + i)
        if mask != 0 {
          i &+= mask.trailingZeroBitCount
          break
        }
        i &+= 16
      }
      if i &+ 16 > count { return firstInvalidAtEnd(base, from: i, count: count) }
      // Two ASCII bytes end a run of other scripts; one is a space between words.
      while i &+ 16 <= count {
        let word = base.loadUnaligned(fromByteOffset: i, as: UInt64.self).littleEndian
        if word & 0x8080 == 0 { break }
        let length = runLength(word)
        if length == 0 { return i }
        i &+= length
      }
    }
  }

  /// Bytes of well-formed sequences that `word`, the next eight bytes, starts with, at least one
  /// sequence; 0 if the first is not well-formed.
  @inline(__always)
  private static func runLength(_ word: UInt64) -> Int {
    if word & 0x80 == 0 { return 1 }
    if word & 0xC0E0 == 0x80C0 {
      // Two bytes, and in many scripts four times two bytes. A lead below C2 is overlong.
      if word & 0xC0E0_C0E0_C0E0_C0E0 == 0x80C0_80C0_80C0_80C0,
        ((word & 0x001E_001E_001E_001E) &+ 0x00FE_00FE_00FE_00FE) & 0x0100_0100_0100_0100
          == 0x0100_0100_0100_0100
      {
        return 8
      }
      return word & 0x1E == 0 ? 0 : 2
    }
    if word & 0xC0C0F0 == 0x8080E0 {
      if !isThreeByteScalar(word) { return 0 }
      let next = word >> 24
      return next & 0xC0C0F0 == 0x8080E0 && isThreeByteScalar(next) ? 6 : 3
    }
    if word & 0xC0C0_C0F8 == 0x8080_80F0 {
      // Not overlong (F0 80..8F), not above F4 8F.
      let bits = word & 0x3007
      return bits == 0 || bits & 7 > 4 || (bits & 7 == 4 && bits != 4) ? 0 : 4
    }
    return 0
  }

  /// Of three bytes of the right shape: not overlong (E0 80..9F), no surrogate (ED A0..BF).
  @inline(__always)
  private static func isThreeByteScalar(_ word: UInt64) -> Bool {
    let bits = word & 0x200F
    return bits != 0 && bits != 0x200D
  }

  private static func firstInvalidAtEnd(
    _ base: UnsafeRawPointer, from: Int, count: Int
  ) -> Int? {
    var i = from
    while i < count {
      if base.load(fromByteOffset: i, as: UInt8.self) < 0x80 {
        i &+= 1
        continue
      }
      var word: UInt64 = 0
      for k in 0..<min(8, count &- i) {
        word |= UInt64(base.load(fromByteOffset: i &+ k, as: UInt8.self)) << UInt64(8 &* k)
      }
      // Zeros stand for the missing bytes, and no sequence takes one for a continuation.
      let length = runLength(word)
      if length == 0 { return i }
      i &+= length
    }
    return nil
  }

  /// Copies bytes, with U+FFFD for each maximal part of an ill-formed sequence (the Unicode
  /// Standard's section 3.9, as browsers and Python do).
  static func repaired(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count + bytes.count / 8 + 16)
    var rest = bytes
    while let base = rest.baseAddress, rest.count > 0 {
      guard let bad = firstInvalid(base, count: rest.count) else {
        output.append(contentsOf: rest)
        break
      }
      output.append(contentsOf: rest[..<bad])
      output.append(contentsOf: [0xEF, 0xBF, 0xBD])
      let tail = UnsafeRawBufferPointer(rebasing: rest[bad...])
      rest = UnsafeRawBufferPointer(rebasing: tail[maximalPart(tail)...])
    }
    return output
  }

  /// How many bytes, at least one, of an ill-formed sequence could begin a well-formed one.
  private static func maximalPart(_ bytes: UnsafeRawBufferPointer) -> Int {
    let continuations: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch bytes[0] {
    case 0xC2...0xDF: continuations = 1
    case 0xE0: (continuations, second) = (2, 0xA0...0xBF)
    case 0xED: (continuations, second) = (2, 0x80...0x9F)
    case 0xE1...0xEF: continuations = 2
    case 0xF0: (continuations, second) = (3, 0x90...0xBF)
    case 0xF1...0xF3: continuations = 3
    case 0xF4: (continuations, second) = (3, 0x80...0x8F)
    default: return 1
    }
    var length = 1
    while length < continuations, length < bytes.count,
      (length == 1 ? second : 0x80...0xBF).contains(bytes[length])
    {
      length += 1
    }
    return length
  }
}
