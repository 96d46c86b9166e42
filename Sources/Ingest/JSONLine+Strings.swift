import CSIMD

/// Strings: finding their end, checking and undoing escapes.
extension JSONLine {
  /// Takes a string, checking it. `at` is on the opening quote.
  mutating func skipString() -> Bool {
    at += 1
    let start = at
    while moveToQuoteOrBackslash() {
      if at.load(as: UInt8.self) == UInt8(ascii: "\"") { return closeString(from: start) }
      if !skipEscape() { return false }
    }
    return fail("a closing quote")
  }

  /// Takes a string and gives its content: in place if it has no escapes, else unescaped at
  /// `output`. `at` is on the opening quote.
  mutating func takeString(_ value: inout Value) -> Bool {
    at += 1
    let start = at
    value = Value(kind: .string, start: start)
    guard moveToQuoteOrBackslash() else { return fail("a closing quote") }
    if at.load(as: UInt8.self) == UInt8(ascii: "\"") {
      value.byteCount = at - start
      return closeString(from: start)
    }
    value.start = UnsafeRawPointer(output)
    output.copyMemory(from: start, byteCount: at - start)
    var to = output + (at - start)
    while true {
      if at.load(as: UInt8.self) == UInt8(ascii: "\"") { break }
      guard takeEscape(&to, &value), copyToQuoteOrBackslash(&to) else { return false }
    }
    value.byteCount = to - output
    output = to
    return closeString(from: start)
  }

  /// `at` is on the closing quote: looks for bare control characters, then steps over it.
  @inline(__always)
  private mutating func closeString(from start: UnsafeRawPointer) -> Bool {
    if hasControl && !isFreeOfControl(from: start) { return false }
    at += 1
    return true
  }

  private mutating func isFreeOfControl(from start: UnsafeRawPointer) -> Bool {
    guard Self.holdsControl(start, count: at - start) else { return true }
    var bad = start
    while bad < at && bad.load(as: UInt8.self) >= 0x20 { bad += 1 }
    at = bad
    return fail("no bare control character in a string")
  }

  /// Moves to the next quote or backslash; false, and at the end, if there is none.
  @inline(__always)
  private mutating func moveToQuoteOrBackslash() -> Bool {
    var p = at
    while p < end {
      let mask = csimd_either16(p, 0x22, 0x5C)
      if mask != 0 {
        p += mask.trailingZeroBitCount
        break
      }
      p += 16
    }
    at = min(p, end)
    return p < end
  }

  /// The same, copying what it passes.
  @inline(__always)
  private mutating func copyToQuoteOrBackslash(_ to: inout UnsafeMutableRawPointer) -> Bool {
    var p = at
    var q = to
    while p < end {
      let mask = csimd_either16(p, 0x22, 0x5C)
      q.copyMemory(from: p, byteCount: 16)
      if mask != 0 {
        let passed = mask.trailingZeroBitCount
        p += passed
        q += passed
        break
      }
      p += 16
      q += 16
    }
    if p >= end {
      at = end
      return fail("a closing quote")
    }
    at = p
    to = q
    return true
  }

  /// What a one-letter escape stands for; 0 for what is none.
  @inline(__always)
  private static func plainEscape(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "\""): 0x22
    case UInt8(ascii: "\\"): 0x5C
    case UInt8(ascii: "/"): 0x2F
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    default: 0
    }
  }

  /// `at` is on a backslash.
  private mutating func skipEscape() -> Bool {
    at += 1
    let letter = byte
    if letter == UInt8(ascii: "u") { return takeHexadecimal() != nil }
    guard Self.plainEscape(letter) != 0 else { return fail("an escape of JSON") }
    at += 1
    return true
  }

  /// `at` is on a backslash: puts what the escape stands for at `to`.
  @inline(__always)
  private mutating func takeEscape(
    _ to: inout UnsafeMutableRawPointer, _ value: inout Value
  ) -> Bool {
    at += 1
    let plain = Self.plainEscape(byte)
    if plain != 0 {
      to.storeBytes(of: plain, as: UInt8.self)
      to += 1
      at += 1
      return true
    }
    return takeUnicodeEscape(&to, &value)
  }

  /// `at` is behind a backslash, on what should be `uXXXX`.
  private mutating func takeUnicodeEscape(
    _ to: inout UnsafeMutableRawPointer, _ value: inout Value
  ) -> Bool {
    guard byte == UInt8(ascii: "u") else { return fail("an escape of JSON") }
    guard var scalar = takeHexadecimal() else { return false }
    if scalar & 0xF800 == 0xD800 {
      let low = scalar < 0xDC00 ? peekLowSurrogate() : nil
      if let low {
        scalar = 0x10000 &+ ((scalar & 0x3FF) << 10 | (low & 0x3FF))
        at += 6
      } else {
        scalar = 0xFFFD
        value.hasLoneSurrogate = true
      }
    }
    if scalar == 0 { value.hasNUL = true }
    to = Self.encode(scalar, at: to)
    return true
  }

  /// `at` is on `u`: takes it and its four digits.
  private mutating func takeHexadecimal() -> UInt32? {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      at += 1
      let byte = self.byte
      let letter = (byte | 0x20) &- UInt8(ascii: "a")
      if byte &- 0x30 < 10 {
        unit = unit << 4 | UInt32(byte &- 0x30)
      } else if letter < 6 {
        unit = unit << 4 | UInt32(letter &+ 10)
      } else {
        _ = fail("four hexadecimal digits")
        return nil
      }
    }
    at += 1
    return unit
  }

  /// The low surrogate that `at` is on as an escape; nil if it is on something else, which is
  /// checked when its turn comes.
  private func peekLowSurrogate() -> UInt32? {
    var ahead = self
    guard ahead.byte == UInt8(ascii: "\\") else { return nil }
    ahead.at += 1
    guard ahead.byte == UInt8(ascii: "u"), let unit = ahead.takeHexadecimal() else { return nil }
    return unit & 0xFC00 == 0xDC00 ? unit : nil
  }

  private static func encode(
    _ scalar: UInt32, at to: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    func put(_ offset: Int, _ bits: UInt32) {
      to.storeBytes(of: UInt8(truncatingIfNeeded: bits), toByteOffset: offset, as: UInt8.self)
    }
    if scalar < 0x80 {
      put(0, scalar)
      return to + 1
    }
    if scalar < 0x800 {
      put(0, 0xC0 | scalar >> 6)
      put(1, 0x80 | scalar & 0x3F)
      return to + 2
    }
    if scalar < 0x10000 {
      put(0, 0xE0 | scalar >> 12)
      put(1, 0x80 | scalar >> 6 & 0x3F)
      put(2, 0x80 | scalar & 0x3F)
      return to + 3
    }
    put(0, 0xF0 | scalar >> 18)
    put(1, 0x80 | scalar >> 12 & 0x3F)
    put(2, 0x80 | scalar >> 6 & 0x3F)
    put(3, 0x80 | scalar & 0x3F)
    return to + 4
  }
}
