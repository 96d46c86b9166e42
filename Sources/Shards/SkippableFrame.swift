import ShardifyCore

/// The skippable frames in which runs and shards keep what is not tokens: `zstd -d` passes over
/// them.
public enum SkippableFrame {
  /// Bytes before the payload: magic and payload size.
  public static let headerBytes = 8

  /// The four-byte magic number of each kind of content.
  public enum Kind: UInt32, Sendable {
    /// The piece table of one frame of a run, zstd-compressed.
    case runPieces = 0x184D_2A50
    /// The names a run's piece tables refer to.
    case runNames = 0x184D_2A51
    /// The frame table and totals of a run.
    case runIndex = 0x184D_2A52
    /// Where a run's index is.
    case runFooter = 0x184D_2A53
    /// The facts of a shard.
    case shardHeader = 0x184D_2A54
    /// The piece table of a shard, zstd-compressed.
    case shardPieces = 0x184D_2A55
    /// The plan a shard was written by, zstd-compressed text.
    case shardPlan = 0x184D_2A56
    /// The seek table of the Zstandard seekable format.
    case seekTable = 0x184D_2A5E
  }

  /// The frame: magic, payload size, payload.
  public static func encode(_ kind: Kind, _ payload: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(payload.count + headerBytes)
    bytes.appendLittleEndian(kind.rawValue)
    bytes.appendLittleEndian(UInt32(payload.count))
    bytes.append(contentsOf: payload)
    return bytes
  }

  /// The payload of a frame that must fill `bytes` exactly; nil if it does not.
  public static func payload(
    _ kind: Kind, in bytes: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    var reader = ByteReader(bytes)
    guard reader.read(UInt32.self) == kind.rawValue, let count = reader.read(UInt32.self),
      Int(count) == reader.remaining
    else { return nil }
    return reader.take(Int(count))
  }
}
