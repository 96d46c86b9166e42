/// How a `SampleReader` reads ahead.
public struct ReaderOptions: Sendable {
  /// Threads that decompress.
  public var threads: Int
  /// Batches made ahead of the one asked for.
  public var batchesAhead: Int
  /// Decompressed frames kept, about 1 MiB each; nil for one for each lane that this rank reads,
  /// and a few more.
  public var framesKept: Int?
  /// Leaves out samples of shards that cannot be read, and counts them, instead of stopping.
  public var skipsBadShards: Bool

  /// Joins the parts; see the properties.
  public init(
    threads: Int = 1, batchesAhead: Int = 4, framesKept: Int? = nil, skipsBadShards: Bool = false
  ) {
    self.threads = threads
    self.batchesAhead = batchesAhead
    self.framesKept = framesKept
    self.skipsBadShards = skipsBadShards
  }
}
