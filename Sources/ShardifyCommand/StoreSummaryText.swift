import Shardify
import ShardifyCore
import Terminal

/// What an ingest prints when it is done.
enum StoreSummaryText {
  static func text(_ summary: StoreSummary, store: String, seconds: Double) -> String {
    var lines: [String] = []
    let shown = summary.languages.prefix(20)
    if !shown.isEmpty {
      lines.append(
        Figures.table(
          ["language", "documents", "tokens", "share", "bytes/token"],
          shown.map { language in
            [
              "\(language.tag)", Figures.count(language.documents), Figures.count(language.tokens),
              Figures.percent(Double(language.tokens) / Double(max(1, summary.tokens))),
              Figures.decimal(Double(language.bytes) / Double(max(1, language.tokens)), 2),
            ]
          }))
      if summary.languages.count > shown.count {
        lines.append("... and \(summary.languages.count - shown.count) more languages")
      }
      lines.append("")
    }
    lines.append(
      "read \(Figures.count(summary.documentsIn)) documents, \(Figures.bytes(summary.inputBytes))"
        + " of input, in \(Figures.duration(Int(seconds.rounded())))")
    lines.append(
      "kept \(Figures.count(summary.documents)), \(Figures.count(summary.duplicates)) duplicates"
        + " left out\(summary.runs > 1 ? " within runs" : ""),"
        + " \(Figures.count(summary.rejected)) rejected")
    if summary.runs > 1 {
      lines.append(
        "  in \(summary.runs) runs: documents that several of them hold are counted in each; balance"
          + " takes them once")
    }
    for (reject, first) in zip(summary.rejects, summary.firstRejects) {
      lines.append(
        "  \(reject.reason): \(Figures.count(reject.documents)), first in \(first.input) at byte "
          + "\(first.offset): \(first.detail)")
    }
    lines.append(
      "token store \(store): \(Figures.count(summary.tokens)) tokens in "
        + "\(summary.languages.count) languages, \(Figures.bytes(summary.fileSizeBytes)) on disk")
    lines.append("next: shardify balance \(store) --to DATASET --temperature 3.33 --dry-run")
    return lines.joined(separator: "\n")
  }

  static func json(_ summary: StoreSummary, store: String) -> String {
    JSONText.line([
      ("store", .text(store)),
      ("documents_in", .number(summary.documentsIn)),
      ("documents", .number(summary.documents)),
      ("duplicates", .number(summary.duplicates)),
      ("rejected", .number(summary.rejected)),
      (
        "rejects",
        .object(summary.rejects.map { ($0.reason, .number($0.documents)) })
      ),
      ("input_bytes", .number(summary.inputBytes)),
      ("text_bytes", .number(summary.bytes)),
      ("tokens", .number(summary.tokens)),
      ("size_bytes", .number(summary.fileSizeBytes)),
      ("runs", .number(summary.runs)),
      (
        "languages",
        .list(
          summary.languages.map { language in
            .object([
              ("language", .text("\(language.tag)")),
              ("documents", .number(language.documents)),
              ("tokens", .number(language.tokens)), ("bytes", .number(language.bytes)),
            ])
          })
      ),
    ])
  }
}
