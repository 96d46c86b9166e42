import ShardifyCore

/// A pre-tokenizer pattern that has a scanner of its own.
enum KnownScheme: String, Sendable {
  case gpt2, cl100k, cl100kWholeEnd, qwen2, o200k, kimi, whole
}

/// How text is cut before the model.
enum Pretokenizer: Sendable {
  /// A known pattern; the model sees bytes.
  case scheme(KnownScheme)
  /// Steps in order; none leaves the text whole.
  case steps([PretokenizerStep])

  /// Whether the model sees bytes, not characters.
  var isByteLevel: Bool {
    switch self {
    case .scheme: return true
    case .steps(let steps):
      return steps.contains { if case .byteLevel = $0 { true } else { false } }
    }
  }
}

/// How pretokens become ids.
enum Model: Sendable {
  /// Each byte is its own id.
  case bytes
  case bpe(BPEModel)
  case unigram(UnigramModel)
  case wordPiece(WordPieceModel)
  case wordLevel(WordLevelModel)
}

/// All that decides a tokenizer's ids; what the readers of the file formats make.
struct TokenizerDefinition: Sendable {
  /// For people: "byte-level BPE".
  var kind: String
  var model: Model
  var normalizer: Normalizer?
  var pretokenizer: Pretokenizer
  /// Found before the normalizer.
  var addedTokens: AddedTokens
  /// Found after it.
  var normalizedTokens = AddedTokens([])
  /// Ids to bytes.
  var decoder: TokenDecoder
  /// Names and ids of special tokens, in order of id.
  var specialTokens: [(text: [UInt8], id: TokenID)]
  var endOfTextID: TokenID?
  var fingerprint: SHA256.Digest
  /// How text of a BERT tokenizer is cut before it is normalized; nil for the others.
  var wordPieceActions: WordPieceActions?
  /// The same for SentencePiece.
  var sentencePieceWords: SentencePieceWords?
}
