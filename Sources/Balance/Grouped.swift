/// Numbers for people, without locale.
enum Grouped {
  /// 1234567 as `1,234,567`.
  static func string(_ number: Int) -> String {
    let digits = Array(String(number.magnitude).utf8)
    var out: [UInt8] = number < 0 ? [UInt8(ascii: "-")] : []
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { out.append(UInt8(ascii: ",")) }
      out.append(digit)
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// A number without a needless `.0`.
  static func plain(_ number: Double) -> String {
    let text = "\(number)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// `part` / `whole` · `factor` with `places` digits after the point, half up.
  static func ratio(_ part: Int, _ whole: Int, factor: UInt64 = 1, places: Int) -> String {
    guard whole > 0, part >= 0 else { return "-" }
    let scale = (0..<places).reduce(UInt64(1)) { scale, _ in scale * 10 }
    let scaled = UInt128(part) * UInt128(factor * scale)
    let rounded = (2 * scaled + UInt128(whole)) / (2 * UInt128(whole))
    let (quotient, remainder) = rounded.quotientAndRemainder(dividingBy: UInt128(scale))
    let head = string(Int(min(quotient, UInt128(Int.max))))
    if places == 0 { return head }
    let tail = String(remainder)
    return head + "." + String(repeating: "0", count: places - tail.utf8.count) + tail
  }
}
