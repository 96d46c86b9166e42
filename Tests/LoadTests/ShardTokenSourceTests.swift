import Compression
import Files
import Glibc
import Load
import ShardifyCore
import Shards
import Testing

@Suite struct ShardTokenSourceTests {
  /// Two shards on disk, and what a manifest would say of them.
  final class Folder {
    let path: String
    var facts: DatasetFacts
    var tokens: [[TokenID]] = []
    let tags = ["aaa_Latn", "ccc_Cyrl"].compactMap { LanguageTag($0) }

    init() throws {
      var system = SystemRandomNumberGenerator()
      path = "/tmp/shardify-load-tests-\(system.next())"
      try FileSystem.makeFolders(path)
      // The manifest has a language more than the shards, so the numbers differ.
      let languages = ["aaa_Latn", "bbb_Latn", "ccc_Cyrl"].compactMap { LanguageTag($0) }
      facts = DatasetFacts(
        folder: path, fingerprint: dataset, tokenWidthBytes: 2, vocabularySize: 500,
        endOfTextID: 499, languages: languages, shards: [], holdout: [])
      var random = SeededRandom(seed: 3)
      for shard in 0..<2 { try write(shard, &random) }
    }

    private func write(_ shard: Int, _ random: inout SeededRandom) throws {
      let header = ShardHeader(
        tokenWidthBytes: 2, vocabularySize: 500, endOfTextID: 499, tokenizer: dataset,
        plan: SHA256.of([]), shard: shard, shardCount: 2, isHoldout: false, languages: tags)
      let name = "shard-\(shard).zst"
      let writer = try ShardWriter(
        path: path + "/" + name, header: header, planText: [],
        compressor: try ZstdCompressor(level: 1))
      var all: [TokenID] = []
      for number in 0..<40 {
        var ids = (0..<50 + number).map { _ in TokenID(random.below(499)) }
        ids.append(499)
        all += ids
        let piece = ShardPiece(
          languageIndex: number % 2, flags: [.first, .last], pass: 0, piece: 0,
          tokenCount: ids.count, byteCount: 3 * ids.count,
          content: ContentHash(high: UInt64(number), low: 0))
        try writer.append(piece) { bytes throws(ShardsFailure) in
          for id in ids { bytes.appendLittleEndian(UInt16(id)) }
        }
      }
      let summary = try writer.finish()
      tokens.append(all)
      facts.shards.append(
        ShardFacts(
          path: name, tokens: summary.tokenCount, fileSizeBytes: summary.fileSizeBytes,
          sha256: summary.fileDigest))
    }

    /// Reads an epoch; the message of the failure, or how many samples came.
    func outcome(_ facts: DatasetFacts? = nil) throws -> String {
      let facts = facts ?? self.facts
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
              tokens[$0.shard][$0.firstToken..<$0.firstToken + $0.tokenCount]
            }
            if Array(batch.tokens[number * 21..<(number + 1) * 21]) != wanted { return "wrong" }
          }
          if batch.spans.contains(where: { $0.language == 1 }) { return "wrong language" }
          samples += batch.samples.count
        }
        return "\(samples >= order.samplesPerEpoch)"
      } catch { return error.message }
    }

    func change(_ shard: Int, _ change: (inout [UInt8]) -> Void) throws {
      let file = path + "/" + facts.shards[shard].path
      var bytes = try FileSystem.read(file, limitBytes: 1 << 20)
      change(&bytes)
      try FileSystem.writeAtomically(bytes, to: file)
    }

    deinit {
      for name in (try? FileSystem.names(in: path)) ?? [] {
        try? FileSystem.remove(path + "/" + name)
      }
      rmdir(path)
    }
  }

  @Test func tokensAndLanguagesAreThoseWritten() throws {
    let folder = try Folder()
    #expect(try folder.outcome() == "true")
  }

  @Test func aFlippedByteStopsWithTheShardsName() throws {
    let folder = try Folder()
    try folder.change(1) { $0[700] ^= 4 }
    #expect(try folder.outcome().contains("shard-1.zst"))
  }

  @Test func aTruncatedShardStopsWithItsName() throws {
    for cut in [1, 9, 100, 2000] {
      let folder = try Folder()
      try folder.change(0) { $0.removeLast(cut) }
      #expect(try folder.outcome().contains("shard-0.zst"))
    }
  }

  @Test func aMissingShardStopsWithItsName() throws {
    let folder = try Folder()
    try FileSystem.remove(folder.path + "/shard-1.zst")
    let message = try folder.outcome()
    #expect(message.contains("shard-1.zst: no such file"))
  }

  @Test func swappedShardsAreTold() throws {
    let folder = try Folder()
    var facts = folder.facts
    facts.shards.swapAt(0, 1)
    // Both have the same number of tokens: their own numbers tell.
    #expect(facts.shards[0].tokens == facts.shards[1].tokens)
    let message = try folder.outcome(facts)
    #expect(message.contains("number 1, expected 0") || message.contains("number 0, expected 1"))
  }

  @Test func factsThatDifferFromTheShardsAreTold() throws {
    let folder = try Folder()
    func outcome(_ change: (inout DatasetFacts) -> Void) throws -> String {
      var facts = folder.facts
      change(&facts)
      return try folder.outcome(facts)
    }
    #expect(try outcome { $0.shards[1].fileSizeBytes += 1 }.contains("file size"))
    #expect(try outcome { $0.shards[1].tokens += 1 }.contains("tokens 2820, expected 2821"))
    #expect(try outcome { $0.tokenWidthBytes = 4 }.contains("token width 2, expected 4"))
    #expect(try outcome { $0.vocabularySize = 400 }.contains("vocabulary 500, expected 400"))
    #expect(try outcome { $0.endOfTextID = 1 }.contains("end-of-text id 499, expected 1"))
    #expect(try outcome { $0.languages.removeLast() }.contains("language ccc_Cyrl"))
  }

  @Test func aPathThatLeavesTheFolderIsRefused() throws {
    let folder = try Folder()
    for path in ["../shard-0.zst", "/etc/passwd", "", "a/../../b"] {
      var facts = folder.facts
      facts.shards[0].path = path
      facts.shards[1].path = path
      #expect(try folder.outcome(facts).contains("a path that leaves the dataset's folder"))
    }
  }
}
