/// Powers of numbers in (0, 1], the same on every machine.
///
/// The C library's `pow` may differ in the last bit between versions and between processors (it
/// picks code with or without fused multiply-add at run time), and a quota could then differ by
/// a token. This uses only +, -, *, / of doubles, which IEEE 754 fixes to the bit.
enum Power {
  /// base^exponent to about 1e-14, relatively; exactly `base` for 1 and exactly 1 for 0.
  ///
  /// - Parameters: 0 < base <= 1, exponent >= 0, both finite.
  static func raise(_ base: Double, to exponent: Double) -> Double {
    if exponent == 0 || base == 1 { return 1 }
    if exponent == 1 { return base }
    let product = exponent * log2(base)
    guard product > -1000 else { return 0 }
    let whole = product.rounded()
    return Double(sign: .plus, exponent: Int(whole), significand: exp2(product - whole))
  }

  /// Exponents from here on make no difference between doubles that 64 bits can show; what is above is
  /// taken for this, so that products stay finite.
  static let largestExponent = 1e290

  /// The logarithm of base^exponent to base 2, however small the power is.
  ///
  /// - Parameters: 0 < base, finite; exponent >= 0.
  static func log2Raise(_ base: Double, to exponent: Double) -> Double {
    min(exponent, largestExponent) * log2(base)
  }

  /// 2^exponent; 0 below 2^-1000.
  ///
  /// - Parameter exponent: At most 0.
  static func twoTo(_ exponent: Double) -> Double {
    guard exponent > -1000 else { return 0 }
    let whole = exponent.rounded()
    return Double(sign: .plus, exponent: Int(whole), significand: exp2(exponent - whole))
  }

  private static let naturalLog2 = 0x1.62e42fefa39efp-1

  /// The exponent, and the logarithm of a significand in [√½, √2) by
  /// ln m = 2 artanh((m - 1)/(m + 1)).
  static func log2(_ value: Double) -> Double {
    var exponent = Double(value.exponent)
    var significand = value.significand
    if significand > 1.4142135623730951 {
      significand /= 2
      exponent += 1
    }
    let z = (significand - 1) / (significand + 1)
    let square = z * z
    // |z| < 0.172: the first term left out is below 1e-19 of the first.
    var sum = 0.0
    for k in stride(from: 23, through: 1, by: -2) { sum = sum * square + 1 / Double(k) }
    return exponent + 2 * z * sum / naturalLog2
  }

  /// 2^f for f in [-½, ½] by the series of e^(f ln 2).
  private static func exp2(_ f: Double) -> Double {
    let r = f * naturalLog2
    var sum = 1.0
    for k in stride(from: 18, through: 1, by: -1) { sum = 1 + sum * r / Double(k) }
    return sum
  }
}
