import ShardifyCore

/// The tokens of a list of shards, wherever they lie.
public protocol TokenSource: Sendable {
  /// Opens a shard by its number. Called by one thread at a time for a shard, by many for many.
  func open(shard: Int) throws(LoadFailure) -> any TokenShard
  /// The shard's name in messages.
  func name(ofShard shard: Int) -> String
}

/// One open shard. Not for two threads at once.
public protocol TokenShard: AnyObject {
  /// The shard's frames, in token order and without gaps.
  var frames: [FrameExtent] { get }
  /// The shard's pieces.
  var pieces: PieceIndex { get }
  /// Bytes of each id: 2 or 4.
  var tokenWidthBytes: Int { get }
  /// Fills `frame`, which has the width of the shard and as many ids as the frame has.
  func readFrame(_ index: Int, into frame: FrameTokens) throws(LoadFailure)
}

/// The tokens a frame holds.
public struct FrameExtent: Hashable, Sendable {
  /// Counted from the start of the shard.
  public var firstToken: Int
  /// How many.
  public var tokenCount: Int

  /// Joins the parts.
  public init(firstToken: Int, tokenCount: Int) {
    self.firstToken = firstToken
    self.tokenCount = tokenCount
  }
}
