import ShardifyCore

/// Reads a Unigram model of a `tokenizer.json`.
struct UnigramReader {
  let json: JSONDocument
  let path: String

  func read(_ model: JSONDocument.Value) throws(TokenizeFailure) -> UnigramModel {
    guard let list = json.member(model, "vocab"), json.kind(list) == .array else {
      throw .load(
        .malformed, path, at: json.offset(model), "a Unigram model without a vocab array",
        expected: "\"vocab\": [[piece, score]]")
    }
    var builder = TokenTable.Builder()
    var scores: [Double] = []
    for item in json.children(list) {
      var walk = json.kind(item) == .array ? json.children(item) : nil
      guard let text = walk?.next().flatMap({ json.string($0) }),
        let score = walk?.next().flatMap({ json.double($0) }), score.isFinite
      else {
        throw .load(
          .malformed, path, at: json.offset(item), "a piece that is no [text, score]",
          expected: "a string and a number")
      }
      guard builder.add(scores.count, text) else {
        throw .load(.unsupported, path, "more than \(TokenTable.maxCount) pieces")
      }
      scores.append(score)
    }
    let tokens = TokenTable(builder)
    for id in 0..<tokens.count {
      let bytes = tokens.bytes(of: TokenID(id))
      if bytes.isEmpty { continue }
      let found = tokens.id(of: bytes) ?? 0
      guard found == TokenID(id) else {
        throw .load(
          .inconsistent, path, "piece \(quoted(bytes)) with ids \(found) and \(id)",
          expected: "each piece once")
      }
    }
    guard let unknown = json.member(model, "unk_id").flatMap({ json.integer($0) }),
      unknown < scores.count, let least = scores.min()
    else {
      throw .unsupported(path, "a Unigram model without an unk_id of its vocabulary")
    }
    let fallback = json.flag(model, "byte_fallback") ? ByteFallback.tokens(tokens) : nil
    return UnigramModel(
      arithmetic: .double, tokens: tokens, scores: scores, unknownScore: least - 10,
      unknown: TokenID(unknown), byteFallback: fallback, isPiece: { _ in true })
  }
}
