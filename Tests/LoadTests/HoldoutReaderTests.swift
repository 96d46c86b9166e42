import Load
import ShardifyCore
import Testing

@Suite struct HoldoutReaderTests {
  /// The pieces of every language, by the reader.
  func read(_ reader: HoldoutReader, languages: Int) throws -> [[HoldoutPiece]] {
    var found: [[HoldoutPiece]] = []
    for language in 0..<languages {
      var pieces: [HoldoutPiece] = []
      try reader.read(language: language) { piece in
        pieces.append(piece)
        return true
      }
      found.append(pieces)
    }
    return found
  }

  func facts(_ shards: [ArrayTokenSource.Shard]) -> DatasetFacts {
    DatasetFacts(
      folder: "", fingerprint: dataset, plan: dataset, tokenWidthBytes: 4, vocabularySize: 50_000,
      endOfTextID: 0,
      languages: ["aaa_Latn", "bbb_Latn", "ccc_Latn"].compactMap { LanguageTag($0) }, shards: [],
      holdout: shards.map {
        ShardFacts(path: "h", tokens: $0.tokens.count, fileSizeBytes: 0, sha256: dataset)
      })
  }

  @Test(arguments: [1, 7, 64, 1000])
  func everyPieceOfALanguageComesOnceWholeAndInOrder(frameTokens: Int) throws {
    let shards = makeShards(tokens: [300, 1, 0, 500], seed: 8, longestPiece: 40)
    let facts = facts(shards)
    let reader = try HoldoutReader(
      ArrayTokenSource(shards, frameTokens: frameTokens), facts: facts)
    for (language, pieces) in try read(reader, languages: 3).enumerated() {
      var wanted: [[TokenID]] = []
      var contents: [ContentHash] = []
      for shard in shards {
        for (place, entry) in shard.pieces.entries.enumerated() where entry.language == language {
          let starts = shard.pieces.starts
          wanted.append(Array(shard.tokens[starts[place]..<starts[place + 1]]))
          contents.append(entry.content)
        }
      }
      #expect(!wanted.isEmpty)
      #expect(pieces.map(\.tokens) == wanted)
      #expect(pieces.map(\.content) == contents)
      #expect(pieces.allSatisfy { $0.language == language })
      #expect(pieces.map(\.byteCount) == wanted.map { 3 * $0.count })
      #expect(reader.tokens(ofLanguage: language) == wanted.reduce(0) { $0 + $1.count })
    }
  }

  @Test func theShardsOfTheSplitOnDiskAreRead() throws {
    let folder = try DatasetFolder()
    let reader = try HoldoutReader(
      ShardTokenSource(folder.facts, holdout: true), facts: folder.facts)
    let pieces = try read(reader, languages: 3).flatMap { $0 }
    // The shards have language after language, so the order is theirs.
    #expect(pieces.map(\.content) == folder.heldOut.map(\.content))
    #expect(pieces.map(\.tokens) == folder.heldOut.map(\.ids))
    #expect(pieces.map(\.language) == folder.heldOut.map(\.language))
    #expect(pieces.contains { $0.language == 0 } && pieces.contains { $0.language == 2 })
    #expect(reader.tokens(ofLanguage: 1) == 0)
  }

  @Test(arguments: 1...4)
  func samplesAndHeldOutPiecesHaveNothingInCommon(worldSize: Int) throws {
    let folder = try DatasetFolder()
    let facts = folder.facts
    let order = try SampleOrder(facts, seed: 1, sequenceLength: 20, lanes: 4)
    let source = ShardTokenSource(facts)
    var trained: Set<ContentHash> = []
    for rank in 0..<worldSize {
      let reader = SampleReader(
        source, order: order,
        slice: try RankSlice(globalBatch: 8, worldSize: worldSize, rank: rank), samplesConsumed: 0,
        shardTokens: source.shardTokens, vocabularySize: facts.vocabularySize)
      for _ in 0..<order.samplesPerEpoch / 8 {
        for span in try reader.next().spans { trained.insert(span.content) }
      }
    }
    // All documents but the few that only the last tokens of the lanes hold.
    #expect(trained.count > 70)
    #expect(trained.isDisjoint(with: folder.heldOut.map(\.content)))
  }

  @Test func readingEndsWhenTheCallerHasEnough() throws {
    let shards = makeShards(tokens: [300], seed: 8)
    let reader = try HoldoutReader(ArrayTokenSource(shards), facts: facts(shards))
    var count = 0
    try reader.read(language: 0) { _ in
      count += 1
      return count < 3
    }
    #expect(count == 3)
  }

  @Test func aBadShardStopsWithItsNameOrIsLeftOutAndCounted() throws {
    let shards = makeShards(tokens: [300, 200], seed: 8)
    let facts = facts(shards)
    let source = BrokenSource(inner: ArrayTokenSource(shards), bad: [1])
    #expect {
      _ = try HoldoutReader(source, facts: facts)
    } throws: { error in
      (error as? LoadFailure)?.message
        == "cannot open shard: shards/shard-1.zst: no such file or folder"
    }
    let reader = try HoldoutReader(source, facts: facts, skipsBadShards: true)
    #expect(reader.badShards.map(\.path) == ["shards/shard-1.zst"])
    let tokens = try read(reader, languages: 3).joined().reduce(0) { $0 + $1.tokens.count }
    #expect(tokens == 300)
  }

  /// The tables are sound and a frame is not: it is met when its pieces are read.
  @Test func aFrameThatIsDamagedStopsWithItsShardsNameOrIsLeftOutOnce() throws {
    let folder = try DatasetFolder()
    try folder.change("holdout/shard-0.zst") { $0[700] ^= 4 }
    let source = ShardTokenSource(folder.facts, holdout: true)
    let strict = try HoldoutReader(source, facts: folder.facts)
    #expect {
      _ = try read(strict, languages: 3)
    } throws: { error in
      (error as? LoadFailure)?.message.contains("holdout/shard-0.zst") == true
    }
    let reader = try HoldoutReader(source, facts: folder.facts, skipsBadShards: true)
    let pieces = try read(reader, languages: 3).flatMap { $0 }
    #expect(pieces.map(\.content) == folder.heldOut.dropFirst(40).map(\.content))
    #expect(reader.badShards.count == 1)
  }
}
