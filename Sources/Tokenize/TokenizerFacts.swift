import ShardifyCore

extension Tokenizer {
  /// What an id is, for reports.
  public struct TokenClass: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Stands for text that the vocabulary cannot write.
    public static let unknown = TokenClass(rawValue: 1)
    /// Stands for one byte of a character of several bytes.
    public static let partOfCharacter = TokenClass(rawValue: 2)
  }

  /// The class of every id; shape [ids].
  public var tokenClasses: [TokenClass] {
    var unknown: TokenID?
    switch definition.model {
    case .bytes: break
    case .bpe(let model): unknown = model.options.unknown
    case .unigram(let model): unknown = model.unknown
    case .wordPiece(let model): unknown = model.unknown
    case .wordLevel(let model): unknown = model.unknown
    }
    return (0..<vocabularySize).map { id in
      var found: TokenClass = []
      if let unknown, Int(unknown) == id { found.insert(.unknown) }
      let bytes = definition.decoder.bytes.bytes(of: TokenID(id))
      if bytes.count == 1, bytes[0] >= 0x80 { found.insert(.partOfCharacter) }
      return found
    }
  }
}
