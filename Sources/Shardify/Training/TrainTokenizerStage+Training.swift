import Balance
import Detect
import Ingest
import Logging
import ShardifyCore
import Synchronization
import Tokenize
import TokenizerTraining

extension TrainTokenizerStage {
  /// Trains; gives the file and what the report says of it.
  func train(
    _ set: WordSet, _ counts: Counts, _ pattern: PretokenPattern
  ) throws -> ([UInt8], TrainingOutcome) {
    switch options.kind {
    case .bpe:
      let settings = try settings(scaleBits: counts.weights.scaleBits)
      let trained = try BPETrainer(settings, stop: stop).train(set.words, progress: show)
      return (
        TokenizerJSON.bpe(trained, pattern: pattern),
        TrainingOutcome(tokens: trained.tokens.count, tokenWeight: trained.tokenWeight)
      )
    case .unigram:
      let settings = unigramSettings(scaleBits: counts.weights.scaleBits)
      let trained = try UnigramTrainer(settings, stop: stop).train(
        set.words, progress: shrink)
      return (
        TokenizerJSON.unigram(trained),
        TrainingOutcome(
          tokens: trained.pieces.count + settings.specialTokens.count + 257, tokenWeight: 0,
          more: [
            ("character_coverage", "\(options.characterCoverage)"),
            ("characters", "\(trained.characters)"),
            ("nats_per_character", "\(trained.natsPerCharacter)"),
          ])
      )
    case .parityBPE: return try trainParity(set, counts, pattern)
    }
  }

  /// Unigram comes down from many pieces: the progress is how far.
  private func shrink(_ pieces: Int) {
    if progress.done.load(ordering: .relaxed) == 0 {
      progress.total.store(pieces - options.vocabularySize, ordering: .relaxed)
    }
    let left = pieces - options.vocabularySize
    progress.done.store(
      max(1, progress.total.load(ordering: .relaxed) - left), ordering: .relaxed)
  }

  private func show(_ done: Int) { progress.done.store(done, ordering: .relaxed) }

  func unigramSettings(scaleBits: Int) -> UnigramSettings {
    var settings = UnigramSettings(
      vocabularySize: options.vocabularySize, specialTokens: options.specialTokens,
      unit: 1 << Int64(scaleBits), characterCoverage: options.characterCoverage,
      jobs: max(1, options.source.jobs))
    settings.substringLimit = seedBytes / UnigramSettings.substringBytes
    return settings
  }

  // MARK: Parity

  private func trainParity(
    _ set: WordSet, _ counts: Counts, _ pattern: PretokenPattern
  ) throws -> ([UInt8], TrainingOutcome) {
    let settings = try settings(scaleBits: counts.weights.scaleBits)
    let trainer = try ParityTrainer(settings, parity: options.parity.settings, stop: stop)
    let (trained, outcomes) = try trainer.train(
      try parityLanguages(set, counts, pattern), all: set.words, progress: show)
    let rows = outcomes.map {
      "{\"language\":\(TrainingReport.quoted($0.name)),\"merges\":\($0.merges),"
        + "\"tokens\":\($0.tokens),\"content\":\($0.content)}"
    }
    return (
      TokenizerJSON.bpe(trained, pattern: pattern),
      TrainingOutcome(
        tokens: trained.tokens.count, tokenWeight: trained.tokenWeight,
        more: [
          ("parity_unit", TrainingReport.quoted(options.parity.unitName)),
          ("parity_warmup", "\(options.parity.warmupMerges)"),
          ("parity_window", "\(options.parity.window)"),
          ("parity_window_factor", "\(options.parity.windowFactor)"),
          ("parity", "[\(rows.joined(separator: ",\n"))]"),
        ])
    )
  }

  private func parityLanguages(
    _ set: WordSet, _ counts: Counts, _ pattern: PretokenPattern
  ) throws -> [ParityLanguage] {
    if let development = options.parity.development {
      return try parallel(set, development, pattern)
    }
    let supplies = Dictionary(
      uniqueKeysWithValues: counts.tags.enumerated().map { label, tag in
        (tag, counts.sizes[UInt32(label)] ?? WordCounter.Size())
      })
    return set.languages.map { tag, words in
      ParityLanguage(
        name: tag.description, words: words,
        content: content(of: words, tag, supplies[tag] ?? WordCounter.Size()))
    }
  }

  /// What a language's words say, in the unit asked for, by weight.
  private func content(of words: WordList, _ tag: LanguageTag, _ size: WordCounter.Size) -> Int64 {
    switch options.parity.unit {
    case .bytes: return words.weightedBytes
    case .chars: return words.weightedScalars
    case .content:
      let premium = options.bytePremiums.premium(
        of: LanguageSupply(
          tag: tag, documents: size.documents, pieces: size.documents, tokens: size.bytes,
          bytes: size.bytes, scalars: size.scalars))
      return Int64((Double(words.weightedBytes) / premium.value).rounded())
    }
  }

  /// Languages that are measured on a parallel text.
  private func parallel(
    _ set: WordSet, _ development: SourceOptions, _ pattern: PretokenPattern
  ) throws -> [ParityLanguage] {
    let (words, documents) = try developmentWords(development, pattern)
    let known = Dictionary(uniqueKeysWithValues: words.languages.map { ($0.tag, $0.words) })
    var languages: [ParityLanguage] = []
    var missing: [LanguageTag] = []
    for (tag, own) in set.languages {
      guard let text = known[tag], let count = documents[tag], count > 0 else {
        missing.append(tag)
        continue
      }
      languages.append(
        ParityLanguage(
          name: tag.description, words: own, development: text, content: Int64(count)))
    }
    guard !languages.isEmpty else {
      throw StageFailure(
        .input, Self.what, path: development.inputs.first,
        found: "no language that the training text has too", expected: "at least one",
        remedy: "check --language-field and --trust")
    }
    if let first = missing.first {
      logger.warning(
        """
        \(missing.count) languages of the training text are not in the parallel text, first \
        \(first): no merge is chosen for them
        """)
    }
    return languages
  }

  private func developmentWords(
    _ development: SourceOptions, _ pattern: PretokenPattern
  ) throws -> (words: WordSet, documents: [LanguageTag: Int]) {
    let finder = SourceFinder(options: development, what: Self.what)
    let found = try finder.find()
    let detector = try finder.detector(found)
    let registry = LabelRegistry()
    let folder = WordRunFolder(prefix: options.output + ".parallel.")
    defer { folder.removeAll() }
    let jobs = max(1, development.jobs)
    let workers = (0..<jobs).map { _ in
      WordCounter(
        pattern: pattern, form: .bytes,
        teller: LanguageTeller(detector, found.languageSource, registry), holdout: nil,
        limitBytes: options.memoryBytes / 4 / jobs, spill: { try folder.write($0) })
    }
    let source = DocumentSource(inputs: found.inputs, progress: progress, stop: stop)
    let rejects = try source.read(workers)
    if stop.isSet { throw stopped() }
    try source.check(rejects, what: Self.what, maxRejectRate: development.maxRejectRate)
    let tags = registry.tags
    var documents: [LanguageTag: Int] = [:]
    for worker in workers {
      for (label, size) in worker.sizes {
        documents[tags[Int(label)], default: 0] += size.documents
      }
    }
    let builder = WordSetBuilder(
      weights: .equal(labels: max(1, tags.count)), tags: tags,
      memoryBytes: options.memoryBytes / 4, apart: true, together: false)
    let words = try builder.build({ try cursors(workers, folder) }, stop: stop)
    progress.start(.training, total: options.vocabularySize)
    return (words, documents)
  }
}

extension ParityOptions {
  var settings: ParitySettings {
    ParitySettings(warmupMerges: warmupMerges, window: window, windowFactor: windowFactor)
  }

  /// In what content is counted, for the report.
  var unitName: String { development == nil ? unit.rawValue : "parallel documents" }
}
