/// A table of plain text for a terminal: the first column to the left, the others to the right.
struct ReportTable {
  private var rows: [[String]]
  private let header: [String]

  init(_ header: [String]) {
    self.header = header
    rows = []
  }

  /// Adds a row of as many cells as the header has.
  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The lines, each with its newline; nothing if there is no row.
  var text: String {
    if rows.isEmpty { return "" }
    let widths = header.indices.map { column in
      rows.reduce(header[column].utf8.count) { max($0, $1[column].utf8.count) }
    }
    let rule = String(repeating: "-", count: widths.reduce(2 * (widths.count - 1), +)) + "\n"
    return line(header, widths) + rule + rows.map { line($0, widths) }.joined()
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var out = ""
    for (column, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: widths[column] - cell.utf8.count)
      out += (column > 0 ? "  " : "") + (column == 0 ? cell + padding : padding + cell)
    }
    while out.utf8.last == UInt8(ascii: " ") { out.removeLast() }
    return out + "\n"
  }

  /// 1234567 as `1,234,567`.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude).utf8)
    var out: [UInt8] = number < 0 ? [UInt8(ascii: "-")] : []
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { out.append(UInt8(ascii: ",")) }
      out.append(digit)
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// A number with `places` digits after the point; `-` if it is none, or too large to matter.
  static func fixed(_ value: Double, places: Int) -> String {
    let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e15 else { return "-" }
    let (whole, rest) = Int(scaled).quotientAndRemainder(dividingBy: Int(scale))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return sign + grouped(whole)
      + (places == 0 ? "" : "." + String(rest).leftPadded(to: places))
  }

  /// A part of a whole in per cent.
  static func percent(_ part: Int, of whole: Int) -> String {
    whole > 0 ? fixed(100 * Double(part) / Double(whole), places: 4) + "%" : "-"
  }
}
