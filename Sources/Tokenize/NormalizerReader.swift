import ShardifyCore

/// Reads `normalizer`.
struct NormalizerReader {
  let json: JSONDocument
  let path: String

  /// The normalizer, or nil if text stays as it is.
  func read(_ value: JSONDocument.Value?) throws(TokenizeFailure) -> Normalizer? {
    guard let value, json.isPresent(value) else { return nil }
    let steps = try steps(value)
    return steps.isEmpty ? nil : Normalizer(steps: steps)
  }

  private func steps(_ value: JSONDocument.Value) throws(TokenizeFailure) -> [NormalizerStep] {
    guard let type = json.optionalString(value, "type") else {
      throw .load(.malformed, path, at: json.offset(value), "a normalizer without a type")
    }
    switch String(decoding: type, as: UTF8.self) {
    case "Sequence":
      var out: [NormalizerStep] = []
      guard let list = json.member(value, "normalizers"), json.kind(list) == .array else {
        throw .load(.malformed, path, at: json.offset(value), "a Sequence without normalizers")
      }
      for item in json.children(list) { out += try steps(item) }
      return out
    case "NFC": return [.form(.nfc)]
    case "NFD": return [.form(.nfd)]
    case "NFKC": return [.form(.nfkc)]
    case "NFKD": return [.form(.nfkd)]
    case "Lowercase": return [.lowercase]
    case "StripAccents": return [.stripAccents]
    case "Strip":
      return [
        .strip(
          left: json.flag(value, "strip_left", default: true),
          right: json.flag(value, "strip_right", default: true))
      ]
    case "Replace":
      guard let content = json.optionalString(value, "content") else {
        throw .load(.malformed, path, at: json.offset(value), "a Replace without content")
      }
      return [.replace(try PatternReader(json: json, path: path).read(value), with: content)]
    case "Prepend": return [.prepend(json.optionalString(value, "prepend") ?? [])]
    case "BertNormalizer":
      let lowercases = json.flag(value, "lowercase", default: true)
      return [
        .bert(
          BertNormalizer(
            cleansText: json.flag(value, "clean_text", default: true),
            padsHan: json.flag(value, "handle_chinese_chars", default: true),
            stripsAccents: json.flag(value, "strip_accents", default: lowercases),
            lowercases: lowercases))
      ]
    case "Precompiled": return [.charsMap(try charsMap(value))]
    case let other: throw .unsupported(path, "normalizer \(other)")
    }
  }

  private func charsMap(_ value: JSONDocument.Value) throws(TokenizeFailure) -> CharsMap {
    let text = json.optionalString(value, "precompiled_charsmap") ?? []
    guard let bytes = text.withUnsafeBytes({ Base64.decode($0) }) else {
      throw .load(
        .malformed, path, at: json.offset(value), "a precompiled_charsmap that is not base64",
        expected: "base64")
    }
    guard let map = CharsMap(bytes) else {
      throw .load(
        .malformed, path, at: json.offset(value),
        "a precompiled_charsmap of \(bytes.count) bytes whose trie does not fit in it",
        expected: "a trie size and a trie")
    }
    return map
  }
}
