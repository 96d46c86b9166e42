import Load
import ShardifyCore
import Synchronization
import Testing

@Suite struct ReaderMemoryTests {
  /// Sees every frame and shard that a reader holds: what is gone is no longer counted.
  final class Watch: Sendable {
    struct State {
      var frames: [WeakFrame] = []
      var shards: [WeakShard] = []
      var peakBytes = 0
      var framesRead = 0
    }

    struct WeakFrame { weak var frame: FrameTokens? }
    struct WeakShard { weak var shard: WatchedShard? }

    let state = Mutex(State())

    func note(_ change: (inout State) -> Void) {
      state.withLock { state in
        change(&state)
        state.frames.removeAll { $0.frame == nil }
        state.shards.removeAll { $0.shard == nil }
        let frames = state.frames.reduce(0) { $0 + ($1.frame?.sizeBytes ?? 0) }
        let tables = state.shards.reduce(0) { $0 + ($1.shard?.pieces.sizeBytes ?? 0) }
        state.peakBytes = max(state.peakBytes, frames + tables)
      }
    }
  }

  struct WatchedSource: TokenSource {
    let inner: ArrayTokenSource
    let watch: Watch

    func name(ofShard shard: Int) -> String { inner.name(ofShard: shard) }

    func open(shard: Int) throws(LoadFailure) -> any TokenShard {
      let opened = WatchedShard(try inner.open(shard: shard), watch)
      watch.note { $0.shards.append(Watch.WeakShard(shard: opened)) }
      return opened
    }
  }

  final class WatchedShard: TokenShard {
    let inner: any TokenShard
    let watch: Watch
    var frames: [FrameExtent] { inner.frames }
    var pieces: PieceIndex { inner.pieces }
    var tokenWidthBytes: Int { inner.tokenWidthBytes }

    init(_ inner: any TokenShard, _ watch: Watch) {
      self.inner = inner
      self.watch = watch
    }

    func readFrame(_ index: Int, into frame: FrameTokens) throws(LoadFailure) {
      watch.note {
        $0.frames.append(Watch.WeakFrame(frame: frame))
        $0.framesRead += 1
      }
      try inner.readFrame(index, into: frame)
    }
  }

  static let sizes = [6000, 4000, 7000]
  static let frameTokens = 250
  static let frameBytes = 4 * frameTokens
  static let batchBytes = 4 * 8 * 13
  let shards = makeShards(tokens: ReaderMemoryTests.sizes, seed: 4, longestPiece: 900)

  /// Reads two epochs: the most that was held at once, in bytes, and how many frames were read.
  func peak(memoryBytes: Int, threads: Int, framesKept: Int? = 1000) throws -> (Int, Int) {
    let watch = Watch()
    let order = try SampleOrder(
      dataset: dataset, shardTokens: Self.sizes, seed: 3, sequenceLength: 12, lanes: 32)
    let reader = SampleReader(
      WatchedSource(inner: ArrayTokenSource(shards, frameTokens: Self.frameTokens), watch: watch),
      order: order, slice: try RankSlice(globalBatch: 8, worldSize: 1, rank: 0),
      samplesConsumed: 0, shardTokens: Self.sizes, vocabularySize: 50_000,
      options: ReaderOptions(
        threads: threads, batchesAhead: 1, framesKept: framesKept, memoryBytes: memoryBytes))
    for _ in 0..<2 * order.samplesPerEpoch / 8 { _ = try reader.next() }
    return watch.state.withLock { ($0.peakBytes, $0.framesRead) }
  }

  @Test(arguments: [1, 3])
  func whatIsHeldStaysWithinTheLimit(threads: Int) throws {
    // All frames and tables of the dataset; more is never held.
    let tables = shards.reduce(0) { $0 + $1.pieces.sizeBytes }
    let everything = tables + 4 * Self.sizes.reduce(0, +)
    let (allBytes, allFrames) = try peak(memoryBytes: 1 << 30, threads: threads)
    #expect(allBytes == everything)
    #expect(allFrames == 68)
    for frames in [12, 24, 40, 60] {
      let limit = tables + frames * Self.frameBytes
      let (bytes, read) = try peak(memoryBytes: limit + Self.batchBytes, threads: threads)
      // What is being read, and what a thread still copies from when it is let go, come on top.
      #expect(bytes <= limit + 2 * threads * Self.frameBytes)
      // The limit is what holds it there, and it is made use of.
      #expect(bytes < everything && read > allFrames)
      #expect(bytes > limit - 6 * Self.frameBytes)
    }
  }

  @Test func noLimitIsTooSmallToReadWith() throws {
    for limit in [1, 1000, 3 * Self.frameBytes] {
      let (bytes, _) = try peak(memoryBytes: limit, threads: 1)
      // The frame in hand, the one before it, and the shard in hand.
      let table = shards.map(\.pieces.sizeBytes).max() ?? 0
      #expect(bytes <= limit + 2 * Self.frameBytes + 2 * table)
    }
  }

  @Test func framesKeptAreLimitedInNumberToo() throws {
    let tables = shards.reduce(0) { $0 + $1.pieces.sizeBytes }
    for frames in [2, 5, 33] {
      let (bytes, _) = try peak(memoryBytes: 1 << 30, threads: 1, framesKept: frames)
      #expect(bytes <= tables + (frames + 2) * Self.frameBytes)
      #expect(bytes >= tables + (frames - 1) * Self.frameBytes)
    }
  }
}
