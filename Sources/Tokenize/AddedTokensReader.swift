import ShardifyCore

/// Reads `added_tokens` and gives them their ids as the reference does.
struct AddedTokensReader {
  let json: JSONDocument
  let path: String

  /// The tokens in file order. A token that the model's vocabulary holds has its id there; the
  /// others are numbered from the vocabulary's size on, whatever id the file writes.
  func read(vocabularyCount: Int, idInModel: ([UInt8]) -> TokenID?) throws(TokenizeFailure)
    -> [AddedTokens.Token]
  {
    guard let list = json.member(json.root, "added_tokens"), json.isPresent(list) else { return [] }
    guard json.kind(list) == .array else {
      throw .load(
        .malformed, path, at: json.offset(list), "added_tokens that are no array",
        expected: "an array")
    }
    var tokens: [AddedTokens.Token?] = []
    var places: [[UInt8]: Int] = [:]
    var largest: Int?
    for item in json.children(list) {
      var token = try parse(item)
      guard !token.text.isEmpty else { continue }
      let former = places[token.text]
      let known = former.flatMap { tokens[$0] }
      token.id = known?.id ?? 0
      if known == token { continue }
      if let id = known?.id ?? idInModel(token.text) {
        token.id = id
      } else {
        let next = largest.map { $0 >= vocabularyCount ? $0 + 1 : vocabularyCount }
        token.id = TokenID(next ?? vocabularyCount)
      }
      guard token.id < TokenTable.maxCount else {
        throw .load(.inconsistent, path, "added token id \(token.id)", expected: "below 2097151")
      }
      largest = max(largest ?? 0, Int(token.id))
      if let former { tokens[former] = nil }
      places[token.text] = tokens.count
      tokens.append(token)
    }
    return tokens.compactMap(\.self)
  }

  private func parse(_ item: JSONDocument.Value) throws(TokenizeFailure) -> AddedTokens.Token {
    guard json.kind(item) == .object, let content = json.optionalString(item, "content") else {
      throw .load(
        .malformed, path, at: json.offset(item), "an added token without content",
        expected: "an object with \"content\"")
    }
    return AddedTokens.Token(
      text: content, id: 0, isSpecial: json.flag(item, "special"),
      stripsLeft: json.flag(item, "lstrip"), stripsRight: json.flag(item, "rstrip"),
      isSingleWord: json.flag(item, "single_word"),
      isNormalized: json.flag(item, "normalized", default: !json.flag(item, "special")))
  }
}
