import Glibc
import Load
import ShardifyCore

/// How often each id occurs in the training data.
public struct UnigramStatistics: Sendable {
  /// Occurrences of each id; shape [vocabulary].
  public let counts: [Int]
  /// Tokens counted.
  public let tokens: Int

  /// Takes counts.
  public init(counts: [Int]) {
    self.counts = counts
    tokens = counts.reduce(0, +)
  }

  /// Counts the ids of up to `frameLimit` frames, evenly spaced over all frames of all shards.
  ///
  /// - Throws: The failure of a shard, unless bad shards are skipped.
  public init(
    _ source: any TokenSource, shards: Int, vocabularySize: Int, frameLimit: Int = 32,
    skipsBadShards: Bool
  ) throws(LoadFailure) {
    var counts = [Int](repeating: 0, count: vocabularySize)
    // A handful of shards is enough, and opening thousands is not quick.
    let opened = min(shards, frameLimit)
    for place in 0..<opened {
      do throws(LoadFailure) {
        let shard = try source.open(shard: place * shards / opened)
        let wanted = min(shard.frames.count, max(1, frameLimit / opened))
        for part in 0..<wanted {
          let index = part * shard.frames.count / wanted
          let count = shard.frames[index].tokenCount
          let frame = FrameTokens(count: count, widthBytes: shard.tokenWidthBytes)
          try shard.readFrame(index, into: frame)
          withUnsafeTemporaryAllocation(of: TokenID.self, capacity: count) { ids in
            guard let base = ids.baseAddress else { return }
            frame.copy(0..<count, to: base)
            for id in ids where Int(id) < vocabularySize { counts[Int(id)] += 1 }
          }
        }
      } catch {
        if !skipsBadShards { throw error }
      }
    }
    self.init(counts: counts)
  }

  /// The entropy of the distribution, in nats: the best loss without looking at other tokens.
  public var entropyNats: Double {
    var sum = 0.0
    for count in counts where count > 0 {
      let share = Double(count) / Double(tokens)
      sum -= share * log(share)
    }
    return sum
  }

  /// The logarithm of each id's probability, half an occurrence added to each.
  public var logFrequencies: [Float] {
    let total = Double(tokens) + 0.5 * Double(counts.count)
    return counts.map { Float(log((Double($0) + 0.5) / total)) }
  }
}
