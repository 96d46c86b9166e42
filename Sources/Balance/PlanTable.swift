/// A table of plain text: some columns of numbers to the right, the others to the left.
struct PlanTable {
  let header: [String]
  /// The columns that are to the right.
  let numbers: Range<Int>
  var rows: [[String]] = []
  /// The last row, below a rule.
  var total: [String]?

  init(_ header: [String], numbers: Range<Int>) {
    self.header = header
    self.numbers = numbers
  }

  private var widths: [Int] {
    header.indices.map { column in
      (rows + (total.map { [$0] } ?? [])).reduce(header[column].utf8.count) {
        column < $1.count ? max($0, $1[column].utf8.count) : $0
      }
    }
  }

  /// Columns of a terminal it takes.
  var width: Int { widths.reduce(2 * (widths.count - 1), +) }

  /// The lines, each with its newline. With many rows the header has left the screen, so it comes
  /// again, and above the total.
  func text(repeatingHeaderEvery count: Int) -> String {
    let widths = widths
    let rule = String(repeating: "-", count: width) + "\n"
    let head = line(header, widths)
    var out = head + rule
    for (number, row) in rows.enumerated() {
      if number > 0 && number % count == 0 && rows.count - number > 5 { out += rule + head + rule }
      out += line(row, widths)
    }
    guard let total else { return out }
    return out + rule + (rows.count > count ? head : "") + line(total, widths)
  }

  /// No space at the end.
  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var out = ""
    for (column, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: max(0, widths[column] - cell.utf8.count))
      out += (column > 0 ? "  " : "") + (numbers.contains(column) ? padding + cell : cell + padding)
    }
    while out.utf8.last == UInt8(ascii: " ") { out.removeLast() }
    return out + "\n"
  }
}

/// How figures are written: exactly, or to three digits where room is short.
struct PlanFigures {
  let isCompact: Bool

  /// 1,234,567, or 1.23M.
  func count(_ number: Int) -> String {
    isCompact ? Self.compact(number) : Grouped.string(number)
  }

  /// A share in per cent; a share too small to show is not shown as nothing.
  func percent(_ part: Int, _ whole: Int) -> String {
    guard isCompact else {
      let text = Grouped.ratio(part, whole, factor: 100, places: 4)
      return part > 0 && text == "0.0000" ? "<0.0001%" : text + "%"
    }
    for places in [1, 2, 3, 4] {
      let text = Grouped.ratio(part, whole, factor: 100, places: places)
      if text.utf8.first != UInt8(ascii: "0") && text.utf8.first != UInt8(ascii: "-") {
        return text + "%"
      }
      if places == 4 { return part > 0 && text == "0.0000" ? "<.0001%" : text.dropFirst() + "%" }
    }
    return "-"
  }

  /// Two digits after the point.
  func ratio(_ part: Int, _ whole: Int) -> String {
    let text = Grouped.ratio(part, whole, places: 2)
    return isCompact && text.utf8.count > 6 ? Grouped.ratio(part, whole, places: 0) : text
  }

  /// Up to 9,999 exactly, then three digits and k, M, G, T or P.
  static func compact(_ number: Int) -> String {
    if number < 10_000 { return String(number) }
    var scale = 1_000
    for unit in ["k", "M", "G", "T", "P"] {
      for (places, limit) in [(2, 10), (1, 100), (0, 1_000)] {
        let text = Grouped.ratio(number, scale, places: places)
        if number / scale < limit && text.utf8.count <= 4 { return text + unit }
      }
      scale = scale.multipliedReportingOverflow(by: 1_000).partialValue
    }
    return Grouped.string(number)
  }
}
