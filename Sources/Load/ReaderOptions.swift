/// How a `SampleReader` reads ahead.
public struct ReaderOptions: Sendable {
  /// Threads that decompress.
  public var threads: Int
  /// Batches made ahead of the one asked for.
  public var batchesAhead: Int
  /// Decompressed frames kept, half a MiB to one each; nil for one for each lane that this rank
  /// reads, and a few more.
  public var framesKept: Int?
  /// Memory for frames, piece tables and batches ahead; what threads are reading or copying at the
  /// moment comes on top. With less than the lanes need, frames are decompressed and shards opened
  /// again and again: slower, and the same samples.
  public var memoryBytes: Int
  /// Leaves out samples of shards that cannot be read, and counts them, instead of stopping.
  public var skipsBadShards: Bool

  /// Joins the parts; see the properties.
  public init(
    threads: Int = 1, batchesAhead: Int = 4, framesKept: Int? = nil,
    memoryBytes: Int = 1 << 30, skipsBadShards: Bool = false
  ) {
    self.threads = threads
    self.batchesAhead = batchesAhead
    self.framesKept = framesKept
    self.memoryBytes = memoryBytes
    self.skipsBadShards = skipsBadShards
  }
}
