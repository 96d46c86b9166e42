import ShardifyCore

/// Copies the tokens and piece spans of samples out of frames.
struct SampleAssembler: Sendable {
  let cache: FrameCache
  let skipsBadShards: Bool

  /// Reads samples in order.
  ///
  /// - Throws: The shard's failure, unless bad shards are skipped.
  func batch(
    firstOfBatch: Int, _ samples: Range<Int>, order: SampleOrder, epoch: inout EpochOrder
  ) throws(LoadFailure) -> SampleBatch {
    var batch = SampleBatch(
      firstOfBatch: firstOfBatch, samples: [], tokens: [], spans: [], skippedSamples: 0)
    batch.samples.reserveCapacity(samples.count)
    let length = order.sequenceLength + 1
    var failure: LoadFailure?
    let tokens = [TokenID](unsafeUninitializedCapacity: samples.count * length) { room, count in
      for sample in samples {
        let number = sample / order.samplesPerEpoch
        if epoch.number != number { epoch = order.epoch(number) }
        let location = epoch.location(ofSample: sample % order.samplesPerEpoch)
        let spans = batch.spans.count
        do throws(LoadFailure) {
          guard let base = room.baseAddress else { return }
          try add(location, to: &batch, tokens: base + count)
          batch.samples.append(location)
          count += length
        } catch {
          batch.spans.removeLast(batch.spans.count - spans)
          batch.skippedSamples += 1
          if !skipsBadShards {
            failure = error
            return
          }
        }
      }
    }
    if let failure { throw failure }
    batch.tokens = tokens
    return batch
  }

  private func add(
    _ location: SampleLocation, to batch: inout SampleBatch,
    tokens: UnsafeMutablePointer<TokenID>
  ) throws(LoadFailure) {
    var done = 0
    for range in location.ranges {
      let shard = try cache.shard(range.shard)
      try cache.copy(range, of: shard, to: tokens + done)
      Self.appendSpans(
        of: range, in: shard.pieces, sample: batch.samples.count, offset: done,
        to: &batch.spans)
      done += range.tokenCount
    }
  }

  static func appendSpans(
    of range: TokenRange, in pieces: PieceIndex, sample: Int, offset: Int,
    to spans: inout [PieceSpan]
  ) {
    let starts = pieces.starts
    let end = range.firstToken + range.tokenCount
    var token = range.firstToken
    var piece = pieces.piece(at: token)
    while token < end {
      let count = min(end, starts[piece + 1]) - token
      if count > 0 {
        let entry = pieces.entries[piece]
        spans.append(
          PieceSpan(
            sample: sample, firstToken: offset + token - range.firstToken, tokenCount: count,
            language: entry.language, shard: range.shard, piece: piece, content: entry.content,
            startsDocument: entry.startsDocument && token == starts[piece]))
      }
      token += count
      piece += 1
    }
  }
}
