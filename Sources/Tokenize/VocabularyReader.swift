import ShardifyCore

/// Reads `model.vocab` of a `tokenizer.json`.
struct VocabularyReader {
  let json: JSONDocument
  let path: String

  /// Tokens by their text.
  struct Vocabulary {
    let table: TokenTable
    /// Tokens in the object: what the reference calls the vocabulary's size.
    let count: Int
  }

  /// Reads an object from texts to ids.
  func read(_ model: JSONDocument.Value) throws(TokenizeFailure) -> Vocabulary {
    guard let object = json.member(model, "vocab"), json.kind(object) == .object else {
      throw .load(
        .malformed, path, at: json.offset(model), "a model without a vocab object",
        expected: "\"vocab\": {token: id}")
    }
    var builder = TokenTable.Builder()
    var text: [UInt8] = []
    var count = 0
    var walk = json.children(object)
    while let key = walk.next(), let value = walk.next() {
      guard let id = json.integer(value) else {
        throw .load(
          .malformed, path, at: json.offset(value), "an id that is no whole number",
          expected: "an id from 0 on")
      }
      guard id < TokenTable.maxCount else {
        throw .load(
          .unsupported, path, at: json.offset(value), "id \(id)",
          expected: "ids below \(TokenTable.maxCount)")
      }
      text.removeAll(keepingCapacity: true)
      json.appendString(key, to: &text)
      guard builder.add(id, text) else {
        throw .load(
          .inconsistent, path, at: json.offset(value), "id \(id) for two tokens",
          expected: "each id once")
      }
      count += 1
    }
    guard count > 0 else {
      throw .load(.inconsistent, path, "an empty vocabulary", expected: "at least one token")
    }
    let table = TokenTable(builder)
    try refuseDoubles(table)
    return Vocabulary(table: table, count: count)
  }

  private func refuseDoubles(_ table: TokenTable) throws(TokenizeFailure) {
    guard let (id, lower) = table.firstDouble else { return }
    throw .load(
      .inconsistent, path, "token \(quoted(table.bytes(of: id))) with ids \(lower) and \(id)",
      expected: "each token once")
  }
}
