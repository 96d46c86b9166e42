/// Numbers as people read them.
public enum Figures {
  /// Thousands apart: 1,234,567.
  public static func count(_ value: Int) -> String {
    let digits = Array(String(value.magnitude).utf8)
    var out: [UInt8] = []
    for (place, digit) in digits.enumerated() {
      if place > 0 && (digits.count - place) % 3 == 0 { out.append(UInt8(ascii: ",")) }
      out.append(digit)
    }
    return (value < 0 ? "-" : "") + String(decoding: out, as: UTF8.self)
  }

  /// A number of things, with the right form of the word: 1 shard, 2 shards.
  public static func count(_ value: Int, _ thing: String) -> String {
    "\(count(value)) \(thing)\(value == 1 ? "" : "s")"
  }

  /// Decimal units: 12.3 MB.
  public static func bytes(_ value: Int) -> String {
    var amount = Double(value)
    var unit = "B"
    for larger in ["kB", "MB", "GB", "TB", "PB"] where amount >= 1000 {
      amount /= 1000
      unit = larger
    }
    return unit == "B" ? "\(value) B" : "\(decimal(amount, amount < 10 ? 2 : 1)) \(unit)"
  }

  /// A part of one: 12.3%.
  public static func percent(_ value: Double) -> String { "\(decimal(value * 100, 1))%" }

  /// Seconds as 1h 02m, 3m 04s or 5s.
  public static func duration(_ seconds: Double) -> String {
    duration(Int(min(1e9, max(0, seconds.isNaN ? 0 : seconds)).rounded()))
  }

  /// Seconds as 1h 02m, 3m 04s or 5s.
  public static func duration(_ seconds: Int) -> String {
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if seconds >= 3600 { return "\(seconds / 3600)h \(two(seconds % 3600 / 60))m" }
    if seconds >= 60 { return "\(seconds / 60)m \(two(seconds % 60))s" }
    return "\(seconds)s"
  }

  /// A number with so many digits after the point.
  public static func decimal(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((abs(value) * scale).rounded())
    let whole = scaled / Int(scale)
    let rest = String(scaled % Int(scale))
    let sign = value < 0 && scaled != 0 ? "-" : ""
    if digits == 0 { return sign + "\(whole)" }
    return sign + "\(whole)." + String(repeating: "0", count: digits - rest.utf8.count) + rest
  }

  /// Rows in columns, the first to the left, the others to the right.
  public static func table(_ header: [String], _ rows: [[String]]) -> String {
    let all = [header] + rows
    let widths = header.indices.map { column in
      all.map { $0[column].unicodeScalars.count }.max() ?? 0
    }
    return all.map { row in
      row.enumerated().map { column, cell in
        let pad = String(repeating: " ", count: widths[column] - cell.unicodeScalars.count)
        return column == 0 ? cell + pad : pad + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
