import ShardifyCore

/// The part of every global batch that one rank takes.
public struct RankSlice: Hashable, Sendable {
  /// Samples in a step, over all ranks.
  public let globalBatch: Int
  /// Ranks.
  public let worldSize: Int
  /// This one, from 0.
  public let rank: Int

  /// - Throws: `.configuration` if there are more ranks than samples, or a value is out of range.
  public init(globalBatch: Int, worldSize: Int, rank: Int) throws(LoadFailure) {
    guard (1...1 << 24).contains(globalBatch) else {
      throw LoadFailure(
        .configuration, "cannot share out batches", found: "global batch \(globalBatch)",
        expected: "1 to \(1 << 24)")
    }
    guard (1...globalBatch).contains(worldSize) else {
      throw LoadFailure(
        .configuration, "cannot share out batches", found: "world size \(worldSize)",
        expected: "1 to the global batch of \(globalBatch)",
        remedy: "raise the global batch or use fewer ranks")
    }
    guard (0..<worldSize).contains(rank) else {
      throw LoadFailure(
        .configuration, "cannot share out batches", found: "rank \(rank)",
        expected: "0 to \(worldSize - 1)")
    }
    self.globalBatch = globalBatch
    self.worldSize = worldSize
    self.rank = rank
  }

  /// The places in the global batch; contiguous, and sizes of ranks differ by at most one.
  public var places: Range<Int> {
    (rank * globalBatch / worldSize)..<((rank + 1) * globalBatch / worldSize)
  }

  /// The global samples of this rank in a step that starts at sample `first`.
  public func samples(from first: Int) -> Range<Int> {
    (first + places.lowerBound)..<(first + places.upperBound)
  }

  /// How many lanes of a dataset this rank takes samples from in the course of an epoch.
  ///
  /// Place p of step k is of lane (k * globalBatch + p) mod lanes; over all steps that is every
  /// lane that equals p modulo the greatest common divisor of the two.
  public func lanesRead(of lanes: Int) -> Int {
    var (divisor, rest) = (globalBatch, lanes)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    return places.count >= divisor ? lanes : places.count * (lanes / divisor)
  }
}
