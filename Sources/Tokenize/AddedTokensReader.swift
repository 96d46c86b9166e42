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
    var tokens: [AddedTokens.Token] = []
    var ids: [[UInt8]: TokenID] = [:]
    var largest: Int?
    for item in json.children(list) {
      var token = try parse(item)
      guard !token.text.isEmpty, !tokens.contains(where: { sameToken($0, token) }) else { continue }
      if let known = ids[token.text] ?? idInModel(token.text) {
        token.id = known
      } else {
        let next = largest.map { $0 >= vocabularyCount ? $0 + 1 : vocabularyCount }
        token.id = TokenID(next ?? vocabularyCount)
      }
      guard token.id < TokenTable.maxCount else {
        throw .load(.inconsistent, path, "added token id \(token.id)", expected: "below 2097151")
      }
      largest = max(largest ?? 0, Int(token.id))
      if ids[token.text] != nil {
        tokens.removeAll { $0.text == token.text }
      }
      ids[token.text] = token.id
      tokens.append(token)
    }
    return tokens
  }

  private func sameToken(_ a: AddedTokens.Token, _ b: AddedTokens.Token) -> Bool {
    var copy = b
    copy.id = a.id
    return a == copy
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
