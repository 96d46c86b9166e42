import ShardifyCore

/// Shards held in memory: for tests, and for tools that already have tokens.
public struct ArrayTokenSource: TokenSource {
  /// One shard.
  public struct Shard: Sendable {
    /// Its ids.
    public var tokens: [TokenID]
    /// Its pieces; the token counts add up to `tokens.count`.
    public var pieces: PieceIndex

    /// Joins the parts.
    public init(tokens: [TokenID], pieces: PieceIndex) {
      self.tokens = tokens
      self.pieces = pieces
    }
  }

  /// The shards.
  public let shards: [Shard]
  /// Tokens of each frame but a shard's last.
  public let frameTokens: Int

  /// Makes a source that delivers frames of `frameTokens` tokens.
  public init(_ shards: [Shard], frameTokens: Int = 1 << 18) {
    self.shards = shards
    self.frameTokens = max(1, frameTokens)
  }

  public func name(ofShard shard: Int) -> String { "shard \(shard) in memory" }

  public func open(shard: Int) throws(LoadFailure) -> any TokenShard {
    guard shards.indices.contains(shard) else {
      throw LoadFailure(
        .missingShard, "cannot open shard", path: name(ofShard: shard), found: "no such shard")
    }
    return OpenArray(shards[shard], frameTokens)
  }

  private final class OpenArray: TokenShard {
    let frames: [FrameExtent]
    let shard: Shard
    var pieces: PieceIndex { shard.pieces }

    init(_ shard: Shard, _ frameTokens: Int) {
      self.shard = shard
      frames = stride(from: 0, to: shard.tokens.count, by: frameTokens).map {
        FrameExtent(firstToken: $0, tokenCount: min(frameTokens, shard.tokens.count - $0))
      }
    }

    var tokenWidthBytes: Int { 4 }

    func readFrame(_ index: Int, into frame: FrameTokens) throws(LoadFailure) {
      let extent = frames[index]
      let ids = frame.bytes.assumingMemoryBound(to: UInt32.self)
      for place in 0..<extent.tokenCount {
        ids[place] = shard.tokens[extent.firstToken + place].littleEndian
      }
    }
  }
}
