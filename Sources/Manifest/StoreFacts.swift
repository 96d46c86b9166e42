import ShardifyCore

/// What is fixed when a token store is made: every run in it agrees with these.
public struct StoreFacts: Sendable, Equatable {
  /// The format this program writes.
  public static let formatVersion = 1

  /// From which the order of all pieces is made.
  public var storeKey: StoreKey
  /// Documents whose holdout rank is below this are held out.
  public var holdoutThreshold: UInt64
  /// Held-out documents a language should have at least, within a tenth of it.
  public var holdoutMinimum: Int
  /// `byte-level BPE` and the like.
  public var tokenizerKind: String
  /// The fingerprint of the tokenizer's definition.
  public var tokenizer: SHA256.Digest
  /// Every id is below this.
  public var vocabularySize: Int
  /// The id after the last piece of each document.
  public var endOfTextID: TokenID
  /// Tokens of the longest piece.
  public var maxPieceTokens: Int
  /// The language model's name.
  public var languageModel: String
  /// The fingerprint of the language model.
  public var languageModelDigest: SHA256.Digest
  /// The version of ICU the scripts come from.
  public var icuVersion: String
  /// Where the language comes from: `model` or `input`.
  public var languageSource: String
  /// The numeric fields kept for filters.
  public var numberColumns: [String]
  /// Decompressed bytes of input in one unit of work.
  public var unitBytes: Int

  /// Makes facts; see the properties.
  public init(
    storeKey: StoreKey, holdoutThreshold: UInt64, holdoutMinimum: Int, tokenizerKind: String,
    tokenizer: SHA256.Digest, vocabularySize: Int, endOfTextID: TokenID, maxPieceTokens: Int,
    languageModel: String, languageModelDigest: SHA256.Digest, icuVersion: String,
    languageSource: String, numberColumns: [String], unitBytes: Int
  ) {
    self.storeKey = storeKey
    self.holdoutThreshold = holdoutThreshold
    self.holdoutMinimum = holdoutMinimum
    self.tokenizerKind = tokenizerKind
    self.tokenizer = tokenizer
    self.vocabularySize = vocabularySize
    self.endOfTextID = endOfTextID
    self.maxPieceTokens = maxPieceTokens
    self.languageModel = languageModel
    self.languageModelDigest = languageModelDigest
    self.icuVersion = icuVersion
    self.languageSource = languageSource
    self.numberColumns = numberColumns
    self.unitBytes = unitBytes
  }

  /// Bytes of a token on disk: 2 where every id fits.
  public var tokenWidthBytes: Int { vocabularySize <= 1 << 16 ? 2 : 4 }

  /// The facts as the catalog keeps them, sorted by key.
  public var rows: [(key: String, value: String)] {
    [
      ("end_of_text_id", "\(endOfTextID)"),
      ("format_version", "\(StoreFacts.formatVersion)"),
      ("holdout_minimum", "\(holdoutMinimum)"),
      ("holdout_threshold", "\(holdoutThreshold)"),
      ("icu_version", icuVersion),
      ("language_model", languageModel),
      ("language_model_sha256", "\(languageModelDigest)"),
      ("language_source", languageSource),
      ("max_piece_tokens", "\(maxPieceTokens)"),
      ("number_columns", numberColumns.joined(separator: "\t")),
      ("store_key", "\(storeKey)"),
      ("tokenizer_kind", tokenizerKind),
      ("tokenizer_sha256", "\(tokenizer)"),
      ("unit_bytes", "\(unitBytes)"),
      ("vocabulary_size", "\(vocabularySize)"),
    ]
  }

  /// Reads facts kept as rows; nil names the first key that is missing or malformed.
  public static func read(_ rows: [String: String]) -> Result<StoreFacts, MissingFact> {
    func text(_ key: String) throws(MissingFact) -> String {
      guard let value = rows[key] else { throw MissingFact(key: key) }
      return value
    }
    func value<T>(_ key: String, _ convert: (String) -> T?) throws(MissingFact) -> T {
      guard let value = convert(try text(key)) else { throw MissingFact(key: key) }
      return value
    }
    do throws(MissingFact) {
      let columns = try text("number_columns")
      return .success(
        StoreFacts(
          storeKey: try value("store_key") { StoreKey(hex: $0) },
          holdoutThreshold: try value("holdout_threshold") { UInt64($0) },
          holdoutMinimum: try value("holdout_minimum") { Int($0) },
          tokenizerKind: try text("tokenizer_kind"),
          tokenizer: try value("tokenizer_sha256") { SHA256.Digest(hex: $0) },
          vocabularySize: try value("vocabulary_size") { Int($0) },
          endOfTextID: try value("end_of_text_id") { TokenID($0) },
          maxPieceTokens: try value("max_piece_tokens") { Int($0) },
          languageModel: try text("language_model"),
          languageModelDigest: try value("language_model_sha256") { SHA256.Digest(hex: $0) },
          icuVersion: try text("icu_version"), languageSource: try text("language_source"),
          numberColumns: columns.isEmpty
            ? []
            : columns.split(separator: "\t", omittingEmptySubsequences: false).map(String.init),
          unitBytes: try value("unit_bytes") { Int($0) }))
    } catch {
      return .failure(error)
    }
  }

  /// A key that is not there or not readable.
  public struct MissingFact: Error {
    /// The key.
    public let key: String
  }
}
