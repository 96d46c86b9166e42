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
  private let shardLimit: Int
  private let monitor = Monitor()
  private var slots: [Key: Slot] = [:]
  private var failures: [Int: LoadFailure] = [:]
  private var clock = 0

  init(
    _ source: any TokenSource, shardTokens: [Int], vocabularySize: Int, frameLimit: Int,
    shardLimit: Int
  ) {
    self.source = source
    self.shardTokens = shardTokens
    self.vocabularySize = vocabularySize
    self.frameLimit = max(2, frameLimit)
    self.shardLimit = max(2, shardLimit)
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
        source, shard: number, tokens: shardTokens[number], vocabularySize: vocabularySize)
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
      let frame = FrameTokens(try shard.read(frame: index), vocabularySize)
      fulfil(key) { .frame(frame, lastUse: $0) }
      return frame
    } catch {
      fail(key, error)
      throw error
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

  /// Lets go of what was not used for longest, down to the limits.
  private func evict() {
    var frames: [(lastUse: Int, key: Key)] = []
    var shards: [(lastUse: Int, key: Key)] = []
    for (key, slot) in slots {
      switch slot {
      case .loading: break
      case .frame(_, let lastUse): frames.append((lastUse, key))
      case .shard(_, let lastUse): shards.append((lastUse, key))
      }
    }
    // `lastUse` is unique, so the order of the dictionary does not matter.
    for (list, limit) in [(frames, frameLimit), (shards, shardLimit)] where list.count > limit {
      for old in list.sorted(by: { $0.lastUse < $1.lastUse }).prefix(list.count - limit) {
        slots[old.key] = nil
      }
    }
  }
}
