import CSIMD

/// Checks one line of JSON and finds strings and numbers in it. RFC 8259, with nesting bounded.
///
/// The bytes must be valid UTF-8 and be followed by at least 16 bytes of memory that may be read,
/// whatever they hold. It never moves past `end`.
struct JSONLine {
  /// A value at the top of the line's object.
  struct Value {
    enum Kind: UInt8 { case absent, string, number, null, other }
    var kind = Kind.absent
    /// For strings without the quotes; nil unless a string or a number.
    var start: UnsafeRawPointer?
    var byteCount = 0
    /// Half of a surrogate pair stands alone in it; U+FFFD is in its place.
    var hasLoneSurrogate = false
    /// `\u0000` is in it.
    var hasNUL = false
  }

  /// Deeper nesting is refused.
  static let depthLimit = 512

  let end: UnsafeRawPointer
  /// The next byte to look at; after a failure, the one that was wrong.
  var at: UnsafeRawPointer
  /// What should have been at `at`; set when a function returns false.
  var expected: StaticString = "a value"
  /// Where the next unescaped string goes. Room for as many bytes as the line has, and 16.
  var output: UnsafeMutableRawPointer
  /// Whether any byte of the line is a control character, which strings must not hold bare.
  let hasControl: Bool

  private var nesting: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
    (0, 0, 0, 0, 0, 0, 0, 0)

  init(
    _ start: UnsafeRawPointer, end: UnsafeRawPointer, output: UnsafeMutableRawPointer
  ) {
    at = start
    self.end = end
    self.output = output
    hasControl = Self.holdsControl(start, count: end - start)
  }

  /// Whether a byte below 0x20 is among the bytes.
  static func holdsControl(_ base: UnsafeRawPointer, count: Int) -> Bool {
    // Per byte: the high bit of (x - 0x20) & ~x is set where x < 0x20. A borrow can only make a
    // false hit above a true one.
    var hits: UInt64 = 0
    var i = 0
    while i &+ 8 <= count {
      let word = base.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      hits |= (word &- 0x2020_2020_2020_2020) & ~word
      i &+= 8
    }
    var found = hits & 0x8080_8080_8080_8080 != 0
    while i < count {
      if base.load(fromByteOffset: i, as: UInt8.self) < 0x20 { found = true }
      i &+= 1
    }
    return found
  }

  /// The byte at `at`; 0 at the end, where no token begins with it.
  @inline(__always)
  var byte: UInt8 { at < end ? at.load(as: UInt8.self) : 0 }

  @inline(__always)
  mutating func skipSpace() {
    while at < end {
      let byte = at.load(as: UInt8.self)
      if byte != 0x20 && byte != 0x09 && byte != 0x0D && byte != 0x0A { return }
      at += 1
    }
  }

  @inline(__always)
  mutating func fail(_ expected: StaticString) -> Bool {
    self.expected = expected
    return false
  }

  /// Takes one byte and the space after it.
  @inline(__always)
  mutating func take(_ wanted: UInt8, _ expected: StaticString) -> Bool {
    guard byte == wanted else { return fail(expected) }
    at += 1
    skipSpace()
    return true
  }

  // MARK: Values

  /// Takes any value. Objects and arrays are walked without recursion.
  ///
  /// - Parameter depth: Objects and arrays around it.
  mutating func skipValue(depth outer: Int) -> Bool {
    var depth = outer
    while true {
      switch byte {
      case UInt8(ascii: "{"):
        at += 1
        skipSpace()
        if byte == UInt8(ascii: "}") {
          at += 1
        } else {
          guard push(&depth, isObject: true), skipKey() else { return false }
          continue
        }
      case UInt8(ascii: "["):
        at += 1
        skipSpace()
        if byte == UInt8(ascii: "]") {
          at += 1
        } else {
          guard push(&depth, isObject: false) else { return false }
          continue
        }
      default:
        guard skipScalar() else { return false }
      }
      // A value has ended: close what ends with it, up to the next one.
      guard closeValues(&depth, down: outer) else { return false }
      if depth == outer { return true }
    }
  }

  /// After a value: takes closing brackets, then a comma and, in an object, the next key. True
  /// with `depth == outer` when nothing is open any more.
  private mutating func closeValues(_ depth: inout Int, down outer: Int) -> Bool {
    while depth > outer {
      skipSpace()
      let isObject = self.isObject(depth)
      let found = byte
      if found == UInt8(ascii: ",") {
        at += 1
        skipSpace()
        return isObject ? skipKey() : true
      }
      guard found == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
        return fail(isObject ? "a comma or a closing brace" : "a comma or a closing bracket")
      }
      at += 1
      depth -= 1
    }
    return true
  }

  private mutating func skipKey() -> Bool {
    guard byte == UInt8(ascii: "\"") else { return fail("a key in quotes") }
    guard skipString() else { return false }
    skipSpace()
    return take(UInt8(ascii: ":"), "a colon")
  }

  private mutating func push(_ depth: inout Int, isObject: Bool) -> Bool {
    guard depth < Self.depthLimit else { return fail("nesting of at most 512") }
    depth += 1
    let (word, bit) = ((depth - 1) >> 6, UInt64(1) << UInt64((depth - 1) & 63))
    withUnsafeMutableBytes(of: &nesting) {
      let words = $0.assumingMemoryBound(to: UInt64.self)
      words[word] = isObject ? words[word] | bit : words[word] & ~bit
    }
    return true
  }

  private func isObject(_ depth: Int) -> Bool {
    let (word, bit) = ((depth - 1) >> 6, UInt64(1) << UInt64((depth - 1) & 63))
    return withUnsafeBytes(of: nesting) {
      $0.assumingMemoryBound(to: UInt64.self)[word] & bit != 0
    }
  }

  /// Takes a string, a number or a literal.
  private mutating func skipScalar() -> Bool {
    switch byte {
    case UInt8(ascii: "\""): return skipString()
    case UInt8(ascii: "-"), 0x30...0x39: return skipNumber()
    case UInt8(ascii: "t"): return takeLiteral("true")
    case UInt8(ascii: "f"): return takeLiteral("false")
    case UInt8(ascii: "n"): return takeLiteral("null")
    default: return fail("a value")
    }
  }

  private mutating func takeLiteral(_ word: StaticString) -> Bool {
    guard end - at >= word.utf8CodeUnitCount else { return fail("true, false or null") }
    for k in 0..<word.utf8CodeUnitCount
    where at.load(fromByteOffset: k, as: UInt8.self) != word.utf8Start[k] {
      return fail("true, false or null")
    }
    at += word.utf8CodeUnitCount
    return true
  }

  /// Takes a number in JSON's grammar: no plus sign, no leading zero, digits around the point.
  mutating func skipNumber() -> Bool {
    if byte == UInt8(ascii: "-") { at += 1 }
    if byte == UInt8(ascii: "0") {
      at += 1
    } else if !skipDigits() {
      return false
    }
    if byte == UInt8(ascii: ".") {
      at += 1
      if !skipDigits() { return false }
    }
    if byte | 0x20 == UInt8(ascii: "e") {
      at += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { at += 1 }
      if !skipDigits() { return false }
    }
    return true
  }

  private mutating func skipDigits() -> Bool {
    guard byte &- 0x30 < 10 else { return fail("a digit") }
    while byte &- 0x30 < 10 { at += 1 }
    return true
  }
}
