import Ingest
import ShardifyCore

/// Where a stage that reads text once takes it from: inputs as `ingest` reads them, or the recorded
/// inputs of a token store.
public struct SourceOptions: Sendable {
  /// Files, folders, patterns, or `-`; empty with `store`.
  public var inputs: [String]
  /// A token store whose inputs are read again.
  public var store: String?
  /// What a document of `inputs` is.
  public var documents: DocumentOptions
  /// A language model file; nil is the built-in one.
  public var languageModel: String?
  /// Where a document's language comes from.
  public var languageSource: IngestOptions.LanguageSource
  /// More rejects than this part of the documents is a failure.
  public var maxRejectRate: Double
  /// Threads.
  public var jobs: Int

  /// Makes options with their defaults.
  public init(
    inputs: [String], store: String? = nil, documents: DocumentOptions = DocumentOptions(),
    languageModel: String? = nil, languageSource: IngestOptions.LanguageSource = .model,
    maxRejectRate: Double = 0.01, jobs: Int = Parallel.availableProcessors
  ) {
    self.inputs = inputs
    self.store = store
    self.documents = documents
    self.languageModel = languageModel
    self.languageSource = languageSource
    self.maxRejectRate = maxRejectRate
    self.jobs = jobs
  }
}
