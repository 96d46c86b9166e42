import Glibc
import ShardifyCore

/// Delivers one rank's part of every global batch, in the order of `docs/sample-order.md`, reading
/// and decompressing ahead on threads of its own.
///
/// Memory is bounded by `ReaderOptions.memoryBytes`, but for what is in use. `next` is for one thread.
public final class SampleReader {
  /// The order.
  public let order: SampleOrder
  /// This rank's part.
  public let slice: RankSlice
  /// Seconds that `next` has waited for data.
  public private(set) var waitedSeconds = 0.0
  /// Samples left out so far because a shard could not be read.
  public private(set) var skippedSamples = 0

  private let window: BatchWindow
  private let cache: FrameCache
  private var threads: [BackgroundThread] = []
  private var failure: LoadFailure?

  /// Starts reading.
  ///
  /// - Parameters:
  ///   - samplesConsumed: Where to start: the global samples consumed by all ranks so far.
  ///   - shardTokens: Tokens of each shard of `source`.
  ///   - vocabularySize: Ids at or above this are refused.
  ///   - steps: Batches wanted; nothing is read for those after them. Nil for no end.
  public init(
    _ source: any TokenSource, order: SampleOrder, slice: RankSlice, samplesConsumed: Int,
    shardTokens: [Int], vocabularySize: Int, options: ReaderOptions = ReaderOptions(),
    steps: Int? = nil
  ) {
    self.order = order
    self.slice = slice
    let lanes = slice.lanesRead(of: order.lanes)
    // A quarter of the memory for batches ahead, where they need it.
    let batchBytes = max(1, slice.places.count * (order.sequenceLength + 1) * 4)
    let batches = max(1, min(options.batchesAhead, options.memoryBytes / 4 / batchBytes))
    cache = FrameCache(
      source, shardTokens: shardTokens, vocabularySize: vocabularySize,
      frameLimit: options.framesKept ?? lanes + lanes / 8 + 2 * options.threads + 2,
      memoryBytes: options.memoryBytes - batches * batchBytes)
    window = BatchWindow(batchesAhead: batches, count: steps ?? .max)
    let assembler = SampleAssembler(cache: cache, skipsBadShards: options.skipsBadShards)
    let work = Work(
      assembler: assembler, order: order, slice: slice, start: samplesConsumed, window: window)
    for _ in 0..<max(1, options.threads) {
      if let thread = BackgroundThread({ work.run() }) { threads.append(thread) }
    }
    if threads.isEmpty {
      failure = LoadFailure(
        .configuration, "cannot read samples", found: "no more threads",
        expected: "a thread that reads ahead", remedy: "raise the limit on processes")
    }
  }

  deinit {
    window.close()
    for thread in threads { thread.join() }
  }

  /// Shards left out so far, with the reason.
  public var badShards: [LoadFailure] { cache.failedShards.map(\.failure) }

  /// This rank's part of the next global batch; waits until it is there.
  ///
  /// - Throws: The failure of the shard that could not be read; then on every call. `.stopped` after
  ///   the last of the steps that were wanted.
  public func next() throws(LoadFailure) -> SampleBatch {
    if let failure { throw failure }
    let start = Self.seconds()
    let result = window.take()
    waitedSeconds += Self.seconds() - start
    switch result {
    case .success(let batch):
      skippedSamples += batch.skippedSamples
      return batch
    case .failure(let error):
      failure = error
      throw error
    }
  }

  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private struct Work: Sendable {
    let assembler: SampleAssembler
    let order: SampleOrder
    let slice: RankSlice
    let start: Int
    let window: BatchWindow

    func run() {
      var epoch = order.epoch(start / order.samplesPerEpoch)
      while let step = window.claim() {
        let first = start + step * slice.globalBatch
        do throws(LoadFailure) {
          let batch = try assembler.batch(
            firstOfBatch: first, slice.samples(from: first), order: order, epoch: &epoch)
          window.put(.success(batch), at: step)
        } catch {
          window.put(.failure(error), at: step)
        }
      }
    }
  }
}
