/// The value of a number in JSON's grammar.
enum JSONNumber {
  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
    1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// The nearest double; nil if the number is too large for one.
  static func value(_ bytes: UnsafeRawBufferPointer) -> Double? {
    if let exact = short(bytes) { return exact }
    guard let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite else {
      return nil
    }
    return value
  }

  /// Numbers of up to 15 digits without an exponent: both parts are exact doubles, so one
  /// division rounds correctly (Clinger 1990).
  private static func short(_ bytes: UnsafeRawBufferPointer) -> Double? {
    guard bytes.count <= 17 else { return nil }
    var digits: UInt64 = 0
    var digitCount = 0
    var decimals = 0
    var afterPoint = false
    for byte in bytes {
      switch byte {
      case 0x30...0x39:
        digits = digits * 10 + UInt64(byte - 0x30)
        digitCount += 1
        if afterPoint { decimals += 1 }
      case UInt8(ascii: "."): afterPoint = true
      case UInt8(ascii: "-"): break
      default: return nil
      }
    }
    guard digitCount > 0, digitCount <= 15, decimals < powersOfTen.count else { return nil }
    let value = Double(digits) / powersOfTen[decimals]
    return bytes.first == UInt8(ascii: "-") ? -value : value
  }
}
