import Compression
import ShardifyCore
import Shards

/// A shard as tests make it: its header, pieces and all of their ids.
struct TestShard {
  static let plan = Array("shardify plan v1\nseed\t1\n".utf8)
  var header: ShardHeader
  var pieces: [ShardPiece] = []
  var ids: [TokenID] = []

  init(width: Int, languages: Int = 3, isHoldout: Bool = false) {
    header = ShardHeader(
      tokenWidthBytes: width, vocabularySize: 300, endOfTextID: PieceFixture.endOfText,
      tokenizer: PieceFixture.tokenizer, plan: SHA256.of(TestShard.plan), shard: 4, shardCount: 9,
      isHoldout: isHoldout, languages: Array(PieceFixture.languages.prefix(languages)))
  }

  /// Adds the pieces of a document.
  mutating func add(_ number: Int, pieceTokens: [Int], pass: Int = 0) {
    var fixture = PieceFixture(seed: UInt64(number))
    let language = number % header.languages.count
    for piece in fixture.document(number, header.languages[language], pieceTokens: pieceTokens) {
      pieces.append(
        ShardPiece(
          languageIndex: language, flags: piece.row.flags, pass: pass,
          piece: Int(piece.row.key.piece), tokenCount: piece.ids.count,
          byteCount: Int(piece.row.byteCount), content: piece.row.content))
      ids += piece.ids
    }
  }

  @discardableResult
  func write(to path: String, level: Int = 3) throws -> ShardSummary {
    let writer = try ShardWriter(
      path: path, header: header, planText: TestShard.plan,
      compressor: try ZstdCompressor(level: level))
    var start = 0
    for piece in pieces {
      let own = Array(ids[start..<start + piece.tokenCount])
      try writer.append(piece) { (out: inout [UInt8]) throws(ShardsFailure) in
        out += encoded(own, width: header.tokenWidthBytes)
      }
      start += piece.tokenCount
    }
    return try writer.finish()
  }
}

/// Reads all there is in a shard.
func readShard(_ path: String) throws -> (reader: ShardReader, pieces: [ShardPiece], ids: [TokenID])
{
  let reader = try ShardReader(path: path)
  let buffer = TokenBuffer()
  for frame in reader.frames.indices { try reader.readFrame(frame, into: buffer) }
  return (reader, (0..<reader.pieces.count).map { reader.pieces[$0] }, Array(buffer.ids))
}
