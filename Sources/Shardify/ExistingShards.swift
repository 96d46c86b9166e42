import Balance
import Files
import Manifest
import ShardifyCore
import Shards

/// Finds shards that an earlier run finished.
struct ExistingShards {
  let job: BalanceJob

  /// What a finished shard holds, read from the file; nil if it is missing, damaged or of another
  /// plan, so that it must be written.
  func summary(of shard: Int) throws(ShardsFailure) -> ShardSummary? {
    let path = job.path(ofShard: shard, .train)
    guard FileSystem.status(path)?.kind == .file else { return nil }
    do throws(ShardsFailure) {
      let reader = try ShardReader(path: path)
      guard reader.header.plan == job.planDigest, reader.header.shard == shard,
        !reader.header.isHoldout, reader.header.languages == job.rings.map(\.tag)
      else { return nil }
      return try ShardSummary(reading: reader, isFirstLap: job.lap.isFirstLap)
    } catch {
      if error.code == .corrupt || error.code == .truncated || error.code == .version {
        return nil
      }
      throw error
    }
  }
}

extension ShardSummary {
  /// Sums up a shard that was written before, reading all of it.
  init(
    reading reader: ShardReader, isFirstLap: (ShardPiece) -> Bool
  ) throws(ShardsFailure) {
    var payload = SHA256()
    for frame in reader.frames.indices {
      let raw = try reader.rawFrame(frame)
      payload.update(raw)
    }
    let pieces = (0..<reader.pieces.count).map { reader.pieces[$0] }
    self.init(
      tokenCount: reader.header.tokenCount, pieceCount: pieces.count,
      fileSizeBytes: reader.fileSizeBytes, fileDigest: try reader.fileDigest(),
      payloadDigest: payload.finish(),
      parts: ShardSummary.parts(
        of: pieces, languages: reader.header.languages.count, isFirstLap: isFirstLap))
  }
}
