import Load
import ShardifyCore

/// What to start from.
public enum ResumeChoice: Hashable, Sendable {
  /// The newest checkpoint of the folder that can be read, or a new model.
  case auto
  /// A new model.
  case none
  /// This checkpoint.
  case path(String)
}

/// How to train. Defaults suit a few minutes on two cores.
public struct TrainerOptions: Sendable {
  /// Steps in all, those before a resume included.
  public var steps = 1000
  /// Tokens a sample predicts.
  public var sequenceLength = 128
  /// Samples in a step, over all ranks.
  public var globalBatch = 8
  /// For the order of samples and the first weights.
  public var seed: UInt64 = 1
  /// Lanes of the sample order; nil for `SampleOrder.defaultLanes`.
  public var lanes: Int?
  /// Width of the residual stream.
  public var width = 64
  /// Blocks.
  public var layers = 2
  /// Attention heads.
  public var heads = 2
  /// Width of the feed-forward layer; nil for 8/3 of the width.
  public var hiddenWidth: Int?
  /// The highest learning rate.
  public var learningRate = 6e-3
  /// Steps that the learning rate's schedule covers; nil for `steps`. More, where later stages go on.
  public var scheduleSteps: Int?
  /// Steps of warm-up; nil for a twentieth of the schedule, at most 200.
  public var warmupSteps: Int?
  /// The optimizer's settings.
  public var optimizer = AdamW.Settings()
  /// Threads that compute.
  public var threads = 1
  /// Steps between evaluations; 0 for one at the end only.
  public var evaluateEvery = 0
  /// Held-out tokens of an evaluation; 0 for none at all.
  public var evaluationTokens = 1 << 16
  /// Where checkpoints go; nil for none.
  public var checkpointFolder: String?
  /// Steps between checkpoints; 0 for one at the end only.
  public var checkpointEvery = 100
  /// Checkpoints kept.
  public var checkpointsKept = 2
  /// What to start from.
  public var resume = ResumeChoice.auto
  /// Where the weights of a new stage come from, where nothing of it is there to resume: a
  /// checkpoint, a folder of them, or the folder of a run.
  public var startFrom: String?
  /// How samples are read.
  public var reader = ReaderOptions()
  /// Lets a token attend to the documents before its own in the sample.
  public var attendsAcrossDocuments = false
  /// Hashes the samples of every step, for the log: what `shardify order` prints.
  public var hashesSamples = false
  /// A rank that waits this long for the others ends the run; 0 for never.
  public var stallTimeoutSeconds = 30

  /// The defaults.
  public init() {}

  /// The model's shape for a vocabulary.
  func shape(vocabularySize: Int) -> ModelShape {
    let hidden = hiddenWidth ?? max(8, (8 * min(width, 1 << 14) / 3 + 15) / 16 * 16)
    return ModelShape(
      vocabularySize: vocabularySize, width: width, layers: layers, heads: heads,
      hiddenWidth: hidden)
  }

  var schedule: LearningRateSchedule {
    let total = scheduleSteps ?? steps
    return LearningRateSchedule(
      peak: learningRate, warmupSteps: warmupSteps ?? min(200, total / 20), totalSteps: total)
  }

  func check() throws(TrainFailure) {
    func check(_ name: String, _ isRight: Bool, _ found: String, _ expected: String)
      throws(TrainFailure)
    {
      guard isRight else {
        throw TrainFailure(
          .configuration, "cannot train", found: "\(name) \(found)", expected: expected)
      }
    }
    try check("steps", (1...1 << 40).contains(steps), "\(steps)", "1 or more")
    try check(
      "sequence length", (1...1 << 16).contains(sequenceLength), "\(sequenceLength)", "1 to 65536")
    try check(
      "learning rate", learningRate > 0 && learningRate.isFinite, "\(learningRate)", "above 0")
    let scheduled = scheduleSteps ?? steps
    try check(
      "schedule steps", (steps...1 << 40).contains(scheduled), "\(scheduled)",
      "at least the steps, \(steps)")
    try check(
      "warm-up", (0...scheduled).contains(warmupSteps ?? 0), "\(warmupSteps ?? 0)",
      "0 to \(scheduled)")
    try check("threads", (1...1024).contains(threads), "\(threads)", "1 to 1024")
    try check("evaluation interval", evaluateEvery >= 0, "\(evaluateEvery)", "0 or more")
    try check(
      "evaluation tokens", (0...1 << 32).contains(evaluationTokens), "\(evaluationTokens)",
      "0 to \(1 << 32)")
    try check("checkpoint interval", checkpointEvery >= 0, "\(checkpointEvery)", "0 or more")
    try check("checkpoints kept", checkpointsKept >= 1, "\(checkpointsKept)", "1 or more")
  }

  /// What all ranks must agree on, but for the dataset.
  func agreement(_ order: OrderIdentity, _ shape: ModelShape) -> SHA256.Digest {
    let text = [
      "\(order.seed)", "\(order.sequenceLength)", "\(order.lanes)", "\(steps)", "\(globalBatch)",
      "\(shape)", "\(learningRate)",
      "\(schedule.warmupSteps)", "\(schedule.totalSteps)", "\(optimizer)", "\(evaluateEvery)",
      "\(evaluationTokens)",
      "\(checkpointEvery)", "\(attendsAcrossDocuments)", "\(reader.skipsBadShards)",
      "\(hashesSamples)",
    ].joined(separator: "\n")
    return SHA256.of(Array(text.utf8))
  }
}
