import Compression
import Manifest
import ShardifyCore
import Shards

/// What a token store holds, for people and for `--json`.
public struct StoreSummary: Sendable {
  /// One language of the store.
  public struct Language: Sendable {
    /// The language.
    public var tag: LanguageTag
    /// Documents, without duplicates found when runs were written.
    public var documents = 0
    /// Tokens.
    public var tokens = 0
    /// UTF-8 bytes of text.
    public var bytes = 0
  }

  /// Documents read, the rejected with them.
  public var documentsIn: Int
  /// Bytes of input, decompressed.
  public var inputBytes: Int
  /// Inputs read.
  public var inputs: Int
  /// Inputs read to their end.
  public var inputsDone: Int
  /// Runs.
  public var runs: Int
  /// Documents left out because another with the same content stayed, within runs.
  public var duplicates: Int
  /// Documents rejected.
  public var rejected: Int
  /// Rejected documents by reason.
  public var rejects: [(reason: String, documents: Int)]
  /// The first rejected document of each reason.
  public var firstRejects: [(reason: String, input: String, offset: Int, detail: String)]
  /// Languages, the largest first.
  public var languages: [Language]
  /// Bytes of the runs on disk.
  public var fileSizeBytes: Int

  /// Reads the catalog and the runs' indexes.
  public init(store: TokenStore) throws {
    documentsIn = try store.catalog.documentCount()
    inputBytes = try store.catalog.byteCount()
    let inputs = try store.catalog.inputs()
    self.inputs = inputs.count
    inputsDone = inputs.count(where: \.isDone)
    let records = try store.catalog.runs()
    runs = records.count
    duplicates = records.reduce(0) { $0 + $1.duplicates }
    fileSizeBytes = records.reduce(0) { $0 + $1.fileSizeBytes }
    rejects = try store.catalog.rejects()
    rejected = rejects.reduce(0) { $0 + $1.documents }
    firstRejects = try store.catalog.firstRejects()
    var byTag: [LanguageTag: Language] = [:]
    for run in try store.openRuns() {
      for frame in run.index.frames {
        var language = byTag[frame.language] ?? Language(tag: frame.language)
        language.documents += frame.documentCount
        language.tokens += frame.tokenCount
        language.bytes += frame.byteCount
        byTag[frame.language] = language
      }
    }
    languages = byTag.values.sorted { ($1.tokens, $0.tag) < ($0.tokens, $1.tag) }
  }

  /// Tokens of all languages.
  public var tokens: Int { languages.reduce(0) { $0 + $1.tokens } }

  /// Documents of all languages.
  public var documents: Int { languages.reduce(0) { $0 + $1.documents } }

  /// UTF-8 bytes of all languages.
  public var bytes: Int { languages.reduce(0) { $0 + $1.bytes } }
}
