import Balance
import Detect
import Ingest
import ShardifyCore
import Tokenize

/// What `tokenizer-report` is asked to do.
public struct TokenizerReportOptions: Sendable {
  /// A tokenizer with the name it has in the report.
  public struct Named: Sendable {
    public var path: String
    public var pattern: String?

    /// Names a tokenizer by its path.
    public init(path: String, pattern: String? = nil) {
      self.path = path
      self.pattern = pattern
    }
  }

  /// Where the text comes from.
  public var source: SourceOptions
  /// Tokenizers, side by side.
  public var tokenizers: [Named]
  /// Whether documents say the same in every language, so that tokens for a document compare.
  public var isParallel = false
  /// Byte premiums, where the text is not parallel.
  public var bytePremiums: BytePremiums
  /// The language that others are compared with.
  public var reference: LanguageTag
  /// Tokens of a context: documents with more are counted as cut; nil counts none.
  public var contextTokens: Int?
  /// Languages with less text are listed, and left out of the summary.
  public var minimumBytes = 1000

  /// Makes options with their defaults.
  public init(
    source: SourceOptions, tokenizers: [Named], bytePremiums: BytePremiums,
    reference: LanguageTag
  ) {
    self.source = source
    self.tokenizers = tokenizers
    self.bytePremiums = bytePremiums
    self.reference = reference
  }
}

/// Measures tokenizers on text, language by language.
public struct TokenizerReportStage {
  private let options: TokenizerReportOptions
  private let progress: Progress
  private let stop: StopFlag

  private static let what = "cannot report on tokenizer"

  /// Makes a stage; `run` does the work.
  public init(options: TokenizerReportOptions, progress: Progress, stop: StopFlag) {
    self.options = options
    self.progress = progress
    self.stop = stop
  }

  /// Reads the text once and counts.
  public func run() throws -> TokenizerReport {
    guard !options.tokenizers.isEmpty else {
      throw StageFailure(
        .options, Self.what, found: "no tokenizer", expected: "--tokenizer, once or more")
    }
    if let context = options.contextTokens, context < 1 {
      throw StageFailure(
        .options, Self.what, found: "--context \(context)", expected: "at least 1 token")
    }
    let tokenizers = try options.tokenizers.map {
      try Tokenizer.load($0.path, pattern: $0.pattern)
    }
    let classes = tokenizers.map(\.tokenClasses)
    let finder = SourceFinder(options: options.source, what: Self.what)
    let found = try finder.find()
    let detector = try finder.detector(found)
    let registry = LabelRegistry()
    let workers = try (0..<max(1, options.source.jobs)).map { _ in
      guard let breaker = WordBreaker() else {
        throw StageFailure(
          .input, Self.what, found: "no word rules in ICU", expected: "ICU with its data")
      }
      return ReportWorker(
        tokenizers: tokenizers, classes: classes,
        teller: LanguageTeller(detector, found.languageSource, registry), breaker: breaker,
        context: options.contextTokens ?? .max, progress: progress)
    }
    let source = DocumentSource(inputs: found.inputs, progress: progress, stop: stop)
    let rejects = try source.read(workers)
    if stop.isSet {
      throw StageFailure(
        .stopped, "stopped", found: "asked to end before all text was read",
        remedy: "run the same command again")
    }
    try source.check(rejects, what: Self.what, maxRejectRate: options.source.maxRejectRate)
    progress.start(.done, total: 0)
    return try report(tokenizers, workers, registry.tags)
  }

  private func report(
    _ tokenizers: [Tokenizer], _ workers: [ReportWorker], _ tags: [LanguageTag]
  ) throws -> TokenizerReport {
    var byTag: [LanguageTag: LanguageFigures] = [:]
    for worker in workers {
      for (label, figures) in worker.figures {
        let tag = tags[Int(label)]
        byTag[tag] = byTag[tag].map { $0.adding(figures) } ?? figures
      }
    }
    guard !byTag.isEmpty else {
      throw StageFailure(
        .input, Self.what, path: options.source.store ?? options.source.inputs.first,
        found: "no text", expected: "at least one document")
    }
    let names = zip(options.tokenizers, tokenizers).map { named, tokenizer in
      TokenizerReport.Named(
        path: named.path, kind: tokenizer.kind, vocabularySize: tokenizer.vocabularySize,
        fingerprint: "\(tokenizer.fingerprint)")
    }
    return TokenizerReport(
      tokenizers: names, languages: byTag.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
      options: options)
  }
}

/// Counts of one language.
public struct LanguageFigures: Sendable, Equatable {
  /// Counts of one tokenizer.
  public struct Tokens: Sendable, Equatable {
    /// All tokens.
    public var tokens = 0
    /// Tokens that stand for what cannot be written.
    public var unknown = 0
    /// Tokens that are one byte of a character of several.
    public var partsOfCharacters = 0
    /// Documents that do not fit into the context.
    public var cutDocuments = 0
  }

  public var documents = 0
  public var bytes = 0
  public var scalars = 0
  /// Words by ICU's boundaries.
  public var words = 0
  /// Shape [tokenizers].
  public var tokenizers: [Tokens]

  init(tokenizers: Int) { self.tokenizers = Array(repeating: Tokens(), count: tokenizers) }

  func adding(_ other: LanguageFigures) -> LanguageFigures {
    var sum = self
    sum.documents += other.documents
    sum.bytes += other.bytes
    sum.scalars += other.scalars
    sum.words += other.words
    for index in tokenizers.indices {
      sum.tokenizers[index].tokens += other.tokenizers[index].tokens
      sum.tokenizers[index].unknown += other.tokenizers[index].unknown
      sum.tokenizers[index].partsOfCharacters += other.tokenizers[index].partsOfCharacters
      sum.tokenizers[index].cutDocuments += other.tokenizers[index].cutDocuments
    }
    return sum
  }
}

/// Counts documents on one thread.
private final class ReportWorker: DocumentWorker {
  private(set) var figures: [UInt32: LanguageFigures] = [:]
  private let encoders: [Encoder]
  private let classes: [[Tokenizer.TokenClass]]
  private let teller: LanguageTeller
  private let breaker: WordBreaker
  private let context: Int
  private let progress: Progress
  private let ids = TokenBuffer()

  init(
    tokenizers: [Tokenizer], classes: [[Tokenizer.TokenClass]], teller: LanguageTeller,
    breaker: WordBreaker, context: Int, progress: Progress
  ) {
    encoders = tokenizers.map { $0.makeEncoder() }
    self.classes = classes
    self.teller = teller
    self.breaker = breaker
    self.context = context
    self.progress = progress
  }

  func take(_ document: ParsedDocument) {
    let label = teller.number(of: teller.language(of: document))
    var own = figures[label] ?? LanguageFigures(tokenizers: encoders.count)
    own.documents += 1
    own.bytes += document.text.count
    own.scalars += ScalarCount.of(document.text)
    own.words += breaker.countWords(document.text)
    for (index, encoder) in encoders.enumerated() {
      ids.truncate(to: 0)
      encoder.encode(document.text, special: false, into: ids)
      own.tokenizers[index].tokens += ids.count
      if ids.count > context { own.tokenizers[index].cutDocuments += 1 }
      classes[index].withUnsafeBufferPointer { classes in
        for id in ids.ids where Int(id) < classes.count {
          let found = classes[Int(id)]
          if found.isEmpty { continue }
          if found.contains(.unknown) { own.tokenizers[index].unknown += 1 }
          if found.contains(.partOfCharacter) { own.tokenizers[index].partsOfCharacters += 1 }
        }
      }
    }
    figures[label] = own
  }
}
