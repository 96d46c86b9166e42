import Balance
import Compression
import Files
import Manifest
import ShardifyCore
import Shards

/// Writes the held-out documents of the mixture's languages, language after language, each in the
/// order of its keys.
struct HoldoutShards {
  let job: BalanceJob
  let shardTokens: Int

  func run() throws -> [ShardSummary] {
    let zstd = try job.decompressor()
    let compressor = try job.compressor()
    var summaries: [ShardSummary] = []
    var writer: ShardWriter?
    var tokens = 0
    for (number, plan) in job.plan.languages.enumerated() {
      guard (job.scans[plan.tag]?.heldOutTokens ?? 0) > 0 else { continue }
      let cursor = job.view.cursor(of: plan.tag, part: .heldOut, zstd: zstd)
      try cursor.rewind()
      while let (_, table, index) = cursor.current, let key = cursor.key {
        if tokens >= shardTokens, let full = writer {
          summaries.append(try full.finish())
          writer = nil
          tokens = 0
        }
        let open =
          try writer
          ?? ShardWriter(
            path: job.path(ofShard: summaries.count, .holdout),
            header: job.header(shard: summaries.count, .holdout), planText: job.planText,
            compressor: compressor)
        writer = open
        let piece = ShardPiece(
          languageIndex: number, flags: table.flags(index).intersection([.first, .last]), pass: 0,
          piece: Int(key.piece), tokenCount: table.tokenCount(index),
          byteCount: table.byteCount(index), content: table.content(index))
        try open.append(piece) { (out: inout [UInt8]) throws(ShardsFailure) in
          try cursor.appendTokens(to: &out)
        }
        tokens += piece.tokenCount
        try cursor.advance()
      }
    }
    if let last = writer { summaries.append(try last.finish()) }
    try removeOthers(than: summaries.count)
    return summaries
  }

  /// Removes what an earlier run with smaller shards left.
  private func removeOthers(than count: Int) throws {
    let kept = Set((0..<count).map { BalanceJob.relativePath(ofShard: $0, .holdout) })
    for name in try FileSystem.names(in: job.folder + "/holdout")
    where !kept.contains("holdout/" + name) {
      try FileSystem.remove(job.folder + "/holdout/" + name)
    }
  }
}
