import ShardifyCore

/// The part of one global batch that a rank takes.
public struct SampleBatch: Sendable {
  /// The first global sample of the whole global batch.
  public var firstOfBatch: Int
  /// The samples delivered, in order. Samples of shards that are skipped are not among them.
  public var samples: [SampleLocation]
  /// Ids; shape [samples, sequenceLength + 1].
  public var tokens: [TokenID]
  /// The pieces in the samples, in order of sample and token.
  public var spans: [PieceSpan]
  /// Samples left out because a shard could not be read.
  public var skippedSamples: Int
}

/// The part of a piece that lies in a sample.
public struct PieceSpan: Hashable, Sendable {
  /// The sample, counted in its batch part from 0.
  public var sample: Int
  /// The first token, counted from the start of the sample.
  public var firstToken: Int
  /// How many.
  public var tokenCount: Int
  /// Index of the language in `DatasetFacts.languages`.
  public var language: Int
  /// The shard.
  public var shard: Int
  /// The piece's number in its shard.
  public var piece: Int
  /// The content hash of its document.
  public var content: ContentHash
  /// Whether the span begins where a document begins.
  public var startsDocument: Bool

  /// Joins the parts; see the properties.
  public init(
    sample: Int, firstToken: Int, tokenCount: Int, language: Int, shard: Int, piece: Int,
    content: ContentHash = ContentHash(high: 0, low: 0), startsDocument: Bool
  ) {
    self.sample = sample
    self.firstToken = firstToken
    self.tokenCount = tokenCount
    self.language = language
    self.shard = shard
    self.piece = piece
    self.content = content
    self.startsDocument = startsDocument
  }
}
