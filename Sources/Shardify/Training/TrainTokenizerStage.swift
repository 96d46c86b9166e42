import Balance
import Detect
import Files
import Ingest
import Logging
import ShardifyCore
import Synchronization
import Tokenize
import TokenizerTraining

/// Trains a tokenizer on text: counts words on all threads, weights languages, trains, writes.
public struct TrainTokenizerStage {
  let options: TrainingOptions
  let progress: Progress
  let stop: StopFlag
  let logger: Logger
  /// Bytes of a thread's table before it is written out; nil: its part of half the memory.
  var tableBytes: Int?

  /// - Parameter logger: Takes warnings for the user while the work goes on.
  public init(options: TrainingOptions, progress: Progress, stop: StopFlag, logger: Logger) {
    self.options = options
    self.progress = progress
    self.stop = stop
    self.logger = logger
  }

  /// What was counted.
  struct Counts {
    var tags: [LanguageTag]
    var sizes: [UInt32: WordCounter.Size]
    var weights: LanguageWeights
    var heldOut: Int
    var documents: Int { sizes.values.reduce(0) { $0 + $1.documents } }
    var bytes: Int { sizes.values.reduce(0) { $0 + $1.bytes } }
  }

  static let what = "cannot train tokenizer"

  /// The weights that `run` would use.
  public func plan() throws -> MixturePlan {
    let pattern = try check()
    let mixture =
      mixture
      ?? Mixture(policy: .proportional, maxEpochs: nil, unit: .bytes, includeUndetermined: true)
    let (_, counts) = try count(pattern, mixture: mixture, keeps: false)
    guard let plan = counts.weights.plan else { throw noText() }
    return plan
  }

  /// Trains and writes; what it has to say is in the report.
  public func run() throws -> TrainingReport {
    let pattern = try check()
    if !options.overwrites && FileSystem.status(options.output) != nil {
      throw StageFailure(
        .options, Self.what, path: options.output, found: "a file that is there already",
        expected: "a new one", remedy: "name another with --to, or give --overwrite")
    }
    // A place that cannot be written is named now, not after the training.
    _ = try AtomicFile(path: options.output)
    let folder = WordRunFolder(prefix: options.output + ".words.")
    defer { folder.removeAll() }
    let (cursors, counts) = try count(pattern, mixture: mixture, keeps: true, folder)
    guard counts.bytes > 0 else { throw noText() }
    let needsLanguages = options.kind == .parityBPE
    progress.start(.training, total: options.vocabularySize)
    let builder = WordSetBuilder(
      weights: counts.weights, tags: counts.tags, memoryBytes: trainingBytes,
      apart: needsLanguages, together: !needsLanguages || options.parity.warmupMerges > 0,
      isUnigram: options.kind == .unigram)
    let set: WordSet
    do {
      set = try builder.build(cursors, stop: stop)
    } catch is WordSetBuilder.Stopped {
      throw stopped()
    }
    try check(set)
    let (json, outcome) = try stoppable { try train(set, counts, pattern) }
    let report = try TrainingReport(
      options: options, pattern: pattern, counts: counts, set: set, outcome: outcome, json: json)
    try FileSystem.writeAtomically(json, to: options.output)
    try FileSystem.writeAtomically(Array((report.json + "\n").utf8), to: report.reportPath)
    progress.start(.done, total: 0)
    return report
  }

  /// The mixture asked for. Parity serves languages, so without one it has natural weights, and no
  /// `und_*` and `zxx_*`.
  private var mixture: Mixture? {
    if options.mixture != nil || options.kind != .parityBPE { return options.mixture }
    return Mixture(policy: .proportional, maxEpochs: nil, unit: .bytes, allowZero: true)
  }

  /// Memory for words while they are trained on.
  private var trainingBytes: Int {
    options.memoryBytes - options.memoryBytes / 8 - (options.kind == .unigram ? seedBytes : 0)
  }

  /// Memory for the substrings that Unigram chooses its seeds from.
  var seedBytes: Int { options.memoryBytes / 8 * 3 }

  private func check() throws -> PretokenPattern {
    guard options.memoryBytes >= 16 << 20 else {
      throw StageFailure(
        .options, Self.what, found: "--memory \(options.memoryBytes)",
        expected: "at least \(16 << 20) bytes")
    }
    if options.output.isEmpty {
      throw StageFailure(
        .options, Self.what, found: "an empty output path", expected: "a file to write")
    }
    if FileSystem.status(options.output)?.kind == .folder {
      throw StageFailure(
        .options, Self.what, path: options.output, found: "a folder",
        expected: "the name of a file to write")
    }
    switch options.kind {
    case .bpe: try settings(scaleBits: 0).check()
    case .unigram: try unigramSettings(scaleBits: 0).check()
    case .parityBPE: _ = try ParityTrainer(settings(scaleBits: 0), parity: options.parity.settings)
    }
    return try PretokenPattern(options.pattern)
  }

  func settings(scaleBits: Int) throws -> BPESettings {
    guard options.minFrequency >= 1, options.minFrequency <= 1 << 30 else {
      throw StageFailure(
        .options, Self.what, found: "--min-frequency \(options.minFrequency)",
        expected: "from 1 to 1073741824")
    }
    return BPESettings(
      vocabularySize: options.vocabularySize, specialTokens: options.specialTokens,
      minimumWeight: Int64(options.minFrequency) << Int64(scaleBits),
      maxTokenBytes: options.maxTokenBytes, tieRule: options.tieRule)
  }

  // MARK: Counting

  /// Counts words; gives what makes cursors over the counts.
  private func count(
    _ pattern: PretokenPattern, mixture: Mixture?, keeps: Bool, _ folder: WordRunFolder? = nil
  ) throws -> (cursors: () throws -> [any WordCursor], counts: Counts) {
    let finder = SourceFinder(options: options.source, what: Self.what)
    let found = try finder.find()
    warn(of: found)
    let needsLabels = mixture != nil || options.kind == .parityBPE || found.heldOut != nil
    let detector = needsLabels ? try finder.detector(found) : nil
    let registry = LabelRegistry()
    let jobs = max(1, options.source.jobs)
    let workers = (0..<jobs).map { _ in
      WordCounter(
        pattern: pattern, form: options.kind == .unigram ? .metaspace : .bytes,
        teller: detector.map { LanguageTeller($0, found.languageSource, registry) },
        holdout: found.heldOut, limitBytes: tableBytes ?? options.memoryBytes / 2 / jobs,
        spill: { table in if keeps { try folder?.write(table) } })
    }
    let source = DocumentSource(inputs: found.inputs, progress: progress, stop: stop)
    let rejects = try source.read(workers)
    if stop.isSet { throw stopped() }
    try source.check(rejects, what: Self.what, maxRejectRate: options.source.maxRejectRate)
    let counts = try counts(workers, registry, mixture)
    return ({ try cursors(workers, folder) }, counts)
  }

  private func counts(
    _ workers: [WordCounter], _ registry: LabelRegistry, _ mixture: Mixture?
  ) throws -> Counts {
    var sizes: [UInt32: WordCounter.Size] = [:]
    for worker in workers {
      for (label, size) in worker.sizes {
        sizes[label, default: WordCounter.Size()].documents += size.documents
        sizes[label, default: WordCounter.Size()].bytes += size.bytes
        sizes[label, default: WordCounter.Size()].scalars += size.scalars
      }
    }
    let tags = registry.tags
    if sizes.isEmpty { throw noText() }
    let weights =
      try mixture.map {
        try LanguageWeights($0, tags: tags, sizes: sizes, premiums: options.bytePremiums)
      } ?? LanguageWeights.equal(labels: max(1, tags.count))
    return Counts(
      tags: tags, sizes: sizes, weights: weights, heldOut: workers.reduce(0) { $0 + $1.heldOut })
  }

  func cursors(
    _ workers: [WordCounter], _ folder: WordRunFolder?
  ) throws -> [any WordCursor] {
    let tables = workers.map(\.table).filter { $0.count > 0 }
    nonisolated(unsafe) let shared = tables
    nonisolated(unsafe) let sorted = UnsafeMutablePointer<SortedTable?>.allocate(
      capacity: max(1, tables.count))
    sorted.initialize(repeating: nil, count: tables.count)
    defer {
      sorted.deinitialize(count: tables.count)
      sorted.deallocate()
    }
    Parallel.forEach(below: tables.count, threads: tables.count) { index in
      sorted[index] = shared[index].sorted()
    }
    let inMemory = (0..<tables.count).compactMap { sorted[$0] }
    return try inMemory.map { $0.cursor() } + (folder?.cursors() ?? [])
  }

  private func warn(of found: SourceFinder.Found) {
    guard let first = found.skippedPaths.first else { return }
    logger.warning(
      """
      passed over \(found.skippedPaths.count) files in the folders given, whose names are not of \
      an input (.jsonl, .txt, ... also .gz, .zst) or not UTF-8, first \(first)
      """)
  }

  private func check(_ set: WordSet) throws {
    guard set.droppedWords > 0 else { return }
    guard set.words.count > 0 || !set.languages.isEmpty else {
      throw StageFailure(
        .options, Self.what, found: "--memory \(options.memoryBytes): no word fits",
        expected: "more", remedy: "give more --memory")
    }
    logger.warning(
      """
      memory holds \(set.differentWords - set.droppedWords) of \(set.differentWords) different \
      words: the rarest are left out; more --memory takes them in
      """)
  }

  // MARK: Training

  private func stoppable<Value>(_ work: () throws -> Value) throws -> Value {
    do {
      return try work()
    } catch let failure as TrainingFailure where failure.code == .stopped {
      throw stopped()
    }
  }

  func stopped() -> StageFailure {
    StageFailure(
      .stopped, "stopped", path: options.output,
      found: "asked to end before the tokenizer was trained; nothing was written",
      remedy: "run the same command again")
  }

  private func noText() -> StageFailure {
    StageFailure(
      .input, Self.what, path: options.source.store ?? options.source.inputs.first,
      found: "no text", expected: "at least one document")
  }
}
