import Balance
import Files
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// What the reading of one shard gives to the checks of the whole: a few integers a ring.
struct ShardAudit: Sendable {
  /// The first or last copy of a ring in a shard.
  struct Edge: Sendable {
    var order: RingOrder
    var flags: PieceFlags
    var tokenCount: Int

    /// What is wrong if `next` comes right after this; nil if nothing.
    func problem(before next: Edge) -> String? {
      if !(order < next.order) { return "pieces are not in the order of their ring" }
      let continues =
        order.pass == next.order.pass && order.key.high == next.order.key.high
        && order.key.low == next.order.key.low && order.key.piece &+ 1 == next.order.key.piece
      if flags.contains(.last) ? next.order.key.piece != 0 : !continues {
        return "a document's pieces are not together"
      }
      return nil
    }
  }

  /// What a shard holds of one ring.
  struct Part: Sendable {
    var tokens = 0
    var pieces = 0
    var documents = 0
    var bytes = 0
    /// `PieceSum` over all copies, weighted by lap.
    var sum: UInt64 = 0
    /// `PieceSum` over the copies of the first lap.
    var firstLap: UInt64 = 0
    /// The same over those of them that the last, unfinished lap has too.
    var firstLapPart: UInt64 = 0
    var first: Edge
    var last: Edge
  }

  /// By the number in the header, of a ring or a held-out language; nil where there is nothing of it.
  var parts: [Part?]
  /// End-of-text ids in the midst of pieces.
  var innerEndOfText = 0
  var tokens = 0
  var pieces = 0
  /// Whether it was read to its end.
  var isWhole = false
  /// Whether there was a file to read.
  var isThere = false
  var problems = VerifyProblems(limit: VerifyProblems.limitPerShard)
}

/// Reads shards and checks each on its own and against its rows of the manifest.
struct ShardAuditor: Sendable {
  let facts: VerifyFacts
  /// Shape [shards][rings].
  let tokensBefore: [[Int]]
  let progress: Progress
  let stop: StopFlag

  /// Reads one shard.
  func audit(_ row: DatasetManifest.Shard) -> ShardAudit {
    let tags = facts.headerTags(row.split)
    var audit = ShardAudit(parts: Array(repeating: nil, count: tags.count))
    let path = facts.folder + "/" + row.path
    guard let status = FileSystem.status(path), status.kind == .file else {
      audit.problems.add("\(row.path): missing; run the same balance again, which writes it anew")
      return audit
    }
    audit.isThere = true
    do throws(ShardsFailure) {
      let reader = try ShardReader(path: path)
      checkHeader(reader, row, &audit.problems)
      audit.problems.compare(
        "\(row.path): SHA-256", found: "\(try reader.fileDigest())", expected: "\(row.fileDigest)")
      guard reader.header.languages == tags else { return audit }
      try readPieces(reader, row, &audit)
      audit.isWhole = !stop.isSet
    } catch {
      audit.problems.compare(
        "\(row.path): bytes", found: status.fileSizeBytes, expected: row.fileSizeBytes)
      audit.problems.add(error.message)
    }
    return audit
  }

  private func checkHeader(
    _ reader: ShardReader, _ row: DatasetManifest.Shard, _ problems: inout VerifyProblems
  ) {
    let header = reader.header
    let isHoldout = row.split == .holdout
    func compare<T: Equatable>(_ what: String, _ found: T, _ expected: T) {
      problems.compare("\(row.path): \(what)", found: found, expected: expected)
    }
    compare("bytes", reader.fileSizeBytes, row.fileSizeBytes)
    compare("token width", header.tokenWidthBytes, facts.tokenWidthBytes)
    compare("vocabulary", header.vocabularySize, facts.vocabularySize)
    compare("end-of-text id", header.endOfTextID, facts.endOfTextID)
    compare("tokenizer", "\(header.tokenizer)", "\(facts.tokenizer)")
    compare("plan", "\(header.plan)", "\(facts.plan)")
    compare("number", header.shard, row.shard)
    compare("shard count", header.shardCount, isHoldout ? 0 : facts.shardCount)
    compare("held out", header.isHoldout, isHoldout)
    compare("tokens", header.tokenCount, row.tokens)
    compare("pieces", reader.pieces.count, row.pieces)
    compare(
      "languages", header.languages.map(\.description),
      facts.headerTags(row.split).map(\.description))
    compare("version", header.version, facts.isDivided && !isHoldout ? 2 : 1)
  }

  /// Walks the pieces along with the frames that hold them.
  private func readPieces(
    _ reader: ShardReader, _ row: DatasetManifest.Shard, _ audit: inout ShardAudit
  ) throws(ShardsFailure) {
    let width = reader.header.tokenWidthBytes
    let start = row.split == .train && row.shard < tokensBefore.count
    var walk = PieceWalk(
      facts: facts, row: row, tokensBefore: start ? tokensBefore[row.shard] : nil, width: width,
      audit: audit)
    var payload = SHA256()
    var window: [UInt8] = []
    var next = 0
    for frame in reader.frames.indices {
      if stop.isSet { return }
      let raw = try reader.rawFrame(frame)
      payload.update(raw)
      window += raw
      var used = 0
      while next < reader.pieces.count {
        let piece = reader.pieces[next]
        let bytes = piece.tokenCount * width
        if window.count - used < bytes { break }
        window.withUnsafeBytes {
          walk.take(
            piece, UnsafeRawBufferPointer(rebasing: $0[used..<used + bytes]), number: next)
        }
        used += bytes
        next += 1
      }
      window.removeSubrange(..<used)
      progress.done.wrappingAdd(reader.frames[frame].tokenCount, ordering: .relaxed)
    }
    audit = walk.audit
    let digest = payload.finish()
    audit.problems.compare(
      "\(row.path): payload SHA-256", found: "\(digest)", expected: "\(row.payloadDigest)")
    audit.problems.compare(
      "\(row.path): payload SHA-256 in its header", found: "\(reader.header.payload)",
      expected: "\(digest)")
    audit.tokens = reader.header.tokenCount
    audit.pieces = next
  }
}
