import Dataset
import Load
import ShardifyCore

/// Which samples are asked for.
public struct OrderOptions: Sendable {
  /// Tokens a sample predicts.
  public var sequenceLength: Int
  /// Samples in a step, over all ranks.
  public var globalBatch: Int
  /// Ranks.
  public var worldSize = 1
  /// The rank whose samples are read, from 0.
  public var rank = 0
  /// The first step, from 0.
  public var firstStep = 0
  /// How many steps.
  public var steps = 1
  /// For the order.
  public var seed: UInt64 = 1
  /// Lanes of the order; nil for `SampleOrder.defaultLanes`.
  public var lanes: Int?
  /// Whether each sample's tokens are hashed.
  public var hashes = true
  /// How samples are read.
  public var reader = ReaderOptions()

  /// The order of one process, from its first step.
  public init(sequenceLength: Int, globalBatch: Int) {
    self.sequenceLength = sequenceLength
    self.globalBatch = globalBatch
  }
}

/// One sample as a rank is given it.
public struct OrderedSample: Sendable {
  /// The step, from 0.
  public var step: Int
  /// Its place in the global batch, from 0.
  public var place: Int
  /// Its number over all epochs, from 0.
  public var globalSample: Int
  /// The shard of its first token.
  public var shard: Int
  /// Its first token, counted from the start of that shard.
  public var firstToken: Int
  /// The SHA-256 of its `sequenceLength + 1` tokens as they are stored; nil if it was not asked for.
  public var digest: SHA256.Digest?
  /// The pieces it is made of, in order.
  public var pieces: [OrderedPiece]
}

/// The part of a piece that lies in a sample.
public struct OrderedPiece: Sendable {
  /// The first token, counted from the start of the sample.
  public var firstToken: Int
  /// How many.
  public var tokenCount: Int
  /// The language.
  public var language: LanguageTag
  /// The content hash of its document.
  public var content: ContentHash
  /// The shard it lies in.
  public var shard: Int
  /// Its number in that shard, from 0.
  public var piece: Int
}

/// Reads what a rank would be given, through the same reader that training uses, and so with the
/// same checks.
public struct OrderStage: Sendable {
  private let facts: DatasetFacts
  private let options: OrderOptions
  private let stop: StopFlag
  private let order: SampleOrder
  private let slice: RankSlice

  /// Opens the dataset and checks the options.
  ///
  /// - Parameter dataset: A dataset's folder, or its `manifest.sqlite`.
  public init(dataset: String, options: OrderOptions, stop: StopFlag) throws(LoadFailure) {
    facts = try DatasetFacts(manifest: dataset)
    self.options = options
    self.stop = stop
    order = try SampleOrder(
      facts, seed: options.seed, sequenceLength: options.sequenceLength, lanes: options.lanes)
    slice = try RankSlice(
      globalBatch: options.globalBatch, worldSize: options.worldSize, rank: options.rank)
    let last = options.firstStep.addingReportingOverflow(options.steps)
    let samples = last.partialValue.multipliedReportingOverflow(by: options.globalBatch)
    guard options.firstStep >= 0, options.steps >= 0, !last.overflow, !samples.overflow,
      samples.partialValue <= SampleOrder.sampleLimit
    else {
      throw LoadFailure(
        .configuration, "cannot order samples",
        found: "\(options.steps) steps from step \(options.firstStep)",
        expected: "at most \(SampleOrder.sampleLimit) samples before their end")
    }
  }

  /// Reads the samples in order, and hands each to `each`.
  ///
  /// - Returns: What was read, and how long it took.
  /// - Throws: `LoadFailure` for a shard that cannot be read, `StageFailure` if it was stopped, and
  ///   what `each` throws.
  @discardableResult
  public func run(_ each: (OrderedSample) throws -> Void) throws -> OrderSummary {
    var summary = OrderSummary(lanes: order.lanes, samplesPerEpoch: order.samplesPerEpoch)
    let reader = SampleReader(
      ShardTokenSource(facts), order: order, slice: slice,
      samplesConsumed: options.firstStep * options.globalBatch,
      shardTokens: facts.shards.map(\.tokens), vocabularySize: facts.vocabularySize,
      options: options.reader, steps: options.steps)
    for step in options.firstStep..<options.firstStep + options.steps {
      if stop.isSet {
        throw StageFailure(
          .stopped, "stopped", found: "\(step - options.firstStep) of \(options.steps) steps read")
      }
      let batch = try reader.next()
      summary.add(batch, sequenceLength: order.sequenceLength)
      try hand(batch, step: step, to: each)
    }
    summary.finish(reader)
    return summary
  }

  private func hand(
    _ batch: SampleBatch, step: Int, to each: (OrderedSample) throws -> Void
  ) throws {
    var span = 0
    for (number, location) in batch.samples.enumerated() {
      guard let first = location.ranges.first else { continue }
      var sample = OrderedSample(
        step: step, place: location.globalSample - batch.firstOfBatch,
        globalSample: location.globalSample, shard: first.shard, firstToken: first.firstToken,
        digest: nil, pieces: [])
      if options.hashes {
        sample.digest = batch.digest(ofSample: number, tokenWidthBytes: facts.tokenWidthBytes)
      }
      while span < batch.spans.count && batch.spans[span].sample == number {
        sample.pieces.append(piece(batch.spans[span]))
        span += 1
      }
      try each(sample)
    }
  }

  private func piece(_ span: PieceSpan) -> OrderedPiece {
    OrderedPiece(
      firstToken: span.firstToken, tokenCount: span.tokenCount,
      language: facts.languages[span.language], content: span.content, shard: span.shard,
      piece: span.piece)
  }
}
