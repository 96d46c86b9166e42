import ShardifyCore

/// What happens in a run, in order; on rank 0.
public enum TrainingEvent: Sendable {
  /// The run is about to make its first step.
  case started(StartReport)
  /// A checkpoint could not be read and an older one is tried.
  case checkpointSkipped(message: String)
  /// A step was made.
  case step(StepReport)
  /// The training loss of each language since the last such event.
  case languages(step: Int, [LanguageLoss])
  /// Held-out text was evaluated.
  case evaluated(EvaluationResult)
  /// A checkpoint is about to be written: what leads to it should be kept first.
  case checkpointDue(step: Int)
  /// A checkpoint was written.
  case checkpointWritten(path: String, step: Int)
  /// A shard is left out.
  case shardSkipped(message: String)
}

/// The run at its start.
public struct StartReport: Sendable {
  /// The checkpoint it goes on from.
  public var resumedFrom: String?
  /// The checkpoint of a run on another dataset that this one begins with, at its sample 0.
  public var startedFrom: String?
  /// Steps done before.
  public var step: Int
  /// Global samples consumed before.
  public var samplesConsumed: Int
  /// Steps to be done in all.
  public var steps: Int
  /// Parameters of the model.
  public var parameters: Int
  /// Ranks.
  public var worldSize: Int
  /// Threads of each rank.
  public var threads: Int
  /// Samples of an epoch.
  public var samplesPerEpoch: Int
  /// Training tokens of the dataset.
  public var tokens: Int
  /// The entropy of the training tokens, in nats.
  public var unigramEntropyNats: Double
}

/// One step.
public struct StepReport: Sendable {
  /// Its number, from 1.
  public var step: Int
  /// Global samples consumed after it.
  public var samplesConsumed: Int
  /// Mean loss of its tokens over all ranks, in nats.
  public var lossNats: Double
  /// Tokens predicted, over all ranks.
  public var tokens: Int
  /// Wall-clock seconds.
  public var seconds: Double
  /// Of these, seconds that this rank waited for data.
  public var dataWaitSeconds: Double
  /// The learning rate.
  public var learningRate: Double
  /// The norm of the gradients before clipping.
  public var gradientNorm: Double
  /// Samples left out because a shard could not be read.
  public var skippedSamples: Int
  /// The SHA-256 of the digests of its samples, in the order of the global batch, if asked for.
  public var samplesDigest: SHA256.Digest?
}

/// A run that has ended.
public struct TrainingSummary: Sendable {
  /// Steps done, those before a resume included.
  public var step: Int
  /// Whether it was asked to stop before its last step.
  public var wasStopped: Bool
  /// The last evaluation.
  public var evaluation: EvaluationResult?
  /// The entropy of the training tokens, in nats.
  public var unigramEntropyNats: Double
  /// The loss of the first and last step made by this process, in nats.
  public var firstLossNats: Double?
  /// See `firstLossNats`.
  public var lastLossNats: Double?
  /// Tokens predicted by this process's steps, over all ranks.
  public var tokens: Int
  /// Wall-clock seconds of its steps.
  public var stepSeconds: Double
  /// Of these, seconds waited for data by this rank.
  public var dataWaitSeconds: Double
  /// Samples left out because a shard could not be read.
  public var skippedSamples: Int
  /// The newest checkpoint.
  public var checkpoint: String?
}
