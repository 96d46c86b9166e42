import Files
import Glibc
import Load
import ShardifyCore

/// Trains a model on a dataset, on one rank or many: reads, computes, adds gradients over the
/// ranks, updates, evaluates, and keeps checkpoints.
public final class Trainer {
  let data: TrainingData
  let options: TrainerOptions
  let ranks: Communicator
  private let stop: StopFlag
  let report: (TrainingEvent) -> Void

  /// The order of samples.
  public let order: SampleOrder
  private let slice: RankSlice
  let model: GPT
  let optimizer: AdamW
  let folder: CheckpointFolder?

  var engine: GPTEngine
  var step = 0
  var samplesConsumed = 0
  var origin: StageOrigin?
  /// Checkpoints that were passed over because they are damaged.
  var damagedCheckpoints: [String] = []
  private var reportedShards = 0
  private var languageLosses: LanguageLosses

  /// Checks everything that can be checked before work starts.
  ///
  /// - Parameters:
  ///   - stop: Set it to end after the step under way, with a checkpoint.
  ///   - report: Called on rank 0 only, on the thread of `run`.
  /// - Throws: `.configuration`, `.ranks` or `.file`.
  public init(
    _ data: TrainingData, options: TrainerOptions, ranks: Communicator, stop: StopFlag,
    report: @escaping (TrainingEvent) -> Void
  ) throws(TrainFailure) {
    self.data = data
    self.options = options
    self.ranks = ranks
    self.stop = stop
    self.report = ranks.rank == 0 ? report : { _ in }
    try options.check()
    do throws(LoadFailure) {
      order = try SampleOrder(
        data.facts, seed: options.seed, sequenceLength: options.sequenceLength,
        lanes: options.lanes)
      slice = try RankSlice(
        globalBatch: options.globalBatch, worldSize: ranks.worldSize, rank: ranks.rank)
    } catch { throw .wrapping(.configuration, error) }
    let shape = options.shape(vocabularySize: data.facts.vocabularySize)
    model = try GPT(shape)
    languageLosses = LanguageLosses(data.facts.languages)
    ranks.watch(timeoutSeconds: options.stallTimeoutSeconds)
    try ranks.checkAgreement(
      on: data.facts.fingerprint, what: "the manifest",
      remedy: "give all ranks the same dataset")
    try ranks.checkAgreement(
      on: options.agreement(order.identity, shape), what: "a setting",
      remedy: "start all ranks with the same options")
    optimizer = AdamW(model.layout, settings: options.optimizer, threads: options.threads)
    folder = options.checkpointFolder.map {
      CheckpointFolder(path: $0, kept: options.checkpointsKept)
    }
    if ranks.rank == 0 { try folder?.prepare() }
    engine = GPTEngine(
      model, parameters: FloatBuffer(count: model.layout.count),
      sequenceLength: options.sequenceLength, threads: options.threads)
  }

  /// What the run is, in words: two runs with equal ones can go on from each other's checkpoints.
  public var identity: String { identity(of: order.identity) }

  /// The same for another order of samples.
  func identity(of order: OrderIdentity) -> String {
    let shape = model.shape.fields.map { name, value in
      "\(name.dropFirst("model.".count)) \(value)"
    }
    return "dataset \(order.dataset), seed \(order.seed), sequence length "
      + "\(order.sequenceLength), lanes \(order.lanes), " + shape.joined(separator: ", ")
  }

  /// Runs to the last step, or until `stop` is set.
  ///
  /// - Throws: `TrainFailure`; checkpoints written before stay.
  public func run() throws(TrainFailure) -> TrainingSummary {
    let unigrams = try loading { () throws(LoadFailure) in
      try UnigramStatistics(
        data.training, shards: data.facts.shards.count,
        vocabularySize: data.facts.vocabularySize, skipsBadShards: options.reader.skipsBadShards)
    }
    let loaded = try start(unigrams)
    let evaluator = try makeEvaluator(unigrams)
    report(.started(startReport(unigrams, loaded)))
    var summary = TrainingSummary(
      step: step, wasStopped: false, unigramEntropyNats: unigrams.entropyNats, tokens: 0,
      stepSeconds: 0, dataWaitSeconds: 0, skippedSamples: 0,
      checkpoint: loaded.isOfThisRun ? loaded.path : nil)
    try makeSteps(evaluator, &summary)
    return summary
  }

  private func makeSteps(
    _ evaluator: Evaluator?, _ summary: inout TrainingSummary
  ) throws(TrainFailure) {
    let reader = SampleReader(
      data.training, order: order, slice: slice, samplesConsumed: samplesConsumed,
      shardTokens: data.facts.shards.map(\.tokens), vocabularySize: data.facts.vocabularySize,
      options: options.reader, steps: max(0, options.steps - step))
    var saved = step
    while step < options.steps && !summary.wasStopped {
      let result = try makeStep(reader)
      report(.step(result.report))
      summary.count(result.report)
      summary.wasStopped = result.stops
      reportBadShards(reader)
      let isLast = step == options.steps || summary.wasStopped
      let savesNow = isDue(options.checkpointEvery, isLast)
      let evaluatesNow = isDue(options.evaluateEvery, isLast && !summary.wasStopped)
      if savesNow || evaluatesNow {
        report(.languages(step: step, try languageLosses.take(ranks)))
      }
      if savesNow, saved < step, let folder {
        summary.checkpoint = try save(folder)
        saved = step
      }
      if evaluatesNow, let evaluator { summary.evaluation = try evaluate(evaluator) }
    }
    if let evaluator, summary.evaluation?.step != step, !summary.wasStopped {
      summary.evaluation = try evaluate(evaluator)
    }
  }

  private func isDue(_ interval: Int, _ isLast: Bool) -> Bool {
    isLast || (interval > 0 && step % interval == 0)
  }

  /// One step on all ranks. The numbers that decide what happens next are added over the ranks
  /// first, so that all decide alike: a failure or a wish to stop on one is known to all.
  private func makeStep(_ reader: SampleReader) throws(TrainFailure) -> (
    report: StepReport, stops: Bool
  ) {
    let start = Self.seconds()
    let waited = reader.waitedSeconds
    var failure: LoadFailure?
    var losses = 0.0
    var tokens = 0
    var skipped = 0
    var digests: [UInt8] = []
    do throws(LoadFailure) {
      let batch = try reader.next()
      digests = self.digests(batch)
      skipped = batch.skippedSamples
      (losses, tokens) = accumulate(batch)
    } catch { failure = error }
    let dataWait = reader.waitedSeconds - waited
    let sums = try ranks.sum([
      losses, Double(tokens), failure == nil ? 0 : 1, stop.isSet ? 1 : 0, Double(skipped),
    ])
    if let failure { throw .wrapping(.data, failure) }
    guard sums[2] == 0 else {
      throw TrainFailure(
        .ranks, "cannot go on", found: "another rank could not read its samples",
        remedy: "its message says why")
    }
    let samplesDigest = try sharedDigest(digests)
    let rate = options.schedule.rate(at: step)
    guard sums[0].isFinite else {
      throw TrainFailure(
        .diverged, "cannot go on", found: "a loss that is not a number at step \(step + 1)",
        remedy: "lower the learning rate of \(rate)")
    }
    var norm = 0.0
    if sums[1] > 0 {
      try ranks.sum(engine.gradients)
      norm = optimizer.update(
        engine.parameters, gradients: engine.gradients, scale: Float(1 / sums[1]),
        rate: Float(rate))
    }
    step += 1
    samplesConsumed += options.globalBatch
    let report = StepReport(
      step: step, samplesConsumed: samplesConsumed, lossNats: sums[0] / max(1, sums[1]),
      tokens: Int(sums[1]), seconds: Self.seconds() - start, dataWaitSeconds: dataWait,
      learningRate: rate, gradientNorm: norm, skippedSamples: Int(sums[4]),
      samplesDigest: samplesDigest)
    return (report, sums[3] > 0)
  }

  /// Fills the gradients; the sum of losses and how many there are.
  private func accumulate(_ batch: SampleBatch) -> (losses: Double, tokens: Int) {
    let length = options.sequenceLength
    let count = batch.samples.count
    var ids: [TokenID] = []
    var targets: [TokenID] = []
    ids.reserveCapacity(count * length)
    targets.reserveCapacity(count * length)
    for sample in 0..<count {
      let start = sample * (length + 1)
      ids += batch.tokens[start..<start + length]
      targets += batch.tokens[start + 1...start + length]
    }
    let from =
      options.attendsAcrossDocuments
      ? [Int32](repeating: 0, count: count * length)
      : PieceSpan.attendFrom(batch.spans, samples: count, sequenceLength: length)
    let losses = engine.accumulate(
      ids: ids, targets: targets, attendFrom: from, samples: count)
    languageLosses.add(batch.spans, losses: losses, sequenceLength: length)
    return (losses.reduce(0) { $0 + Double($1) }, count * length)
  }

  /// The digests of this rank's samples behind how many they are; the same size on every rank.
  private func digests(_ batch: SampleBatch) -> [UInt8] {
    guard options.hashesSamples else { return [] }
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(UInt64(batch.samples.count))
    for sample in batch.samples.indices {
      bytes +=
        batch.digest(ofSample: sample, tokenWidthBytes: data.facts.tokenWidthBytes).bytes
    }
    return bytes
  }

  /// The digest of all ranks' digests, in the order of the global batch.
  private func sharedDigest(_ mine: [UInt8]) throws(TrainFailure) -> SHA256.Digest? {
    guard options.hashesSamples else { return nil }
    let room = 8 + 32 * (options.globalBatch / ranks.worldSize + 1)
    let all = try ranks.gather(mine + [UInt8](repeating: 0, count: room - mine.count))
    var hash = SHA256()
    for start in stride(from: 0, to: all.count, by: room) {
      let count = all[start..<start + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      hash.update(Array(all[start + 8..<start + 8 + 32 * count]))
    }
    return hash.finish()
  }

  private func evaluate(_ evaluator: Evaluator) throws(TrainFailure) -> EvaluationResult {
    let result = try evaluator.evaluate(engine, step: step, ranks: ranks)
    report(.evaluated(result))
    return result
  }

  private func makeEvaluator(_ unigrams: UnigramStatistics) throws(TrainFailure) -> Evaluator? {
    guard options.evaluationTokens > 0, !data.facts.holdout.isEmpty else { return nil }
    let evaluator = try loading { () throws(LoadFailure) in
      try Evaluator(
        data, sequenceLength: options.sequenceLength, tokens: options.evaluationTokens,
        logFrequencies: unigrams.logFrequencies, skipsBadShards: options.reader.skipsBadShards)
    }
    return evaluator.isEmpty ? nil : evaluator
  }

  private func startReport(_ unigrams: UnigramStatistics, _ loaded: Loaded) -> StartReport {
    StartReport(
      resumedFrom: loaded.isOfThisRun ? loaded.path : nil,
      startedFrom: loaded.isOfThisRun ? nil : loaded.path, step: step,
      samplesConsumed: samplesConsumed, steps: options.steps,
      parameters: model.layout.count, worldSize: ranks.worldSize, threads: options.threads,
      samplesPerEpoch: order.samplesPerEpoch, tokens: order.tokens,
      unigramEntropyNats: unigrams.entropyNats)
  }

  private func reportBadShards(_ reader: SampleReader) {
    let bad = reader.badShards
    for failure in bad.dropFirst(reportedShards) { report(.shardSkipped(message: failure.message)) }
    reportedShards = bad.count
  }

  private func loading<Value>(
    _ call: () throws(LoadFailure) -> Value
  ) throws(TrainFailure) -> Value {
    do throws(LoadFailure) { return try call() } catch { throw .wrapping(.data, error) }
  }

  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

extension TrainingSummary {
  fileprivate mutating func count(_ report: StepReport) {
    step = report.step
    if firstLossNats == nil { firstLossNats = report.lossNats }
    lastLossNats = report.lossNats
    tokens += report.tokens
    stepSeconds += report.seconds
    dataWaitSeconds += report.dataWaitSeconds
    skippedSamples += report.skippedSamples
  }
}
