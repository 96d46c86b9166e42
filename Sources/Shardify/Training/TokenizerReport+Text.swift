import ShardifyCore

extension TokenizerReport {
  /// How rows are ordered in the table.
  public enum Order: String, Sendable, CaseIterable {
    /// The most text first.
    case size
    /// By tag.
    case language
    /// The most tokens for the same content by the first tokenizer first.
    case tokens
  }

  /// A table for a terminal: a line for each language, columns side by side for tokenizers.
  public func table(_ order: Order) -> String {
    var out = legend()
    out += text(header(), sorted(order).map(cells))
    if rows.count > 40 { out += "(columns as above)\n" }
    return out + "\n" + summaryText()
  }

  private func sorted(_ order: Order) -> [Row] {
    switch order {
    case .language: return rows
    case .size:
      return rows.sorted { a, b in
        a.figures.bytes != b.figures.bytes ? a.figures.bytes > b.figures.bytes : a.tag < b.tag
      }
    case .tokens:
      return rows.sorted { a, b in
        let (x, y) = (a.cost(0) ?? 0, b.cost(0) ?? 0)
        return x != y ? x > y : a.tag < b.tag
      }
    }
  }

  /// A, B, ... for tokenizers.
  private func letter(_ index: Int) -> String {
    index < 26 ? String(UnicodeScalar(UInt8(65 + index))) : "T\(index + 1)"
  }

  private func suffix(_ index: Int) -> String {
    tokenizers.count == 1 ? "" : " " + letter(index)
  }

  private func legend() -> String {
    var out = ""
    for (index, tokenizer) in tokenizers.enumerated() {
      out +=
        (tokenizers.count == 1 ? "" : letter(index) + "  ")
        + "\(tokenizer.path): \(tokenizer.kind), \(ReportTable.grouped(tokenizer.vocabularySize))"
        + " ids\n"
    }
    return out
      + "tok/word: tokens for a word by ICU's boundaries; x\(reference.language): tokens for the "
      + "same content, relative to \(reference) ("
      + (isParallel ? "parallel documents" : "by byte premiums; ~ estimated")
      + "); byte%: tokens that are part of a character\n\n"
  }

  private func columns(_ name: String, _ body: (Int) -> String) -> [(String, String)] {
    tokenizers.indices.map { ("\(name)\(suffix($0))", body($0)) }
  }

  private func header() -> [String] {
    ["language", "documents", "kB", "words"] + named(nil).map(\.0)
  }

  /// The columns of tokenizers, with a row's cells or empty ones.
  private func named(_ row: Row?) -> [(String, String)] {
    func cell(_ value: Double??, _ places: Int) -> String {
      (value ?? nil).map { ReportTable.fixed($0, places: places) } ?? "-"
    }
    func share(_ value: Double?) -> String {
      guard let value else { return "-" }
      return value == 0 ? "0" : ReportTable.fixed(value * 100, places: 2)
    }
    var out = columns("tok/word") { cell(row?.fertility($0), 2) }
    out += columns("x\(reference.language)") {
      cell(row?.relative[$0], 2) + (row?.isEstimated == true ? "~" : "")
    }
    out += columns("B/tok") { cell(row?.bytesPerToken($0), 2) }
    out += columns("ch/tok") { cell(row?.charactersPerToken($0), 2) }
    out += columns("byte%") { share(row?.byteShare($0)) }
    if rows.contains(where: { row in tokenizers.indices.contains { row.unknownShare($0) > 0 } }) {
      out += columns("unk%") { share(row?.unknownShare($0)) }
    }
    if contextTokens != nil { out += columns("cut%") { share(row?.cutShare($0)) } }
    return out
  }

  private func cells(_ row: Row) -> [String] {
    [
      row.tag.description + (row.isCounted ? "" : " *"), ReportTable.grouped(row.figures.documents),
      ReportTable.fixed(Double(row.figures.bytes) / 1000, places: 1),
      ReportTable.grouped(row.figures.words),
    ] + named(row).map(\.1)
  }

  private func text(_ header: [String], _ rows: [[String]]) -> String {
    var table = ReportTable(header)
    for row in rows { table.add(row) }
    return table.text
  }

  private func summaryText() -> String {
    var table = ReportTable(
      [
        "tokenizer", "languages", "gini", "worst", "x\(reference.language)", "x best",
        "mean tok/word", "mean B/tok", "B/tok", "tokens",
      ])
    for (index, summary) in summaries.enumerated() {
      table.add([
        tokenizers.count == 1 ? "all text" : letter(index), "\(summary.languages)",
        ReportTable.fixed(summary.gini, places: 4), summary.worst?.description ?? "-",
        summary.worstToReference.map { ReportTable.fixed($0, places: 2) } ?? "-",
        ReportTable.fixed(summary.worstToBest, places: 2),
        ReportTable.fixed(summary.meanFertility, places: 3),
        ReportTable.fixed(summary.meanBytesPerToken, places: 3),
        ReportTable.fixed(summary.bytesPerToken, places: 3), ReportTable.grouped(summary.tokens),
      ])
    }
    let left = rows.count { !$0.isCounted }
    return table.text
      + (left > 0
        ? "* \(left) with less than \(ReportTable.grouped(minimumBytes)) bytes, or of no known "
          + "language: not in the summary\n" : "")
  }
}
