import ShardifyCore

extension MixturePlan {
  /// The plan as plain text for a terminal: one line a language, the largest supply first, with
  /// totals, groups, what was left out and the warnings. Ends with a newline.
  ///
  /// - Parameters:
  ///   - width: Columns of the terminal: where exact numbers do not fit, they are rounded to three
  ///     digits. Nil is as wide as it takes.
  ///   - top: Rows of languages, the largest; what the others are together is one row. Nil is all.
  ///   - amount: What the plan counts: tokens, or bytes where there are no tokens yet.
  public func table(width: Int? = nil, top: Int? = nil, amount: String = "tokens") -> String {
    var text = languageTable(isCompact: false, top)
    if let width, text.width > width { text = languageTable(isCompact: true, top) }
    var out = Self.wrapped(caption(amount), width) + "\n\n" + text.text(repeatingHeaderEvery: 40)
    if !groups.isEmpty {
      var table = groupTable(isCompact: false)
      if let width, table.width > width { table = groupTable(isCompact: true) }
      out += "\n" + table.text(repeatingHeaderEvery: 40)
    }
    for line in notes() { out += "\n" + Self.wrapped(line, width) + "\n" }
    return out
  }

  private func caption(_ amount: String) -> String {
    let limit =
      mixture.maxEpochs.map { "at most \(Grouped.plain($0)) epochs" } ?? "no limit on epochs"
    let count = languages.count == 1 ? "1 language" : "\(languages.count) languages"
    let sources = mixture.sourceWeights.map { ", sources weighed by \($0.basis.rawValue)" } ?? ""
    return "\(mixture.policy), sizes in \(mixture.unit.rawValue), \(limit), \(count)\(sources); "
      + "shares and quota in \(amount)"
  }

  private func languageTable(isCompact: Bool, _ top: Int?) -> PlanTable {
    let figures = PlanFigures(isCompact: isCompact)
    let available = languages.reduce(0) { $0 + $1.supply.tokens }
    let hasPremiums = languages.contains { $0.premium != nil }
    let sorted = languages.sorted { a, b in
      a.supply.tokens != b.supply.tokens ? a.supply.tokens > b.supply.tokens : a.tag < b.tag
    }
    let isContinued = languages.contains { $0.supply.tokensBefore > 0 }
    var header = ["language", "documents", "available", "natural", "planned", "quota"]
    if isCompact {
      header = ["language", "docs", "avail", "natural", "planned", "quota"]
    }
    // What the datasets before gave, so that the limit on epochs can be told from their sum.
    header += (isContinued ? ["so far"] : []) + ["epochs"]
    header += [isCompact ? "B/tok" : "bytes/token"] + (hasPremiums ? ["premium"] : [])
    let numbers = header.count
    header += ["bound by"] + (groups.isEmpty ? [] : ["group"])
    var table = PlanTable(header, numbers: 1..<numbers)
    for language in sorted.prefix(top ?? .max) {
      let supply = language.supply
      table.rows.append(
        [
          supply.tag.description, figures.count(supply.documents), figures.count(supply.tokens),
          figures.percent(supply.tokens, available), figures.percent(language.quota, budget),
          figures.count(language.quota),
        ] + (isContinued ? [figures.ratio(supply.tokensBefore, supply.tokens)] : [])
          + [
            figures.ratio(language.quota, supply.tokens),
            figures.ratio(supply.bytes, supply.tokens),
          ] + (hasPremiums ? [Self.premium(language)] : [])
          + [language.bindingRule.rawValue] + (groups.isEmpty ? [] : [language.group ?? ""]))
      let rows = language.sourceRows(mixture.sourceWeights)
      // A language that no pattern concerns is one part, and its row says all of it.
      for row in rows where rows.count > 1 || row.name != SourceWeights.others {
        table.rows.append(
          [
            "  " + row.name, figures.count(row.supply.documents), figures.count(row.supply.tokens),
            figures.percent(row.supply.tokens, available), figures.percent(row.quota, budget),
            figures.count(row.quota),
          ] + (isContinued ? [figures.ratio(row.supply.tokensBefore, row.supply.tokens)] : [])
            + [
              figures.ratio(row.quota, row.supply.tokens),
              figures.ratio(row.supply.bytes, row.supply.tokens),
            ] + (hasPremiums ? [""] : []) + [row.rule] + (groups.isEmpty ? [] : [""]))
      }
    }
    let rest = Array(sorted.dropFirst(top ?? .max))
    if !rest.isEmpty {
      func sum(_ value: (LanguagePlan) -> Int) -> Int {
        rest.reduce(0) { $0.addingReportingOverflow(value($1)).partialValue }
      }
      let (tokens, quota) = (sum { $0.supply.tokens }, sum { $0.quota })
      table.rows.append(
        [
          "\(rest.count) more", figures.count(sum { $0.supply.documents }), figures.count(tokens),
          figures.percent(tokens, available), figures.percent(quota, budget), figures.count(quota),
        ] + (isContinued ? [figures.ratio(sum { $0.supply.tokensBefore }, tokens)] : [])
          + [figures.ratio(quota, tokens), figures.ratio(sum { $0.supply.bytes }, tokens)]
          + (hasPremiums ? [""] : []) + [""] + (groups.isEmpty ? [] : [""]))
    }
    let bytes = languages.reduce(0) { $0.addingReportingOverflow($1.supply.bytes).partialValue }
    let quota = languages.reduce(0) { $0 + $1.quota }
    let documents = languages.reduce(0) {
      $0.addingReportingOverflow($1.supply.documents).partialValue
    }
    table.total = [
      "total", figures.count(documents), figures.count(available),
      figures.percent(available, available), figures.percent(quota, budget), figures.count(quota),
    ]
    if isContinued {
      let before = languages.reduce(0) {
        $0.addingReportingOverflow($1.supply.tokensBefore).partialValue
      }
      table.total?.append(figures.ratio(before, available))
    }
    table.total? += [figures.ratio(quota, available), figures.ratio(bytes, available)]
    return table
  }

  /// A premium; `~` before one that was not measured.
  private static func premium(_ language: LanguagePlan) -> String {
    guard let premium = language.premium else { return "-" }
    let text = Grouped.ratio(Int((premium.value * 100).rounded()), 100, places: 2)
    return (premium.isEstimated ? "~" : "") + text
  }

  private func groupTable(isCompact: Bool) -> PlanTable {
    let figures = PlanFigures(isCompact: isCompact)
    let available = languages.reduce(0) { $0 + $1.supply.tokens }
    var table = PlanTable(
      [
        "group", isCompact ? "langs" : "languages", isCompact ? "docs" : "documents",
        isCompact ? "avail" : "available", "natural", "planned", "quota", "epochs", "bound by",
        "inside",
      ], numbers: 1..<8)
    for group in groups {
      table.rows.append([
        group.parent.map { $0 + "/" + group.name } ?? group.name, figures.count(group.languages),
        figures.count(group.documents), figures.count(group.tokens),
        figures.percent(group.tokens, available), figures.percent(group.quota, budget),
        figures.count(group.quota), figures.ratio(group.quota, group.tokens),
        group.bindingRule.rawValue, group.policy,
      ])
    }
    return table
  }

  private func notes() -> [String] {
    var notes: [String] = []
    // The undetermined have a line of their own among the warnings.
    let hasLine = warnings.contains { $0.hasSuffix(Selection.undeterminedHint) }
    let excluded = excluded.filter {
      !hasLine || !($0.tag.isUndetermined || $0.tag.isNotLanguage)
    }
    if !excluded.isEmpty {
      let tokens = excluded.reduce(0) { $0.addingReportingOverflow($1.tokens).partialValue }
      notes.append(
        "left out: \(Selection.names(excluded.map(\.tag))); \(Grouped.string(tokens)) tokens")
    }
    return notes + warnings.map { "warning: " + $0 }
  }

  /// Breaks a line at spaces, so that each part has at most `width` bytes.
  static func wrapped(_ text: String, _ width: Int?) -> String {
    guard let width, width > 20 else { return text }
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty && line.utf8.count + 1 + word.utf8.count > width {
        lines.append(line)
        line = "  " + word
      } else {
        line += (line.isEmpty ? "" : " ") + word
      }
    }
    return (lines + [line]).joined(separator: "\n")
  }
}
