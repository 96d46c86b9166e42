import ShardifyCore

/// Makes a tokenizer of a SentencePiece `.model`.
struct SentencePieceReader {
  private let file: SentencePieceFile
  private let path: String

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(TokenizeFailure) {
    file = try SentencePieceFile(bytes, path: path)
    self.path = path
  }

  /// The tokenizer that the file defines.
  func definition() throws(TokenizeFailure) -> TokenizerDefinition {
    let tokens = try tokenTable()
    let fallback = try byteFallback(tokens)
    let model: Model
    switch file.modelType {
    case 1: model = .unigram(unigram(tokens, fallback))
    case 2: model = .bpe(try SentencePieceMerges(file, path: path).model(tokens, fallback))
    case 3: throw .unsupported(path, "SentencePiece model type WORD")
    case 4: throw .unsupported(path, "SentencePiece model type CHAR")
    default: throw .unsupported(path, "SentencePiece model type \(file.modelType)")
    }
    let special = file.pieces.enumerated().filter { $0.element.kind == .control }
      .map { (text: $0.element.text, id: TokenID($0.offset)) }
    let end = file.endID >= 0 && file.endID < file.pieces.count ? TokenID(file.endID) : nil
    let normalizer = normalizer()
    var definition = TokenizerDefinition(
      kind: file.modelType == 1 ? "SentencePiece Unigram" : "SentencePiece BPE", model: model,
      normalizer: Normalizer(steps: [.sentencePiece(normalizer)]), pretokenizer: .steps([]),
      addedTokens: AddedTokens(special.map { .init(text: $0.text, id: $0.id) }),
      decoder: decoder(), specialTokens: special, endOfTextID: end, fingerprint: fingerprint())
    switch model {
    case .unigram(let unigram) where unigram.wordsAreApart:
      definition.sentencePieceWords = SentencePieceWords(normalizer, cuts: unigram.cuts)
    case .bpe(let bpe) where bpe.canCutAtMarks:
      definition.sentencePieceWords = SentencePieceWords(normalizer, cuts: bpe.cuts)
    default: break
    }
    return definition
  }

  private func tokenTable() throws(TokenizeFailure) -> TokenTable {
    var builder = TokenTable.Builder()
    for (id, piece) in file.pieces.enumerated() where !builder.add(id, piece.text) {
      throw .load(.malformed, path, "piece \(id) of \(piece.text.count) bytes", expected: "less")
    }
    let table = TokenTable(builder)
    for (id, piece) in file.pieces.enumerated() {
      let found = table.id(of: piece.text)
      guard found == TokenID(id) else {
        throw .load(
          .inconsistent, path, "piece \(quoted(piece.text)) with ids \(found ?? 0) and \(id)",
          expected: "each piece once")
      }
    }
    guard file.unknownID >= 0, file.unknownID < file.pieces.count,
      file.pieces[file.unknownID].kind == .unknown
    else {
      throw .load(
        .inconsistent, path, "unk_id \(file.unknownID) that is no unknown piece",
        expected: "the id of the unknown piece")
    }
    return table
  }

  private func byteFallback(_ tokens: TokenTable) throws(TokenizeFailure) -> [TokenID]? {
    guard file.hasByteFallback else { return nil }
    guard let ids = ByteFallback.tokens(tokens), !ids.contains(TokenTable.none) else {
      throw .load(
        .inconsistent, path, "byte fallback without all of <0x00> to <0xFF>",
        expected: "256 byte pieces")
    }
    return ids
  }

  private func unigram(_ tokens: TokenTable, _ fallback: [TokenID]?) -> UnigramModel {
    var least = Float.greatestFiniteMagnitude
    for piece in file.pieces where piece.kind == .normal { least = min(least, piece.score) }
    // As SentencePiece 0.2.3 has it: above all logarithms, and one long piece above short ones.
    let scores = file.pieces.map { piece in
      Double(
        piece.kind == .userDefined ? Float(0.1 * Double(piece.text.count - 1)) : piece.score)
    }
    return UnigramModel(
      arithmetic: .single, tokens: tokens, scores: scores, unknownScore: Double(least - 10),
      unknown: TokenID(file.unknownID), byteFallback: fallback,
      isPiece: { file.pieces[$0].kind == .normal || file.pieces[$0].kind == .userDefined })
  }

  private func normalizer() -> SentencePieceNormalizer {
    var normalizer = file.normalizer
    let symbols = file.pieces.enumerated().filter { $0.element.kind == .userDefined }
    normalizer.prepare()
    guard !symbols.isEmpty else { return normalizer }
    var trie = ByteTrie()
    for symbol in symbols { trie.insert(symbol.element.text, value: Int32(symbol.offset)) }
    trie.finish()
    normalizer.userDefined = trie
    normalizer.prepare()
    return normalizer
  }

  private func decoder() -> TokenDecoder {
    var builder = TokenTable.Builder()
    for (id, piece) in file.pieces.enumerated() {
      let written = piece.text.withUnsafeBufferPointer { text -> [UInt8] in
        if piece.kind == .byte, let byte = SentencePieceText.byte(text) { return [byte] }
        return piece.kind == .unknown ? Array(" ⁇ ".utf8) : SentencePieceText.plain(text)
      }
      _ = builder.add(id, written)
    }
    let drops = file.normalizer.addsDummyPrefix && !file.normalizer.spaceIsSuffix
    return TokenDecoder(
      bytes: TokenTable(builder, isSearched: false),
      joining: drops ? .dropsFirstSpace : .plain)
  }

  private func fingerprint() -> SHA256.Digest {
    var hash = SHA256()
    var out: [UInt8] = []
    out.appendLengthPrefixed("sentencepiece 1")
    let flags = [
      file.hasByteFallback, file.normalizer.addsDummyPrefix, file.normalizer.removesExtraSpaces,
      file.normalizer.escapesSpaces, file.normalizer.spaceIsSuffix,
    ]
    out += flags.map { $0 ? 1 : 0 }
    for number in [file.modelType, UInt64(file.unknownID), UInt64(file.pieces.count)] {
      out.appendLittleEndian(number)
    }
    out.appendLittleEndian(UInt64(file.charsMapBytes.count))
    out += file.charsMapBytes
    for piece in file.pieces {
      out.appendLittleEndian(UInt32(piece.text.count))
      out += piece.text
      out.appendLittleEndian(piece.score.bitPattern)
      out.append(UInt8(truncatingIfNeeded: piece.kind.rawValue))
    }
    hash.update(out)
    return hash.finish()
  }
}
