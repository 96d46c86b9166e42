import Compression
import Detect
import Files
import Ingest
import Logging
import Manifest
import ShardifyCore
import Shards
import Synchronization
import Tokenize

/// Reads inputs into a token store: documents to pieces, pieces to sorted runs.
public struct IngestStage {
  private let options: IngestOptions
  private let progress: Progress
  private let stop: StopFlag
  private let logger: Logger

  /// - Parameter logger: Takes warnings for the user while the work goes on.
  public init(
    options: IngestOptions, progress: Progress, stop: StopFlag,
    logger: Logger
  ) {
    self.options = options
    self.progress = progress
    self.stop = stop
    self.logger = logger
  }

  /// Does what is missing and says what the store holds then.
  ///
  /// - Throws: If an option or an input is wrong, or too many documents were rejected; what was
  ///   finished stays in the store.
  public func run() throws -> StoreSummary {
    let files = try findInputs()
    let tokenizer = try Tokenizer.load(options.tokenizer, pattern: options.tokenizerPattern)
    let endOfText = try endOfTextID(tokenizer)
    let detector = try Detector(modelPath: options.languageModel)
    let facts = try facts(tokenizer, detector, endOfText)
    let store = try TokenStore.openForWriting(options.store, facts: facts)
    let pending = try reconcile(files, store)
    if !pending.isEmpty { try store.catalog.setFinished(false) }
    let feed = IngestFeed(
      pending: pending, options: options.documents, unitBytes: options.unitBytes,
      runTextBytes: options.runTextBytes, progress: progress, stop: stop)
    progress.start(.reading, total: pending.reduce(0) { $0 + $1.file.fileSizeBytes })
    try readRuns(feed, store, detector, tokenizer, endOfText)
    if stop.isSet { throw stopped() }
    try checkFeed(feed, files)
    progress.start(.merging, total: 0)
    try RunMerger(store: store, jobs: options.jobs, stop: stop).run()
    if stop.isSet { throw stopped() }
    // Always, also with nothing to read: the process may have been killed just before.
    try HoldoutPicker(store: store).run()
    try store.catalog.setFinished(true)
    try reportUnread(store)
    let summary = try StoreSummary(store: store)
    progress.start(.done, total: 0)
    try checkRejects(summary)
    return summary
  }

  private func findInputs() throws -> [InputFile] {
    let found = try InputFinder.search(options.inputs)
    if let first = found.skippedPaths.first {
      logger.warning(
        """
        passed over \(found.skippedPaths.count) files in the folders given, whose names are not of \
        an input (.jsonl, .txt, ... also .gz, .zst) or not UTF-8, first \(first)
        """)
    }
    return found.files
  }

  private func stopped() -> StageFailure {
    StageFailure(
      .stopped, "stopped", path: options.store, found: "asked to end before all inputs were read",
      remedy: "run the same command again to go on from here")
  }

  private func endOfTextID(_ tokenizer: Tokenizer) throws -> TokenID {
    if let name = options.endOfText {
      if let id = tokenizer.id(ofSpecial: name) { return id }
      throw StageFailure(
        .options, "cannot use tokenizer", path: options.tokenizer,
        found: "no special token \(name)", expected: "one that ends a document",
        remedy: "give --end-of-text with a special token of this tokenizer")
    }
    if let id = tokenizer.endOfTextID { return id }
    throw StageFailure(
      .options, "cannot use tokenizer", path: options.tokenizer,
      found: "no end-of-text id", expected: "one that ends a document",
      remedy: "give --end-of-text TOKEN")
  }

  private func facts(
    _ tokenizer: Tokenizer, _ detector: Detector, _ endOfText: TokenID
  ) throws -> StoreFacts {
    guard (1...1 << 18).contains(options.maxPieceTokens) else {
      throw StageFailure(
        .options, "cannot ingest", found: "--max-piece-tokens \(options.maxPieceTokens)",
        expected: "from 1 to 262144")
    }
    guard (0...0.5).contains(options.holdoutRate) else {
      throw StageFailure(
        .options, "cannot ingest", found: "--holdout-rate \(options.holdoutRate)",
        expected: "from 0 to 0.5")
    }
    return StoreFacts(
      storeKey: StoreKey(seed: options.storeSeed),
      holdoutThreshold: UInt64((options.holdoutRate * 4_294_967_296).rounded()) << 32,
      holdoutMinimum: options.holdoutRate == 0 ? 0 : options.holdoutMinimum,
      tokenizerKind: tokenizer.kind, tokenizer: tokenizer.fingerprint,
      vocabularySize: tokenizer.vocabularySize, endOfTextID: endOfText,
      maxPieceTokens: options.maxPieceTokens, languageModel: detector.modelName,
      languageModelDigest: detector.modelFingerprint, icuVersion: detector.icuVersion,
      languageSource: options.languageSource.rawValue,
      numberColumns: options.documents.numericFields, unitBytes: options.unitBytes)
  }

  /// Compares the inputs with what the store has read; gives those that are not done.
  private func reconcile(
    _ files: [InputFile], _ store: TokenStore
  ) throws -> [IngestFeed.Pending] {
    var known: [String: InputRecord] = [:]
    for record in try store.catalog.inputs() { known[record.name] = record }
    var pending: [IngestFeed.Pending] = []
    for file in files {
      let name = try identity(file, known)
      let units: [UnitRecord]
      var record: InputRecord
      if let former = known[name], let number = try restarted(file, former, store) {
        units = []
        record = InputRecord(
          number: number, name: name, options: options.documentOptionsText,
          fileSizeBytes: file.fileSizeBytes, modifiedNanoseconds: file.modifiedNanoseconds,
          isDone: false)
      } else if let former = known[name] {
        units = try store.catalog.units(of: former.number)
        record = former
        try InputCheck(options: options).check(file, former, units)
      } else {
        units = []
        record = InputRecord(
          number: 0, name: name, options: options.documentOptionsText,
          fileSizeBytes: file.fileSizeBytes, modifiedNanoseconds: file.modifiedNanoseconds,
          isDone: false)
      }
      if record.isDone { continue }
      record.fileSizeBytes = file.fileSizeBytes
      record.modifiedNanoseconds = file.modifiedNanoseconds
      record.number = try store.catalog.save(record)
      pending.append(
        IngestFeed.Pending(file: file, record: record, knownUnits: Set(units.map(\.unit))))
    }
    return pending
  }

  /// The new number of an input of which nothing was kept, if it is other options or other bytes by
  /// now: it is read as if it were new. Nil if it is to be gone on with.
  private func restarted(
    _ file: InputFile, _ former: InputRecord, _ store: TokenStore
  ) throws -> Int? {
    let isSame =
      former.options == options.documentOptionsText
      && former.fileSizeBytes == file.fileSizeBytes
      && former.modifiedNanoseconds == file.modifiedNanoseconds
    if isSame || file.path == "-" { return nil }
    guard try store.catalog.keptDocuments(of: former.number) == 0 else { return nil }
    return try store.catalog.restart(former.number)
  }

  /// What an input is told by: its absolute path, or `-` with a number.
  private func identity(_ file: InputFile, _ known: [String: InputRecord]) throws -> String {
    if file.path != "-" { return try FileSystem.absolute(file.path) }
    var number = 1
    while true {
      let name = number == 1 ? "-" : "-\(number)"
      guard let record = known[name], record.isDone else { return name }
      number += 1
    }
  }

  private func readRuns(
    _ feed: IngestFeed, _ store: TokenStore, _ detector: Detector, _ tokenizer: Tokenizer,
    _ endOfText: TokenID
  ) throws {
    let settings = IngestWorker.Settings(
      documents: options.documents, languageSource: options.languageSource,
      maxPieceTokens: options.maxPieceTokens, endOfTextID: endOfText,
      tokenWidthBytes: store.facts.tokenWidthBytes, storeKey: store.facts.storeKey,
      holdoutThreshold: store.facts.holdoutThreshold)
    let jobs = max(1, options.jobs)
    nonisolated(unsafe) let workers = (0..<jobs).map { _ in
      IngestWorker(
        settings: settings, detector: detector, tokenizer: tokenizer, progress: progress)
    }
    nonisolated(unsafe) let feed = feed
    var repeated = RunAssembler.RepeatedIDs()
    while true {
      let queue = BoundedQueue<FeedItem>(capacity: jobs * 2 + 2)
      nonisolated(unsafe) var contents = IngestFeed.RunContents()
      Parallel.run(count: jobs + 1) { thread in
        if thread == 0 {
          contents = feed.nextRun { queue.push($0) }
          queue.close()
        } else {
          while let item = queue.pop() { workers[thread - 1].process(item) }
        }
      }
      repeated.add(try write(contents, workers, store))
      for worker in workers { worker.reset() }
      if contents.isLast { break }
    }
    try warn(of: repeated, store)
    warnOfAbsentFields(workers)
  }

  /// Names fields that were asked for and that no document has.
  private func warnOfAbsentFields(_ workers: [IngestWorker]) {
    let found = workers.reduce(into: FoundFields(options.documents)) {
      $0.formUnion($1.foundFields)
    }
    guard found.documents > 0 else { return }
    let d = options.documents
    let asked: [(option: String, field: String?, isThere: Bool)] =
      [
        ("--id-field", d.idField == DocumentOptions().idField ? nil : d.idField, found.id),
        ("--source-field", d.sourceField, found.source),
        ("--language-field", d.languageField, found.language),
      ] + zip(d.numericFields, found.numbers).map { ("--numeric-field", $0, $1) }
    for case (let option, let field?, false) in asked {
      logger.warning(
        """
        \(option) \(field): none of the \(found.documents) documents read has this field with a \
        value of its kind; check the name
        """)
    }
  }

  private func write(
    _ contents: IngestFeed.RunContents, _ workers: [IngestWorker], _ store: TokenStore
  ) throws -> RunAssembler.RepeatedIDs {
    let assembler = RunAssembler(
      workers: workers, contents: contents, numberColumns: store.facts.numberColumns)
    let number = try store.catalog.nextRunNumber()
    let name = "runs/\(String(number).leftPadded(to: 8)).run.zst"
    let index = RunIndex(
      storeKey: store.facts.storeKey, tokenizer: store.facts.tokenizer,
      tokenWidthBytes: store.facts.tokenWidthBytes)
    var record: RunRecord?
    let units = assembler.units()
    let rejects = assembler.rejects()
    let notes = try RunNotes.lines(
      store: store, units: units, rejects: rejects, finished: contents.finishedInputs)
    if let (written, duplicates) = try assembler.write(
      to: store.folder + "/" + name, index: index, notes: notes, jobs: options.jobs)
    {
      record = RunRecord(number: number, file: name, index: written, duplicates: duplicates)
      record?.fileSizeBytes = FileSystem.status(store.folder + "/" + name)?.fileSizeBytes ?? 0
    }
    try store.catalog.add(
      record, units: units, rejects: rejects, finished: contents.finishedInputs)
    return assembler.repeatedIDs()
  }

  /// Says that an id stands for several texts. Both are kept: a document is told by its content.
  private func warn(of repeated: RunAssembler.RepeatedIDs, _ store: TokenStore) throws {
    guard repeated.documents > 0, let first = repeated.first else { return }
    let name = try store.catalog.inputs().first { $0.number == first.input }?.name ?? "?"
    logger.warning(
      """
      \(repeated.documents) documents have the id of another document with another text, first in \
      \(name) at byte \(first.offset); all are kept
      """)
  }

  /// Turns inputs that could not be read into one failure, after all others were read.
  private func checkFeed(_ feed: IngestFeed, _ files: [InputFile]) throws {
    for path in feed.emptyInputs {
      logger.warning("\(path): 0 bytes of documents, expected at least one document")
    }
    if feed.emptyInputs.count == files.count, let path = feed.emptyInputs.first {
      throw StageFailure(
        .input, "cannot ingest", path: path, found: "an empty input",
        expected: "at least one document", remedy: "check that it was written to its end")
    }
    for failure in feed.failures.dropFirst() { logger.error("\(failure.message)") }
    if let first = feed.failures.first {
      throw first
    }
  }

  /// Names inputs of earlier commands that were never read to their end.
  private func reportUnread(_ store: TokenStore) throws {
    for input in try store.catalog.inputs() where !input.isDone {
      logger.warning(
        """
        \(input.name): not read to its end by an earlier command and not among these inputs; \
        only what was read of it is in the store
        """)
    }
  }

  /// What would help against the reason that most documents were rejected for.
  static func remedy(_ summary: StoreSummary) -> String {
    let most = summary.rejects.max { $0.documents < $1.documents }
    guard let most, most.documents * 2 > summary.rejected,
      let reason = RejectReason.allCases.first(where: { $0.name == most.reason })
    else { return "mend the input" }
    switch reason {
    case .missingText, .textNotString:
      return "name the field that holds the text with --text-field and run it again"
    case .notJSON, .notAnObject:
      return "if it is plain text, give --format text; else mend the input"
    case .invalidUTF8: return "convert the input to UTF-8, give --repair-utf8"
    case .tooLong: return "raise --max-document-size"
    case .numericFieldInvalid: return "give --numeric-field with a field of numbers"
    case .emptyText, .nulByte: return "mend the input"
    }
  }

  private func checkRejects(_ summary: StoreSummary) throws {
    let rate = Double(summary.rejected) / Double(max(1, summary.documentsIn))
    guard rate > options.maxRejectRate else { return }
    let reasons = summary.firstRejects.map {
      "\($0.reason) first in \($0.input) at byte \($0.offset) (\($0.detail))"
    }.joined(separator: ", ")
    throw StageFailure(
      .rejects, "too many documents rejected", path: options.store,
      found: "\(summary.rejected) of \(summary.documentsIn): \(reasons)",
      expected: "at most \(options.maxRejectRate) of them",
      remedy: IngestStage.remedy(summary) + ", or allow more with --max-reject-rate")
  }
}

extension RunRecord {
  /// A record of what was just written.
  init(number: Int, file: String, index: RunIndex, duplicates: Int) {
    self.init(
      number: number, file: file, tokens: index.frames.reduce(0) { $0 + $1.tokenCount },
      pieces: index.frames.reduce(0) { $0 + $1.pieceCount },
      documents: index.frames.reduce(0) { $0 + $1.documentCount }, duplicates: duplicates,
      fileSizeBytes: 0)
  }
}

extension String {
  /// Zeros put before it until it has `width` digits.
  func leftPadded(to width: Int) -> String {
    String(repeating: "0", count: max(0, width - utf8.count)) + self
  }
}
