import Compression
import Files
import Glibc
import Load
import ShardifyCore
import Shards
import Testing

@Suite struct ShardTokenSourceTests {
  /// Reads an epoch of the dataset in `folder`; the message of the failure, or "true".
  func outcome(_ folder: DatasetFolder, _ facts: DatasetFacts? = nil) throws -> String {
    let facts = facts ?? folder.facts
    let order = try SampleOrder(facts, seed: 1, sequenceLength: 20, lanes: 4)
    let source = ShardTokenSource(facts)
    let reader = SampleReader(
      source, order: order, slice: try RankSlice(globalBatch: 7, worldSize: 1, rank: 0),
      samplesConsumed: 0, shardTokens: source.shardTokens, vocabularySize: facts.vocabularySize)
    do throws(LoadFailure) {
      var samples = 0
      while samples < order.samplesPerEpoch {
        let batch = try reader.next()
        for (number, location) in batch.samples.enumerated() {
          let wanted = location.ranges.flatMap {
            folder.tokens[$0.shard][$0.firstToken..<$0.firstToken + $0.tokenCount]
          }
          if Array(batch.tokens[number * 21..<(number + 1) * 21]) != wanted { return "wrong" }
        }
        if batch.spans.contains(where: { $0.language == 1 }) { return "wrong language" }
        samples += batch.samples.count
      }
      return "\(samples >= order.samplesPerEpoch)"
    } catch { return error.message }
  }

  @Test func tokensAndLanguagesAreThoseWritten() throws {
    let folder = try DatasetFolder()
    #expect(try outcome(folder) == "true")
  }

  @Test func aFlippedByteStopsWithTheShardsName() throws {
    let folder = try DatasetFolder()
    try folder.change("shards/shard-1.zst") { $0[700] ^= 4 }
    #expect(try outcome(folder).contains("shard-1.zst"))
  }

  @Test func aTruncatedShardStopsWithItsName() throws {
    for cut in [1, 9, 100, 2000] {
      let folder = try DatasetFolder()
      try folder.change("shards/shard-0.zst") { $0.removeLast(cut) }
      #expect(try outcome(folder).contains("shard-0.zst"))
    }
  }

  @Test func aMissingShardStopsWithItsName() throws {
    let folder = try DatasetFolder()
    try FileSystem.remove(folder.path + "/shards/shard-1.zst")
    let message = try outcome(folder)
    #expect(message.contains("shard-1.zst: no such file"))
  }

  @Test func swappedShardsAreTold() throws {
    let folder = try DatasetFolder()
    var facts = folder.facts
    facts.shards.swapAt(0, 1)
    // Both have the same number of tokens: their own numbers tell.
    #expect(facts.shards[0].tokens == facts.shards[1].tokens)
    let message = try outcome(folder, facts)
    #expect(message.contains("number 1, expected 0") || message.contains("number 0, expected 1"))
  }

  /// Each is a whole shard, with checksums that are right: only what it says of itself tells.
  @Test func aShardThatBelongsElsewhereIsToldByNameFoundAndExpected() throws {
    let other = try DatasetFolder(plan: "b plan\n", seed: 4)
    #expect(try outcome(other) == "true")
    let remedy = "; the shard and the manifest do not belong together; run verify"
    for (source, place, wanted) in [
      (
        other.path + "/shards/shard-1.zst", "shards/shard-1.zst",
        "plan \(other.facts.plan), expected "
      ),
      ("shards/shard-0.zst", "shards/shard-1.zst", "number 0, expected 1"),
      ("holdout/shard-1.zst", "shards/shard-1.zst", "part holdout, expected train"),
    ] {
      let folder = try DatasetFolder()
      let path = source.hasPrefix("/") ? source : folder.path + "/" + source
      try folder.copy(path, to: place)
      let wanted = wanted.hasPrefix("plan") ? wanted + "\(folder.facts.plan)" : wanted
      #expect(
        try outcome(folder) == "cannot read shard: \(folder.path)/\(place): \(wanted)\(remedy)")
    }
    let folder = try DatasetFolder()
    var facts = folder.facts
    facts.shards.removeLast()
    #expect(try outcome(folder, facts).contains("shards in its part 2, expected 1\(remedy)"))
  }

  @Test func aHeldOutShardThatBelongsElsewhereIsTold() throws {
    func outcome(_ source: String) throws -> String {
      let folder = try DatasetFolder()
      try folder.copy(folder.path + "/" + source, to: "holdout/shard-1.zst")
      let source = ShardTokenSource(folder.facts, holdout: true)
      do throws(LoadFailure) {
        _ = try HoldoutReader(source, facts: folder.facts)
        return "accepted"
      } catch { return error.message }
    }
    #expect(try outcome("holdout/shard-1.zst") == "accepted")
    #expect(try outcome("shards/shard-1.zst").contains("part train, expected holdout"))
    #expect(try outcome("holdout/shard-0.zst").contains("number 0, expected 1"))
  }

  @Test func factsThatDifferFromTheShardsAreTold() throws {
    let folder = try DatasetFolder()
    func changed(_ change: (inout DatasetFacts) -> Void) throws -> String {
      var facts = folder.facts
      change(&facts)
      return try outcome(folder, facts)
    }
    #expect(try changed { $0.shards[1].fileSizeBytes += 1 }.contains("file size"))
    #expect(try changed { $0.shards[1].tokens += 1 }.contains("tokens 2820, expected 2821"))
    #expect(try changed { $0.tokenWidthBytes = 4 }.contains("token width 2, expected 4"))
    #expect(try changed { $0.vocabularySize = 400 }.contains("vocabulary 500, expected 400"))
    #expect(try changed { $0.endOfTextID = 1 }.contains("end-of-text id 499, expected 1"))
    #expect(try changed { $0.languages.removeLast() }.contains("language ccc_Cyrl"))
  }

  @Test func aPathThatLeavesTheFolderIsRefused() throws {
    let folder = try DatasetFolder()
    for path in ["../shard-0.zst", "/etc/passwd", "", "a/../../b"] {
      var facts = folder.facts
      facts.shards[0].path = path
      facts.shards[1].path = path
      #expect(try outcome(folder, facts).contains("a path that leaves the dataset's folder"))
    }
  }
}
