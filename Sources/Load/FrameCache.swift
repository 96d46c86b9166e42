import ShardifyCore

/// Open shards and decompressed frames, the ones used last, shared by the threads of a reader.
///
/// What a thread has asked for and another is reading is waited for, not read twice. A shard that
/// failed stays failed, with the same message.
final class FrameCache: @unchecked Sendable {
  private struct Key: Hashable {
    var shard: Int
    var frame: Int  // -1: the open shard itself
  }

  private enum Slot {
    case loading
    case shard(OpenShard, lastUse: Int)
    case frame(FrameTokens, lastUse: Int)
  }

  private let source: any TokenSource
  private let shardTokens: [Int]
  private let vocabularySize: Int
  private let frameLimit: Int
  private let memoryBytes: Int
  private let pool = FramePool()
  private let monitor = Monitor()
  private var slots: [Key: Slot] = [:]
  private var failures: [Int: LoadFailure] = [:]
  private var clock = 0

  /// - Parameters:
  ///   - frameLimit: Frames kept.
  ///   - memoryBytes: Memory of frames and piece tables kept, that kept for frames to come with it;
  ///     what threads are at comes on top.
  init(
    _ source: any TokenSource, shardTokens: [Int], vocabularySize: Int, frameLimit: Int,
    memoryBytes: Int
  ) {
    self.source = source
    self.shardTokens = shardTokens
    self.vocabularySize = vocabularySize
    self.frameLimit = max(2, frameLimit)
    self.memoryBytes = memoryBytes
  }

  /// The shards that could not be read, by number, with the reason.
  var failedShards: [(shard: Int, failure: LoadFailure)] {
    monitor.lock()
    defer { monitor.unlock() }
    return failures.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// A shard, opened if it was not.
  func shard(_ number: Int) throws(LoadFailure) -> OpenShard {
    let key = Key(shard: number, frame: -1)
    if case .shard(let shard, _) = try claim(key) { return shard }
    do throws(LoadFailure) {
      let shard = try OpenShard(
        source, shard: number, tokens: shardTokens[number], vocabularySize: vocabularySize,
        pool: pool)
      fulfil(key) { .shard(shard, lastUse: $0) }
      return shard
    } catch {
      fail(key, error)
      throw error
    }
  }

  /// A frame of a shard, decompressed if it was not.
  func frame(_ index: Int, of shard: OpenShard, number: Int) throws(LoadFailure) -> FrameTokens {
    let key = Key(shard: number, frame: index)
    if case .frame(let frame, _) = try claim(key) { return frame }
    do throws(LoadFailure) {
      let frame = try shard.read(frame: index)
      fulfil(key) { .frame(frame, lastUse: $0) }
      return frame
    } catch {
      fail(key, error)
      throw error
    }
  }

  /// Copies the ids of consecutive tokens of a shard.
  func copy(
    _ range: TokenRange, of shard: OpenShard, to target: UnsafeMutablePointer<TokenID>
  ) throws(LoadFailure) {
    var done = 0
    while done < range.tokenCount {
      let token = range.firstToken + done
      let index = shard.frame(at: token)
      let extent = shard.frames[index]
      let first = token - extent.firstToken
      let count = min(range.tokenCount - done, extent.tokenCount - first)
      try frame(index, of: shard, number: range.shard)
        .copy(first..<first + count, to: target + done)
      done += count
    }
  }

  /// What is in the cache, waiting for it if another thread is at it; nil if the caller is to load
  /// it, and then call `fulfil` or `fail`.
  private func claim(_ key: Key) throws(LoadFailure) -> Slot? {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      if let failure = failures[key.shard] { throw failure }
      clock += 1
      switch slots[key] {
      case nil:
        slots[key] = .loading
        return nil
      case .loading: monitor.wait()
      case .shard(let shard, _):
        slots[key] = .shard(shard, lastUse: clock)
        return slots[key]
      case .frame(let frame, _):
        slots[key] = .frame(frame, lastUse: clock)
        return slots[key]
      }
    }
  }

  private func fulfil(_ key: Key, _ slot: (Int) -> Slot) {
    monitor.lock()
    defer { monitor.unlock() }
    clock += 1
    slots[key] = slot(clock)
    evict()
    monitor.wakeAll()
  }

  private func fail(_ key: Key, _ failure: LoadFailure) {
    monitor.lock()
    defer { monitor.unlock() }
    failures[key.shard] = failure
    slots[key] = nil
    monitor.wakeAll()
  }

  /// Lets go of what was not used for longest, down to the limits; of the newest never.
  private func evict() {
    var kept: [(lastUse: Int, key: Key, sizeBytes: Int)] = []
    for (key, slot) in slots {
      switch slot {
      case .loading: break
      case .frame(let frame, let lastUse): kept.append((lastUse, key, frame.sizeBytes))
      case .shard(let shard, let lastUse): kept.append((lastUse, key, shard.sizeBytes))
      }
    }
    var frames = kept.count { $0.key.frame >= 0 }
    var sizeBytes = kept.reduce(pool.sizeBytes) { $0 + $1.sizeBytes }
    guard frames > frameLimit || sizeBytes > memoryBytes else { return }
    // `lastUse` is unique, so the order of the dictionary does not matter.
    for old in kept.sorted(by: { $0.lastUse < $1.lastUse }).dropLast() {
      let isFrame = old.key.frame >= 0
      guard sizeBytes > memoryBytes || isFrame && frames > frameLimit else { continue }
      slots[old.key] = nil
      sizeBytes -= old.sizeBytes
      frames -= isFrame ? 1 : 0
    }
  }
}
