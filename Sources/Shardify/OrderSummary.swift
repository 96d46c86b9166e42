import Glibc
import Load
import ShardifyCore

/// What `OrderStage` read, and what it cost.
public struct OrderSummary: Sendable {
  /// Lanes of the order.
  public var lanes: Int
  /// Samples of an epoch.
  public var samplesPerEpoch: Int
  /// Samples read.
  public var samples = 0
  /// Tokens of these that a model would predict: `sequenceLength` each.
  public var tokens = 0
  /// Pieces, or parts of them, in the samples.
  public var pieces = 0
  /// Samples left out because a shard could not be read.
  public var skippedSamples = 0
  /// Why, a shard each.
  public var badShards: [LoadFailure] = []
  /// Wall-clock seconds from the start of the reader to its first batch.
  public var firstBatchSeconds = 0.0
  /// Wall-clock seconds from the start of the reader to its last batch.
  public var seconds = 0.0
  /// Processor seconds of all threads in that time.
  public var cpuSeconds = 0.0

  private let startSeconds = OrderSummary.seconds(CLOCK_MONOTONIC)
  private let startCPUSeconds = OrderSummary.seconds(CLOCK_PROCESS_CPUTIME_ID)

  init(lanes: Int, samplesPerEpoch: Int) {
    self.lanes = lanes
    self.samplesPerEpoch = samplesPerEpoch
  }

  mutating func add(_ batch: SampleBatch, sequenceLength: Int) {
    if samples + skippedSamples == 0 {
      firstBatchSeconds = OrderSummary.seconds(CLOCK_MONOTONIC) - startSeconds
    }
    samples += batch.samples.count
    tokens += batch.samples.count * sequenceLength
    pieces += batch.spans.count
    skippedSamples += batch.skippedSamples
  }

  mutating func finish(_ reader: SampleReader) {
    seconds = OrderSummary.seconds(CLOCK_MONOTONIC) - startSeconds
    cpuSeconds = OrderSummary.seconds(CLOCK_PROCESS_CPUTIME_ID) - startCPUSeconds
    badShards = reader.badShards
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
