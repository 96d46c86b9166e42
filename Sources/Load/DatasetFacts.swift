import ShardifyCore

/// What a loader needs to know of a dataset: the list of shards as a plain value.
///
/// Whoever reads the manifest makes one; nothing here opens a file. The values are not trusted:
/// `SampleOrder` and the readers check what they use.
public struct DatasetFacts: Sendable {
  /// The folder that the shards' paths are relative to.
  public var folder: String
  /// The fingerprint of the manifest.
  public var fingerprint: SHA256.Digest
  /// The SHA-256 of the plan, which every shard of the dataset carries.
  public var plan: SHA256.Digest
  /// Bytes of a token id in the shards: 2 or 4.
  public var tokenWidthBytes: Int
  /// Ids are below this.
  public var vocabularySize: Int
  /// The id that follows the last piece of a document.
  public var endOfTextID: TokenID
  /// The languages, in the order that the shards' piece tables number them.
  public var languages: [LanguageTag]
  /// The training shards, in the manifest's order.
  public var shards: [ShardFacts]
  /// The validation shards; may be empty.
  public var holdout: [ShardFacts]
  /// Tokens of each language in the training shards, in the order of `languages`; empty if they
  /// are not known.
  public var languageTokens: [Int]
  /// The SHA-256 of the tokenizer; nil if it is not known.
  public var tokenizer: SHA256.Digest?

  /// Joins the parts; see the properties.
  public init(
    folder: String, fingerprint: SHA256.Digest, plan: SHA256.Digest, tokenWidthBytes: Int,
    vocabularySize: Int, endOfTextID: TokenID, languages: [LanguageTag], shards: [ShardFacts],
    holdout: [ShardFacts], languageTokens: [Int] = [], tokenizer: SHA256.Digest? = nil
  ) {
    self.folder = folder
    self.fingerprint = fingerprint
    self.plan = plan
    self.tokenWidthBytes = tokenWidthBytes
    self.vocabularySize = vocabularySize
    self.endOfTextID = endOfTextID
    self.languages = languages
    self.shards = shards
    self.holdout = holdout
    self.languageTokens = languageTokens
    self.tokenizer = tokenizer
  }
}

/// One shard, as the manifest describes it.
public struct ShardFacts: Sendable {
  /// Relative to the dataset's folder.
  public var path: String
  /// Tokens in the shard.
  public var tokens: Int
  /// Size of the file in bytes.
  public var fileSizeBytes: Int
  /// SHA-256 of the file.
  public var sha256: SHA256.Digest

  /// Joins the parts; see the properties.
  public init(path: String, tokens: Int, fileSizeBytes: Int, sha256: SHA256.Digest) {
    self.path = path
    self.tokens = tokens
    self.fileSizeBytes = fileSizeBytes
    self.sha256 = sha256
  }
}
