import Files
import ShardifyCore

/// A tokenizer: text to ids and back. Start here.
///
/// Ids equal those of the reference implementation of its format on every input.
public final class Tokenizer: Sendable {
  /// What it is, for people: "byte-level BPE", "SentencePiece Unigram".
  public let kind: String
  /// Every id is below it.
  public let vocabularySize: Int
  /// SHA-256 of what decides the ids: normalizer, pre-tokenizer, tokens, merges, added tokens.
  /// Layout of the file, decoders, templates and truncation settings are not part of it.
  public let fingerprint: SHA256.Digest
  /// The token that ends a document, where the file says so.
  ///
  /// In a SentencePiece model its `eos_id`; else the first of these that is a token:
  /// `<|endoftext|>`, `<|end_of_text|>`, `</s>`, `<eos>`, `<|im_end|>`, `[EOS]`,
  /// `<｜end▁of▁sentence｜>`, `[SEP]`.
  public let endOfTextID: TokenID?
  /// Special tokens in order of id.
  public let specialTokens: [(text: [UInt8], id: TokenID)]

  let definition: TokenizerDefinition

  init(_ definition: TokenizerDefinition) {
    self.definition = definition
    kind = definition.kind
    vocabularySize = definition.decoder.bytes.count
    fingerprint = definition.fingerprint
    endOfTextID = definition.endOfTextID
    specialTokens = definition.specialTokens
  }

  /// Reads a tokenizer.
  ///
  /// - Parameters:
  ///   - path: A Hugging Face `tokenizer.json`, a `.tiktoken` file, a SentencePiece `.model`, or the
  ///     word `bytes`.
  ///   - pattern: For `.tiktoken` files, which name no pattern: `gpt2`, `r50k`, `p50k`, `cl100k`,
  ///     `o200k`, `llama3`, `qwen2` or `kimi`.
  /// - Throws: What is wrong with the file, or which part of it is not supported.
  public static func load(_ path: String, pattern: String? = nil) throws(TokenizeFailure)
    -> Tokenizer
  {
    if path == "bytes" { return bytes }
    return Tokenizer(try TokenizerFile.read(path, pattern: pattern))
  }

  /// 256 bytes, each its own id, and `<|endoftext|>` = 256. Needs no file.
  public static let bytes = Tokenizer(ByteVocabulary.definition)

  /// The id of a special token, or nil.
  public func id(ofSpecial text: String) -> TokenID? {
    let wanted = Array(text.utf8)
    return specialTokens.first { $0.text == wanted }?.id
  }

  /// A new encoder; one for each thread.
  public func makeEncoder() -> Encoder { Encoder(definition) }

  /// The bytes that ids stand for, special tokens by their text.
  ///
  /// - Throws: If an id is not in the vocabulary.
  public func decode(_ ids: some Collection<TokenID>) throws(TokenizeFailure) -> [UInt8] {
    var out: [UInt8] = []
    for id in ids {
      guard definition.decoder.append(id, to: &out) else { throw unknown(id) }
    }
    return out
  }

  private func unknown(_ id: TokenID) -> TokenizeFailure {
    TokenizeFailure(
      .unknownID, "cannot decode tokens", found: "id \(id)",
      expected: "an id of the vocabulary, below \(vocabularySize)",
      remedy: "use the tokenizer that made the ids")
  }
}
