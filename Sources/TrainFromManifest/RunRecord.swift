import Files
import Glibc
import Manifest
import ShardifyCore
import Train

/// Keeps the losses of a run in its database.
final class RunRecord {
  /// The first failure to write; the run itself goes on.
  private(set) var failure: TrainFailure?
  private let database: RunDatabase
  private let facts: [(key: String, value: String)]
  private var lastFlush = RunRecord.seconds()
  private static let secondsBetweenFlushes = 5

  /// - Parameters:
  ///   - identity: What a database that is there must be of.
  ///   - earlier: What it may be of instead, where a new stage begins in the same run.
  ///   - facts: What else it should say of the run.
  init(
    _ path: String, identity: String, earlier: String? = nil,
    facts: [(key: String, value: String)]
  ) throws(TrainFailure) {
    self.facts = facts
    do throws(ManifestFailure) {
      database = try RunDatabase(path: path, identity: identity, earlier: earlier)
    } catch { throw .wrapping(.file, error) }
  }

  /// Takes an event; writes where a checkpoint follows, an evaluation ended, or it has been a while.
  func write(_ event: TrainingEvent) {
    guard failure == nil else { return }
    do throws(ManifestFailure) {
      if case .started(let start) = event { return try begin(start) }
      database.add(Self.rows(event))
      let now = Self.seconds()
      guard Self.isDue(event) || now - lastFlush >= Self.secondsBetweenFlushes else { return }
      lastFlush = now
      try database.flush()
    } catch { failure = .wrapping(.file, error) }
  }

  /// Writes what is left.
  func finish() {
    guard failure == nil else { return }
    do throws(ManifestFailure) { try database.flush() } catch {
      failure = .wrapping(.file, error)
    }
  }

  private func begin(_ start: StartReport) throws(ManifestFailure) {
    let more = [
      ("parameters", "\(start.parameters)"), ("samples_per_epoch", "\(start.samplesPerEpoch)"),
      ("training_tokens", "\(start.tokens)"),
      ("unigram_entropy_nats", "\(start.unigramEntropyNats)"),
    ]
    try database.begin(
      RunRow.Start(
        step: start.step, samplesConsumed: start.samplesConsumed, steps: start.steps,
        worldSize: start.worldSize, threads: start.threads, resumedFrom: start.resumedFrom,
        startedFrom: start.startedFrom),
      facts: facts + more)
  }

  private static func isDue(_ event: TrainingEvent) -> Bool {
    switch event {
    case .checkpointDue, .evaluated: true
    default: false
    }
  }

  private static func rows(_ event: TrainingEvent) -> [RunRow] {
    switch event {
    case .step(let step):
      [
        .step(
          RunRow.Step(
            step: step.step, samplesConsumed: step.samplesConsumed, lossNats: step.lossNats,
            tokens: step.tokens, seconds: step.seconds, dataWaitSeconds: step.dataWaitSeconds,
            learningRate: step.learningRate, gradientNorm: step.gradientNorm,
            skippedSamples: step.skippedSamples, samplesDigest: step.samplesDigest))
      ]
    case .languages(let step, let losses):
      losses.map {
        .trainingLanguage(step: step, $0.tag, tokens: $0.tokens, lossNats: $0.lossNats)
      }
    case .evaluated(let result):
      [
        .evaluation(
          step: result.step, lossNats: result.lossNats, unigramNats: result.unigramNats,
          bitsPerByte: result.bitsPerByte, tokens: result.tokens)
      ]
        + result.languages.map {
          .evaluationLanguage(
            RunRow.EvaluationLanguage(
              step: result.step, language: $0.tag, share: $0.share, tokens: $0.tokens,
              bytes: $0.bytes, lossNats: $0.lossNats, unigramNats: $0.unigramNats,
              bitsPerByte: $0.bitsPerByte))
        }
    default: []
    }
  }

  private static func seconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec
  }
}
