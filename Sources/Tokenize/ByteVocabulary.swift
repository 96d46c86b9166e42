import ShardifyCore

/// The built-in tokenizer: 256 bytes and the end of a text.
enum ByteVocabulary {
  static let definition: TokenizerDefinition = {
    var builder = TokenTable.Builder()
    for byte in 0..<256 { _ = builder.add(byte, [UInt8(byte)]) }
    let end = AddedTokens.Token(text: Array("<|endoftext|>".utf8), id: 256)
    _ = builder.add(256, end.text)
    return TokenizerDefinition(
      kind: "bytes", model: .bytes, pretokenizer: .scheme(.whole),
      addedTokens: AddedTokens([end]), decoder: TokenDecoder(bytes: TokenTable(builder)),
      specialTokens: [(end.text, end.id)], endOfTextID: end.id,
      fingerprint: SHA256.of(Array("shardify bytes 256 <|endoftext|>".utf8)))
  }()
}
