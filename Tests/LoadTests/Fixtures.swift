import Glibc
import Load
import ShardifyCore

/// A dataset in memory: pieces of one to `longestPiece` tokens, each language a third of them.
func makeShards(tokens: [Int], seed: UInt64, longestPiece: UInt64 = 9) -> [ArrayTokenSource.Shard] {
  var random = SeededRandom(seed: seed)
  return tokens.map { count in
    var entries: [PieceIndex.Entry] = []
    var left = count
    while left > 0 {
      let length = min(left, 1 + Int(random.below(longestPiece)))
      entries.append(
        PieceIndex.Entry(
          language: Int(random.below(3)), tokenCount: length, byteCount: 3 * length,
          content: ContentHash(high: random.next(), low: 0), startsDocument: true,
          endsDocument: true))
      left -= length
    }
    let ids = (0..<count).map { _ in TokenID(random.below(50_000)) }
    return ArrayTokenSource.Shard(tokens: ids, pieces: PieceIndex(entries) ?? emptyTable)
  }
}

private let emptyTable: PieceIndex = {
  guard let table = PieceIndex([]) else { preconditionFailure("an empty table is a table") }
  return table
}()

let dataset = SHA256.of(Array("dataset".utf8))

/// A source whose shards in `bad` cannot be opened.
struct BrokenSource: TokenSource {
  var inner: ArrayTokenSource
  var bad: Set<Int>

  func name(ofShard shard: Int) -> String { "shards/shard-\(shard).zst" }

  func open(shard: Int) throws(LoadFailure) -> any TokenShard {
    if bad.contains(shard) {
      throw LoadFailure(
        .missingShard, "cannot open shard", path: name(ofShard: shard),
        found: "no such file or folder")
    }
    return try inner.open(shard: shard)
  }
}

/// A source that takes up to two milliseconds to open a shard or read a frame.
struct SlowSource: TokenSource {
  var inner: ArrayTokenSource

  func name(ofShard shard: Int) -> String { inner.name(ofShard: shard) }

  func open(shard: Int) throws(LoadFailure) -> any TokenShard {
    usleep(UInt32(mixed(seed: 1, UInt64(shard)) % 2000))
    return SlowShard(try inner.open(shard: shard))
  }

  private final class SlowShard: TokenShard {
    let inner: any TokenShard
    var frames: [FrameExtent] { inner.frames }
    var pieces: PieceIndex { inner.pieces }
    var tokenWidthBytes: Int { inner.tokenWidthBytes }

    init(_ inner: any TokenShard) { self.inner = inner }

    func readFrame(_ index: Int, into frame: FrameTokens) throws(LoadFailure) {
      usleep(UInt32(mixed(seed: 2, UInt64(index)) % 2000))
      try inner.readFrame(index, into: frame)
    }
  }
}
