import Detect
import ShardifyCore
import Terminal

/// What `language-eval` prints.
struct LanguageEvalReport {
  let evaluation: LanguageEvaluation
  let model: String
  let confusions: Int

  var text: String {
    let found = evaluation
    var parts = [
      Figures.table(
        ["label", "texts", "precision", "recall", "F1"],
        found.rows.map { row in
          ["\(row.tag)", Figures.count(row.texts)]
            + [row.precision, row.recall, row.f1].map { Figures.decimal($0, 3) }
        })
    ]
    let wrong = found.confusions(confusions)
    if !wrong.isEmpty {
      parts.append(
        Figures.table(
          ["label", "answer", "texts"],
          wrong.map { ["\($0.label)", "\($0.answer)", Figures.count($0.texts)] }))
    }
    parts.append(
      Figures.table(
        ["stated", "texts", "mean stated", "right"],
        found.bins.enumerated().filter { $0.element.texts > 0 }.map { place, bin in
          [
            "\(Figures.decimal(Double(place) / 10, 1))-\(Figures.decimal(Double(place + 1) / 10, 1))",
            Figures.count(bin.texts),
            Figures.decimal(Double(bin.stated) / 10_000 / Double(bin.texts), 3),
            Figures.decimal(Double(bin.right) / Double(bin.texts), 3),
          ]
        }))
    let strangers = found.strangers.reduce(0) { $0 + $1.answers }
    parts.append(
      """
      model \(model), \(Figures.count(found.texts)) texts of \(found.rows.count) labels
      macro-F1 \(Figures.decimal(found.macroF1, 4)), micro-F1 \(Figures.decimal(found.microF1, 4)), \
      expected calibration error \(Figures.decimal(found.calibrationError, 4))
      below the threshold \(Figures.count(found.undetermined)), not language \
      \(Figures.count(found.notLanguage)), answers that are no text's label \(Figures.count(strangers))
      """)
    let unknown = found.unknown.sorted { $0.key < $1.key }
    if !unknown.isEmpty {
      let count = unknown.reduce(0) { $0 + $1.value }
      parts.append(
        "left out, labels the model does not know: \(Figures.count(count)) texts of "
          + unknown.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }
    return parts.joined(separator: "\n\n")
  }

  var json: String {
    let found = evaluation
    return JSONText.line([
      ("model", .text(model)), ("texts", .number(found.texts)), ("right", .number(found.right)),
      ("macro_f1", .real(found.macroF1)), ("micro_f1", .real(found.microF1)),
      ("expected_calibration_error", .real(found.calibrationError)),
      ("undetermined", .number(found.undetermined)), ("not_language", .number(found.notLanguage)),
      ("labels", .list(found.rows.map { LanguageEvalReport.row($0) })),
      ("other_answers", .list(found.strangers.map { LanguageEvalReport.row($0) })),
      (
        "confusions",
        .list(
          found.confusions(confusions).map {
            .object([
              ("label", .text("\($0.label)")), ("answer", .text("\($0.answer)")),
              ("texts", .number($0.texts)),
            ])
          })
      ),
      (
        "bins",
        .list(
          found.bins.map {
            .object([
              ("texts", .number($0.texts)), ("right", .number($0.right)),
              ("stated", .real(Double($0.stated) / 10_000)),
            ])
          })
      ),
      (
        "unknown_labels",
        .object(
          found.unknown.sorted { $0.key < $1.key }.map { ("\($0.key)", .number($0.value)) })
      ),
    ])
  }

  private static func row(_ row: LanguageEvaluation.Row) -> JSONText {
    .object([
      ("label", .text("\(row.tag)")), ("texts", .number(row.texts)),
      ("answers", .number(row.answers)), ("right", .number(row.right)),
      ("precision", .real(row.precision)), ("recall", .real(row.recall)), ("f1", .real(row.f1)),
    ])
  }
}
