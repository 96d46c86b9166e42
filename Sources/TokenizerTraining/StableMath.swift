/// Logarithm and exponential from +, -, *, / alone, which IEEE 754 fixes to the bit.
///
/// The C library's may differ in the last bit between versions and processors, and a vocabulary
/// could then differ by a piece.
enum StableMath {
  private static let naturalLog2 = 0x1.62e42fefa39efp-1

  /// The natural logarithm of a finite number above 0, to about 1e-15.
  static func log(_ value: Double) -> Double {
    var exponent = Double(value.exponent)
    var significand = value.significand
    if significand > 1.4142135623730951 {
      significand *= 0.5
      exponent += 1
    }
    let z = (significand - 1) / (significand + 1)
    let s = z * z
    // 2 artanh z; |z| < 0.172, the first term left out is below 1e-17 of the first.
    var sum = 1.0 / 21
    sum = sum * s + 1.0 / 19
    sum = sum * s + 1.0 / 17
    sum = sum * s + 1.0 / 15
    sum = sum * s + 1.0 / 13
    sum = sum * s + 1.0 / 11
    sum = sum * s + 1.0 / 9
    sum = sum * s + 1.0 / 7
    sum = sum * s + 1.0 / 5
    sum = sum * s + 1.0 / 3
    sum = sum * s + 1
    return exponent * naturalLog2 + 2 * z * sum
  }

  /// e to a power between -700 and 700.
  static func exp(_ value: Double) -> Double {
    let whole = (value / naturalLog2).rounded()
    let r = value - whole * naturalLog2
    var sum = 1.0
    for k in stride(from: 16, through: 1, by: -1) { sum = 1 + sum * r / Double(k) }
    return Double(sign: .plus, exponent: Int(whole), significand: sum)
  }

  /// The derivative of the logarithm of the gamma function, of a number above 0.
  static func digamma(_ value: Double) -> Double {
    var x = value
    var result = 0.0
    while x < 7 {
      result -= 1 / x
      x += 1
    }
    x -= 0.5
    let xx = 1 / x
    let xx2 = xx * xx
    let xx4 = xx2 * xx2
    return result + log(x) + 1.0 / 24 * xx2 - 7.0 / 960 * xx4 + 31.0 / 8064 * xx4 * xx2
      - 127.0 / 30720 * xx4 * xx4
  }
}
