import Load
import ShardifyCore
import Testing

@Suite struct SampleReaderTests {
  let sizes = [170, 60, 0, 333]
  var shards: [ArrayTokenSource.Shard] { makeShards(tokens: sizes, seed: 4) }

  func order(seed: UInt64 = 3) throws -> SampleOrder {
    try SampleOrder(
      dataset: dataset, shardTokens: sizes, seed: seed, sequenceLength: 12, lanes: 4)
  }

  func reader(
    _ source: any TokenSource, worldSize: Int, rank: Int, consumed: Int, batch: Int,
    options: ReaderOptions = ReaderOptions(), vocabulary: Int = 50_000
  ) throws -> SampleReader {
    SampleReader(
      source, order: try order(),
      slice: try RankSlice(globalBatch: batch, worldSize: worldSize, rank: rank),
      samplesConsumed: consumed, shardTokens: sizes, vocabularySize: vocabulary, options: options)
  }

  /// The tokens of the first `steps` global batches after `consumed`, by all ranks.
  func read(
    worldSize: Int, consumed: Int = 0, steps: Int, batch: Int = 8, threads: Int = 1,
    frameTokens: Int = 37
  ) throws -> [[TokenID]] {
    let source = ArrayTokenSource(shards, frameTokens: frameTokens)
    var options = ReaderOptions(threads: threads, batchesAhead: 3)
    options.framesKept = 2
    let readers = try (0..<worldSize).map {
      try reader(
        source, worldSize: worldSize, rank: $0, consumed: consumed, batch: batch,
        options: options)
    }
    var sequence: [[TokenID]] = []
    for _ in 0..<steps {
      for reader in readers {
        let part = try reader.next()
        for index in part.samples.indices {
          sequence.append(Array(part.tokens[index * 13..<(index + 1) * 13]))
        }
      }
    }
    return sequence
  }

  @Test func tokensAreThoseTheOrderNames() throws {
    let order = try order()
    let sequence = try read(worldSize: 1, steps: 20)
    for (sample, tokens) in sequence.enumerated() {
      let wanted = order.location(ofSample: sample).ranges.flatMap { range in
        shards[range.shard].tokens[range.firstToken..<range.firstToken + range.tokenCount]
      }
      #expect(tokens == wanted)
    }
  }

  @Test(arguments: 1...8)
  func anyNumberOfRanksReadsTheSameSequence(worldSize: Int) throws {
    let alone = try read(worldSize: 1, steps: 15)
    #expect(try read(worldSize: worldSize, steps: 15) == alone)
    #expect(try read(worldSize: worldSize, steps: 15, threads: 3, frameTokens: 5) == alone)
  }

  @Test(arguments: [0, 1, 7, 8, 40, 97])
  func resumingOnAnotherNumberOfRanksEqualsNeverStopping(consumed: Int) throws {
    let all = try read(worldSize: 1, steps: 20)
    let later = try read(worldSize: 3, consumed: consumed, steps: 5)
    #expect(later == Array(all[consumed..<consumed + 40]))
  }

  @Test func spansCoverEachSampleAndNameThePieces() throws {
    let reader = try reader(
      ArrayTokenSource(shards, frameTokens: 20), worldSize: 1, rank: 0, consumed: 0, batch: 10)
    for _ in 0..<6 {
      let batch = try reader.next()
      for index in batch.samples.indices {
        let spans = batch.spans.filter { $0.sample == index }
        var next = 0
        for span in spans {
          #expect(span.firstToken == next)
          next += span.tokenCount
          let table = shards[span.shard].pieces
          #expect(table.entries[span.piece].language == span.language)
          let id = batch.tokens[index * 13 + span.firstToken]
          let piece = shards[span.shard].tokens[
            table.starts[span.piece]..<table.starts[span.piece + 1]]
          #expect(piece.contains(id))
        }
        #expect(next == 13)
      }
    }
  }

  /// Opening and reading take their time, each another: threads finish out of order.
  @Test(arguments: [1, 3])
  func aSlowDiskChangesNothing(threads: Int) throws {
    let quick = try reader(ArrayTokenSource(shards), worldSize: 1, rank: 0, consumed: 0, batch: 8)
    var options = ReaderOptions(threads: threads, batchesAhead: 3)
    options.framesKept = 2
    let slow = try reader(
      SlowSource(inner: ArrayTokenSource(shards, frameTokens: 37)), worldSize: 1, rank: 0,
      consumed: 0, batch: 8, options: options)
    for _ in 0..<20 {
      let (found, wanted) = (try slow.next(), try quick.next())
      #expect(found.tokens == wanted.tokens && found.samples == wanted.samples)
      #expect(found.spans == wanted.spans)
    }
    // The time that the disk takes is told.
    #expect(slow.waitedSeconds > 0)
  }

  @Test func aMissingShardStopsWithItsName() throws {
    let source = BrokenSource(inner: ArrayTokenSource(shards), bad: [1])
    let reader = try reader(source, worldSize: 1, rank: 0, consumed: 0, batch: 8)
    #expect {
      for _ in 0..<20 { _ = try reader.next() }
    } throws: { error in
      (error as? LoadFailure)?.message
        == "cannot open shard: shards/shard-1.zst: no such file or folder"
    }
    #expect(throws: LoadFailure.self) { _ = try reader.next() }
  }

  @Test func aMissingShardIsSkippedAndCountedWhenAsked() throws {
    let order = try order()
    let source = BrokenSource(inner: ArrayTokenSource(shards), bad: [1])
    let reader = try reader(
      source, worldSize: 1, rank: 0, consumed: 0, batch: 8,
      options: ReaderOptions(threads: 2, skipsBadShards: true))
    var delivered: [Int] = []
    for _ in 0..<10 { delivered += try reader.next().samples.map(\.globalSample) }
    let wanted = (0..<80).filter { sample in
      !order.location(ofSample: sample).ranges.contains { $0.shard == 1 }
    }
    #expect(delivered == wanted)
    #expect(reader.skippedSamples == 80 - wanted.count)
    #expect(reader.skippedSamples > 0)
    #expect(reader.badShards.map(\.code) == [.missingShard])
  }

  @Test func anIdOutsideTheVocabularyIsRefused() throws {
    let reader = try reader(
      ArrayTokenSource(shards), worldSize: 1, rank: 0, consumed: 0, batch: 8, vocabulary: 100)
    #expect {
      _ = try reader.next()
    } throws: { error in
      (error as? LoadFailure)?.message.contains("expected below 100") == true
    }
  }

  @Test func aShardOfAnotherLengthIsRefused() throws {
    var shards = shards
    shards[0] = shards[1]
    let reader = try reader(
      ArrayTokenSource(shards), worldSize: 1, rank: 0, consumed: 0, batch: 30)
    #expect {
      _ = try reader.next()
    } throws: { error in
      (error as? LoadFailure)?.message.contains("60 tokens in frames, expected 170") == true
    }
  }

  @Test func aReaderThatIsDroppedStopsItsThreads() throws {
    for _ in 0..<20 {
      let reader = try reader(
        ArrayTokenSource(shards), worldSize: 1, rank: 0, consumed: 0, batch: 8,
        options: ReaderOptions(threads: 3, batchesAhead: 1))
      _ = try reader.next()
    }
  }
}
