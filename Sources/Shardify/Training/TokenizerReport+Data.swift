import ShardifyCore

extension TokenizerReport {
  /// One line for each language and tokenizer, by language; figures that do not exist are empty.
  public func csv() -> String {
    var out =
      "tokenizer,language,documents,bytes,chars,words,tokens,tokens_per_word,bytes_per_token,"
      + "chars_per_token,relative_tokens,relative_is_estimated,unknown_share,byte_share,cut_share\n"
    for row in rows {
      for index in tokenizers.indices {
        let cells = [
          Self.csvField(tokenizers[index].path), row.tag.description, "\(row.figures.documents)",
          "\(row.figures.bytes)", "\(row.figures.scalars)", "\(row.figures.words)",
          "\(row.figures.tokenizers[index].tokens)", Self.number(row.fertility(index)),
          Self.number(row.bytesPerToken(index)), Self.number(row.charactersPerToken(index)),
          Self.number(row.relative[index]), "\(row.isEstimated)",
          Self.number(row.unknownShare(index)), Self.number(row.byteShare(index)),
          contextTokens == nil ? "" : Self.number(row.cutShare(index)),
        ]
        out += cells.joined(separator: ",") + "\n"
      }
    }
    return out
  }

  /// One JSON object, members always in the same order.
  public func json() -> String {
    let names = tokenizers.enumerated().map { index, tokenizer in
      Self.object([
        ("path", TrainingReport.quoted(tokenizer.path)),
        ("kind", TrainingReport.quoted(tokenizer.kind)),
        ("vocabulary_size", "\(tokenizer.vocabularySize)"),
        ("fingerprint", TrainingReport.quoted(tokenizer.fingerprint)),
        ("summary", json(summaries[index])),
      ])
    }
    return Self.object([
      ("reference", TrainingReport.quoted(reference.description)),
      ("parallel", "\(isParallel)"),
      ("context_tokens", contextTokens.map { "\($0)" } ?? "null"),
      ("minimum_bytes", "\(minimumBytes)"),
      ("tokenizers", "[\(names.joined(separator: ","))]"),
      ("languages", "[\(rows.map(json).joined(separator: ","))]"),
    ])
  }

  private func json(_ summary: Summary) -> String {
    Self.object([
      ("languages", "\(summary.languages)"), ("gini", Self.jsonNumber(summary.gini)),
      ("worst", summary.worst.map { TrainingReport.quoted($0.description) } ?? "null"),
      ("worst_to_best", Self.jsonNumber(summary.worstToBest)),
      ("worst_to_reference", Self.jsonNumber(summary.worstToReference)),
      ("mean_tokens_per_word", Self.jsonNumber(summary.meanFertility)),
      ("mean_bytes_per_token", Self.jsonNumber(summary.meanBytesPerToken)),
      ("bytes_per_token", Self.jsonNumber(summary.bytesPerToken)),
      ("tokens", "\(summary.tokens)"),
    ])
  }

  private func json(_ row: Row) -> String {
    let each = tokenizers.indices.map { index in
      Self.object([
        ("tokens", "\(row.figures.tokenizers[index].tokens)"),
        ("tokens_per_word", Self.jsonNumber(row.fertility(index))),
        ("bytes_per_token", Self.jsonNumber(row.bytesPerToken(index))),
        ("chars_per_token", Self.jsonNumber(row.charactersPerToken(index))),
        ("relative_tokens", Self.jsonNumber(row.relative[index])),
        ("unknown_share", Self.jsonNumber(row.unknownShare(index))),
        ("byte_share", Self.jsonNumber(row.byteShare(index))),
        ("cut_share", contextTokens == nil ? "null" : Self.jsonNumber(row.cutShare(index))),
      ])
    }
    return Self.object([
      ("language", TrainingReport.quoted(row.tag.description)),
      ("documents", "\(row.figures.documents)"), ("bytes", "\(row.figures.bytes)"),
      ("chars", "\(row.figures.scalars)"), ("words", "\(row.figures.words)"),
      ("counted", "\(row.isCounted)"), ("relative_is_estimated", "\(row.isEstimated)"),
      ("tokenizers", "[\(each.joined(separator: ","))]"),
    ])
  }

  private static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  private static func number(_ value: Double?) -> String {
    value.map { $0.isFinite ? "\($0)" : "" } ?? ""
  }

  private static func jsonNumber(_ value: Double?) -> String {
    value.map { $0.isFinite ? "\($0)" : "null" } ?? "null"
  }

  private static func csvField(_ text: String) -> String {
    guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
