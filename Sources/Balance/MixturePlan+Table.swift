import ShardifyCore

extension MixturePlan {
  /// The plan as plain text for a terminal: one line a language, the largest supply first, with
  /// totals, what was left out and the warnings. Ends with a newline.
  public func table() -> String {
    let available = languages.reduce(0) { $0 + $1.supply.tokens }
    let sorted = languages.sorted { a, b in
      a.supply.tokens != b.supply.tokens ? a.supply.tokens > b.supply.tokens : a.tag < b.tag
    }
    let header = [
      "language", "documents", "available", "natural", "planned", "quota", "epochs",
      "bytes/token", "bound by",
    ]
    var rows = sorted.map { row($0, available: available) }
    rows.append(totals(available: available))
    let widths = header.indices.map { column in
      rows.reduce(header[column].utf8.count) { Swift.max($0, $1[column].utf8.count) }
    }
    let rule = String(repeating: "-", count: widths.reduce(2 * (widths.count - 1), +)) + "\n"
    var out = caption() + "\n\n" + Self.line(header, widths) + rule
    for row in rows.dropLast() { out += Self.line(row, widths) }
    out += rule
    // With many languages the header has left the screen.
    if languages.count > 40 { out += Self.line(header, widths) }
    out += Self.line(rows[rows.count - 1], widths)
    for line in notes() { out += "\n" + line + "\n" }
    return out
  }

  private func caption() -> String {
    let limit =
      mixture.maxEpochs.map { "at most \(Grouped.plain($0)) epochs" } ?? "no limit on epochs"
    let count = languages.count == 1 ? "1 language" : "\(languages.count) languages"
    return "\(mixture.policy), sizes in \(mixture.unit.rawValue), \(limit), \(count); "
      + "shares and quota in tokens"
  }

  private func row(_ language: LanguagePlan, available: Int) -> [String] {
    let supply = language.supply
    return [
      supply.tag.description,
      Grouped.string(supply.documents),
      Grouped.string(supply.tokens),
      Self.percent(supply.tokens, available),
      Self.percent(language.quota, budget),
      Grouped.string(language.quota),
      Grouped.ratio(language.quota, supply.tokens, places: 2),
      Grouped.ratio(supply.bytes, supply.tokens, places: 2),
      language.bindingRule.rawValue,
    ]
  }

  private func totals(available: Int) -> [String] {
    let bytes = languages.reduce(0) { $0.addingReportingOverflow($1.supply.bytes).partialValue }
    let quota = languages.reduce(0) { $0 + $1.quota }
    return [
      "total",
      Grouped.string(
        languages.reduce(0) { $0.addingReportingOverflow($1.supply.documents).partialValue }),
      Grouped.string(available),
      Self.percent(available, available),
      Self.percent(quota, budget),
      Grouped.string(quota),
      Grouped.ratio(quota, available, places: 2),
      Grouped.ratio(bytes, available, places: 2),
      "",
    ]
  }

  private func notes() -> [String] {
    var notes: [String] = []
    if !excluded.isEmpty {
      let tokens = excluded.reduce(0) { $0.addingReportingOverflow($1.tokens).partialValue }
      notes.append(
        "left out: \(Selection.names(excluded.map(\.tag))); \(Grouped.string(tokens)) tokens")
    }
    return notes + warnings.map { "warning: " + $0 }
  }

  /// A share in per cent; a share too small to show is not shown as nothing.
  private static func percent(_ part: Int, _ whole: Int) -> String {
    let text = Grouped.ratio(part, whole, factor: 100, places: 4)
    return part > 0 && text == "0.0000" ? "<0.0001%" : text + "%"
  }

  /// The first and the last column to the left, numbers to the right, no space at the end.
  private static func line(_ cells: [String], _ widths: [Int]) -> String {
    var out = ""
    for (column, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: widths[column] - cell.utf8.count)
      let isText = column == 0 || column == cells.count - 1
      if column > 0 { out += "  " }
      out += isText ? cell + (column == 0 ? padding : "") : padding + cell
    }
    while out.utf8.last == UInt8(ascii: " ") { out.removeLast() }
    return out + "\n"
  }
}
