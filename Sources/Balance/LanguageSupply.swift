import ShardifyCore

/// What the store has of a language after duplicates and holdout are taken out.
public struct LanguageSupply: Sendable, Equatable {
  /// The language.
  public var tag: LanguageTag
  /// Documents.
  public var documents: Int
  /// Pieces; at least as many as documents.
  public var pieces: Int
  /// Tokens as they go into shards, end-of-text included: the length of the language's ring.
  public var tokens: Int
  /// UTF-8 bytes of the text.
  public var bytes: Int
  /// Unicode scalars of the text.
  public var scalars: Int
  /// Where on the ring the dataset starts, in tokens from the ring's own start on the first pass:
  /// what the datasets that it continues went over. 0 for one that continues none.
  public var tokensBefore = 0
  /// The same by parts of its sources, ascending by number; empty if the mixture weighs none. Their
  /// tokens sum to `tokens`.
  public var sources: [SourceSupply] = []

  /// Joins the counts.
  public init(
    tag: LanguageTag, documents: Int, pieces: Int, tokens: Int, bytes: Int, scalars: Int
  ) {
    self.tag = tag
    self.documents = documents
    self.pieces = pieces
    self.tokens = tokens
    self.bytes = bytes
    self.scalars = scalars
  }

  /// UTF-8 bytes a token stands for; 0 where there are no tokens.
  public var bytesPerToken: Double { tokens > 0 ? Double(bytes) / Double(tokens) : 0 }
}
