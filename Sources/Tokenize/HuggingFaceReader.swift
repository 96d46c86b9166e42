import ShardifyCore

/// Reads a Hugging Face `tokenizer.json`.
///
/// What decides ids is read or refused by name. Templates (`post_processor`), `truncation` and
/// `padding` are not applied: documents are encoded whole, without added tokens around them.
struct HuggingFaceReader {
  let json: JSONDocument
  let path: String

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(TokenizeFailure) {
    json = try JSONDocument(bytes, path: path)
    self.path = path
  }

  /// The tokenizer that the file defines.
  func definition() throws(TokenizeFailure) -> TokenizerDefinition {
    guard json.kind(json.root) == .object else {
      throw .load(.malformed, path, "a JSON \(json.kind(json.root))", expected: "an object")
    }
    guard let model = json.member(json.root, "model"), json.kind(model) == .object else {
      throw .load(
        .unknownFormat, path, "no \"model\" object",
        expected: "a tokenizer.json", remedy: "vocab.json and merges.txt alone are not enough")
    }
    let normalizer = try NormalizerReader(json: json, path: path).read(
      json.member(json.root, "normalizer"))
    let pretokenizer = try PretokenizerReader(json: json, path: path).read(
      json.member(json.root, "pre_tokenizer"))
    let parts = try readModel(model, pretokenizer)
    let added = try AddedTokensReader(json: json, path: path).read(
      vocabularyCount: parts.count, idInModel: { parts.texts.id(of: $0) })
    return assemble(parts, normalizer, pretokenizer, added)
  }

  /// A model with its tokens by text.
  private struct Parts {
    var kind: String
    var model: Model
    var texts: TokenTable
    var count: Int
  }

  private func readModel(_ model: JSONDocument.Value, _ pretokenizer: Pretokenizer)
    throws(TokenizeFailure) -> Parts
  {
    switch try modelType(model) {
    case "BPE":
      let reader = try BPEReader(
        json: json, path: path, model: model, isByteLevel: pretokenizer.isByteLevel)
      let bpe = try reader.bpe()
      return Parts(
        kind: pretokenizer.isByteLevel ? "byte-level BPE" : "BPE", model: .bpe(bpe),
        texts: reader.vocabulary.table, count: reader.vocabulary.count)
    case "Unigram":
      let unigram = try UnigramReader(json: json, path: path).read(model)
      return Parts(
        kind: "Unigram", model: .unigram(unigram), texts: unigram.tokens,
        count: unigram.tokens.count)
    case "WordPiece":
      let vocabulary = try VocabularyReader(json: json, path: path).read(model)
      let limit = json.member(model, "max_input_chars_per_word").flatMap { json.integer($0) }
      let wordPiece = WordPieceModel(
        tokens: vocabulary.table, unknown: try unknown(model, vocabulary.table, "[UNK]"),
        maxCharacters: limit ?? 100,
        prefix: json.optionalString(model, "continuing_subword_prefix") ?? Array("##".utf8))
      return Parts(
        kind: "WordPiece", model: .wordPiece(wordPiece), texts: vocabulary.table,
        count: vocabulary.count)
    case "WordLevel":
      let vocabulary = try VocabularyReader(json: json, path: path).read(model)
      let words = WordLevelModel(
        tokens: vocabulary.table, unknown: try unknown(model, vocabulary.table, "<unk>"))
      return Parts(
        kind: "WordLevel", model: .wordLevel(words), texts: vocabulary.table,
        count: vocabulary.count)
    case let other: throw .unsupported(path, "model type \(other)")
    }
  }

  /// The id of `unk_token`.
  private func unknown(
    _ model: JSONDocument.Value, _ tokens: TokenTable, _ usual: String
  ) throws(TokenizeFailure) -> TokenID {
    let text = json.optionalString(model, "unk_token") ?? Array(usual.utf8)
    guard let id = tokens.id(of: text) else {
      throw .load(
        .inconsistent, path, "unk_token \(quoted(text)) that is not in the vocabulary",
        expected: "a token of the vocabulary")
    }
    return id
  }

  /// The model's type; where it is missing (old files), by what the model holds.
  private func modelType(_ model: JSONDocument.Value) throws(TokenizeFailure) -> String {
    if let type = json.member(model, "type") {
      guard let name = json.text(type) else {
        throw .load(.malformed, path, at: json.offset(type), "a model type that is no string")
      }
      return name
    }
    if json.member(model, "merges") != nil { return "BPE" }
    if let vocab = json.member(model, "vocab"), json.kind(vocab) == .array { return "Unigram" }
    return json.member(model, "continuing_subword_prefix") != nil ? "WordPiece" : "WordLevel"
  }

  private func assemble(
    _ parts: Parts, _ normalizer: Normalizer?, _ pretokenizer: Pretokenizer,
    _ added: [AddedTokens.Token]
  ) -> TokenizerDefinition {
    let special = added.filter(\.isSpecial).map { (text: $0.text, id: $0.id) }
      .sorted { $0.id < $1.id }
    let normalized = added.filter(\.isNormalized).map { token in
      var copy = token
      if let normalizer {
        var scratch: [UInt8] = []
        normalizer.apply(&copy.text, scratch: &scratch)
      }
      return copy
    }
    var definition = TokenizerDefinition(
      kind: parts.kind, model: parts.model, normalizer: normalizer, pretokenizer: pretokenizer,
      addedTokens: AddedTokens(added.filter { !$0.isNormalized }),
      normalizedTokens: AddedTokens(normalized),
      decoder: DecoderReader(json: json).decoder(
        parts.texts, added, isByteLevel: pretokenizer.isByteLevel),
      specialTokens: special, endOfTextID: TokenizerFile.endOfText(special),
      fingerprint: fingerprint(parts, added))
    definition.wordPieceActions = WordPieceActions(definition)
    return definition
  }

  private func fingerprint(_ parts: Parts, _ added: [AddedTokens.Token]) -> SHA256.Digest {
    var hash = SHA256()
    hash.update(Array("huggingface 1 ".utf8))
    hash.update(json.canonical(json.member(json.root, "normalizer")))
    hash.update(json.canonical(json.member(json.root, "pre_tokenizer")))
    Fingerprint.add(parts.texts, to: &hash)
    Fingerprint.add(added, to: &hash)
    if let model = json.member(json.root, "model") {
      Fingerprint.addModel(json, model, to: &hash)
    }
    return hash.finish()
  }
}

extension JSONDocument {
  /// A flag that may be missing or null.
  func flag(_ value: Value, _ key: StaticString, default missing: Bool = false) -> Bool {
    member(value, key).flatMap { bool($0) } ?? missing
  }

  /// A string that may be missing or null.
  func optionalString(_ value: Value, _ key: StaticString) -> [UInt8]? {
    member(value, key).flatMap { string($0) }
  }
}
