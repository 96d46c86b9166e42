import ShardifyCore
import Synchronization

/// A shard that several threads read from, one frame at a time.
final class OpenShard: Sendable {
  let frames: [FrameExtent]
  let pieces: PieceIndex
  private let tokenWidthBytes: Int
  private let pool: FramePool
  private let name: String
  private let vocabularySize: Int
  nonisolated(unsafe) private let shard: any TokenShard
  private let turn = Mutex<Void>(())

  /// Opens a shard and checks that frames and pieces cover what the manifest says.
  init(
    _ source: any TokenSource, shard number: Int, tokens: Int, vocabularySize: Int,
    pool: FramePool
  ) throws(LoadFailure) {
    self.pool = pool
    name = source.name(ofShard: number)
    self.vocabularySize = vocabularySize
    shard = try source.open(shard: number)
    frames = shard.frames
    pieces = shard.pieces
    tokenWidthBytes = shard.tokenWidthBytes
    var covered = 0
    for frame in frames {
      guard frame.firstToken == covered, frame.tokenCount > 0,
        frame.tokenCount <= SampleOrder.tokenLimit - covered
      else {
        throw LoadFailure(
          .corruptShard, "cannot read shard", path: name,
          found: "a frame of \(frame.tokenCount) tokens at token \(frame.firstToken)",
          expected: "frames without gaps", remedy: "rm \(name), then run the same balance again")
      }
      covered += frame.tokenCount
    }
    try Self.check("tokens in frames", covered, tokens, name)
    try Self.check("tokens in pieces", pieces.tokens, tokens, name)
  }

  /// The frame that holds a token.
  func frame(at token: Int) -> Int {
    var low = 0
    var high = frames.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if frames[middle].firstToken <= token { low = middle } else { high = middle }
    }
    return low
  }

  /// Memory that the tables take, about.
  var sizeBytes: Int { pieces.sizeBytes + frames.count * MemoryLayout<FrameExtent>.stride }

  /// Decompresses a frame and checks that its ids are in the vocabulary.
  func read(frame index: Int) throws(LoadFailure) -> FrameTokens {
    let frame = FrameTokens(
      count: frames[index].tokenCount, widthBytes: tokenWidthBytes, pool: pool)
    var failure: LoadFailure?
    turn.withLock { _ in
      do throws(LoadFailure) { try shard.readFrame(index, into: frame) } catch { failure = error }
    }
    if let failure { throw failure }
    let largest = frame.largest
    guard Int(largest) < vocabularySize else {
      throw LoadFailure(
        .corruptShard, "cannot read shard", path: name, found: "token id \(largest)",
        expected: "below \(vocabularySize)", remedy: "rm \(name), then run the same balance again")
    }
    return frame
  }

  private static func check(
    _ what: String, _ found: Int, _ expected: Int, _ name: String
  ) throws(LoadFailure) {
    guard found == expected else {
      throw LoadFailure(
        .corruptShard, "cannot read shard", path: name, found: "\(found) \(what)",
        expected: "\(expected)",
        remedy: "the shard and the manifest do not belong together; run verify")
    }
  }
}
