import ShardifyCore

/// What a training run leaves in its database; `docs/run-database.md` has the columns.
public enum RunRow: Sendable, Equatable {
  /// A step.
  case step(Step)
  /// The training loss of a language since the last such row, up to a step.
  case trainingLanguage(step: Int, LanguageTag, tokens: Int, lossNats: Double)
  /// An evaluation.
  case evaluation(
    step: Int, lossNats: Double, unigramNats: Double, bitsPerByte: Double, tokens: Int)
  /// A language of an evaluation.
  case evaluationLanguage(EvaluationLanguage)

  /// A process group that begins, or goes on.
  public struct Start: Sendable, Equatable {
    /// Steps done before it.
    public var step: Int
    /// Global samples consumed before it.
    public var samplesConsumed: Int
    /// Steps wanted.
    public var steps: Int
    /// Ranks.
    public var worldSize: Int
    /// Threads of each.
    public var threads: Int
    /// The checkpoint it goes on from.
    public var resumedFrom: String?
    /// The checkpoint of a run on another dataset that a stage begins with.
    public var startedFrom: String?

    /// Joins the parts; see the properties.
    public init(
      step: Int, samplesConsumed: Int, steps: Int, worldSize: Int, threads: Int,
      resumedFrom: String?, startedFrom: String? = nil
    ) {
      self.step = step
      self.samplesConsumed = samplesConsumed
      self.steps = steps
      self.worldSize = worldSize
      self.threads = threads
      self.resumedFrom = resumedFrom
      self.startedFrom = startedFrom
    }
  }

  /// One step.
  public struct Step: Sendable, Equatable {
    /// Its number, from 1.
    public var step: Int
    /// Global samples consumed after it.
    public var samplesConsumed: Int
    /// Mean loss of its tokens.
    public var lossNats: Double
    /// Tokens predicted.
    public var tokens: Int
    /// Wall-clock seconds.
    public var seconds: Double
    /// Of these, waiting for data.
    public var dataWaitSeconds: Double
    /// The learning rate.
    public var learningRate: Double
    /// The norm of the gradients before clipping.
    public var gradientNorm: Double
    /// Samples left out.
    public var skippedSamples: Int
    /// Of the step's samples.
    public var samplesDigest: SHA256.Digest?

    /// Joins the parts; see the properties.
    public init(
      step: Int, samplesConsumed: Int, lossNats: Double, tokens: Int, seconds: Double,
      dataWaitSeconds: Double, learningRate: Double, gradientNorm: Double, skippedSamples: Int,
      samplesDigest: SHA256.Digest?
    ) {
      self.step = step
      self.samplesConsumed = samplesConsumed
      self.lossNats = lossNats
      self.tokens = tokens
      self.seconds = seconds
      self.dataWaitSeconds = dataWaitSeconds
      self.learningRate = learningRate
      self.gradientNorm = gradientNorm
      self.skippedSamples = skippedSamples
      self.samplesDigest = samplesDigest
    }
  }

  /// One language of an evaluation.
  public struct EvaluationLanguage: Sendable, Equatable {
    /// Steps done before the evaluation.
    public var step: Int
    /// The language.
    public var language: LanguageTag
    /// Its share of the training tokens.
    public var share: Double
    /// Held-out tokens.
    public var tokens: Int
    /// Bytes they stand for.
    public var bytes: Double
    /// Mean loss of a token.
    public var lossNats: Double
    /// The same of the unigram distribution.
    public var unigramNats: Double
    /// Loss in bits for each byte.
    public var bitsPerByte: Double

    /// Joins the parts; see the properties.
    public init(
      step: Int, language: LanguageTag, share: Double, tokens: Int, bytes: Double,
      lossNats: Double, unigramNats: Double, bitsPerByte: Double
    ) {
      self.step = step
      self.language = language
      self.share = share
      self.tokens = tokens
      self.bytes = bytes
      self.lossNats = lossNats
      self.unigramNats = unigramNats
      self.bitsPerByte = bitsPerByte
    }
  }
}
