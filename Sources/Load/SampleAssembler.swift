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
    batch.tokens.reserveCapacity(samples.count * (order.sequenceLength + 1))
    for sample in samples {
      let number = sample / order.samplesPerEpoch
      if epoch.number != number { epoch = order.epoch(number) }
      let location = epoch.location(ofSample: sample % order.samplesPerEpoch)
      let (tokens, spans) = (batch.tokens.count, batch.spans.count)
      do throws(LoadFailure) {
        for range in location.ranges {
          let done = batch.tokens.count - tokens
          try append(range, sample: batch.samples.count, offset: done, to: &batch)
        }
        batch.samples.append(location)
      } catch {
        guard skipsBadShards else { throw error }
        batch.tokens.removeLast(batch.tokens.count - tokens)
        batch.spans.removeLast(batch.spans.count - spans)
        batch.skippedSamples += 1
      }
    }
    return batch
  }

  private func append(
    _ range: TokenRange, sample: Int, offset: Int, to batch: inout SampleBatch
  ) throws(LoadFailure) {
    let shard = try cache.shard(range.shard)
    let end = range.firstToken + range.tokenCount
    var token = range.firstToken
    while token < end {
      let index = shard.frame(at: token)
      let extent = shard.frames[index]
      let frame = try cache.frame(index, of: shard, number: range.shard)
      let skipped = token - extent.firstToken
      let count = min(end - token, extent.tokenCount - skipped)
      frame.append(skipped..<skipped + count, to: &batch.tokens)
      token += count
    }
    Self.appendSpans(of: range, in: shard.pieces, sample: sample, offset: offset, to: &batch.spans)
  }

  static func appendSpans(
    of range: TokenRange, in pieces: PieceIndex, sample: Int, offset: Int,
    to spans: inout [PieceSpan]
  ) {
    let end = range.firstToken + range.tokenCount
    var token = range.firstToken
    var piece = pieces.piece(at: token)
    while token < end {
      let count = min(end, pieces.starts[piece + 1]) - token
      let entry = pieces.entries[piece]
      if count > 0 {
        spans.append(
          PieceSpan(
            sample: sample, firstToken: offset + token - range.firstToken, tokenCount: count,
            language: entry.language, shard: range.shard, piece: piece,
            content: entry.content,
            startsDocument: entry.startsDocument && token == pieces.starts[piece]))
      }
      token += count
      piece += 1
    }
  }
}
