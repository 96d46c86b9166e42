/// JSON numbers as Hugging Face tokenizers reads them.
///
/// Its parser takes the digits as a whole number of 64 bits and divides by a power of ten: two
/// roundings, so that a number of 16 or 17 digits is often one unit in the last place from the
/// nearest. Scores of paths that nearly tie then fall the other way.
enum JSONNumber {
  /// 10^0 to 10^308, each the nearest.
  private static let powers: [Double] = (0...308).map { Double("1e\($0)") ?? .infinity }

  /// The value of a number whose syntax was checked; infinite where it is out of range.
  static func double(_ bytes: UnsafeRawBufferPointer) -> Double {
    var digits: UInt64 = 0
    var exponent = 0
    var isFull = false
    var isNegative = false
    var isFraction = false
    var at = 0
    loop: while at < bytes.count {
      switch bytes[at] {
      case 0x2D: isNegative = true
      case 0x2E: isFraction = true
      case 0x30...0x39:
        let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[at] & 15))
        isFull = isFull || overflow || carry
        // Digits past 64 bits only shift, and not after the point.
        if !isFull { digits = sum }
        if isFull != isFraction { exponent += isFull ? 1 : -1 }
      default: break loop
      }
      at += 1
    }
    if at < bytes.count { exponent += written(bytes[(at + 1)...]) }
    var value = Double(digits)
    while exponent < -308, value != 0 {
      value /= powers[308]
      exponent += 308
    }
    if value != 0 {
      if exponent > 308 {
        value = .infinity
      } else if exponent >= 0 {
        value *= powers[exponent]
      } else {
        value /= powers[-exponent]
      }
    }
    return isNegative ? -value : value
  }

  /// The exponent after `e`, at most a million either way.
  private static func written(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    var result = 0
    for byte in bytes where byte >= 0x30 && byte <= 0x39 && result < 1_000_000 {
      result = result * 10 + Int(byte & 15)
    }
    return bytes.first == 0x2D ? -result : result
  }
}
