import Ingest
import ShardifyCore

/// What an ingest is asked to do.
public struct IngestOptions: Sendable {
  /// Where a document's language comes from.
  public enum LanguageSource: String, Sendable, CaseIterable {
    /// The model; a label of the input is kept beside it.
    case model
    /// The input's label, where it can be read; else the model.
    case input
    /// Both: where the input's label is another than the model's, the document is undetermined.
    case agree
  }

  /// Files, folders, patterns, or `-`.
  public var inputs: [String]
  /// The token store.
  public var store: String
  /// A tokenizer file, or `bytes`.
  public var tokenizer: String
  /// The pattern that goes with a `.tiktoken` file.
  public var tokenizerPattern: String?
  /// The special token that ends a document, where the tokenizer does not say.
  public var endOfText: String?
  /// What a document is.
  public var documents = DocumentOptions()
  /// A language model file; nil is the built-in one.
  public var languageModel: String?
  /// Where a document's language comes from.
  public var languageSource = LanguageSource.model
  /// Tokens of the longest piece.
  public var maxPieceTokens = 65_536
  /// The part of documents held out, of each language.
  public var holdoutRate = 1.0 / 256
  /// Held-out documents a language should have at least, within a tenth of it.
  public var holdoutMinimum = 4
  /// The seed of the store's key.
  public var storeSeed: UInt64 = 0
  /// Threads that parse, detect and tokenize.
  public var jobs = Parallel.availableProcessors
  /// Memory to stay below, in bytes.
  public var memoryBytes = 1_000_000_000
  /// More rejects than this part of the documents is a failure.
  public var maxRejectRate = 0.01

  /// Makes options with their defaults.
  public init(inputs: [String], store: String, tokenizer: String) {
    self.inputs = inputs
    self.store = store
    self.tokenizer = tokenizer
  }

  /// Decompressed bytes of one unit of work.
  static let unitBytes = 16 << 20
  /// The same for this ingest; tests set less.
  var unitBytes = IngestOptions.unitBytes

  /// Text of one run: tokens take at most four bytes for each of text, and are held once; the
  /// rest is queues, models, caches and what the writer compresses.
  var runTextBytes: Int {
    unitBytes == IngestOptions.unitBytes ? min(max(memoryBytes / 16, 1 << 20), 1 << 30) : unitBytes
  }

  /// One line that says what a document is, to notice a rerun with other options.
  var documentOptionsText: String {
    let d = documents
    let separator = d.documentSeparator.map { Hex.string($0) } ?? "none"
    return "format=\(d.format.rawValue) text=\(d.textField) id=\(d.idField) "
      + "language=\(d.languageField ?? "-") source=\(d.sourceField ?? "-") "
      + "separator=\(separator) max=\(d.maxDocumentBytes) repair=\(d.repairUTF8)"
  }
}
