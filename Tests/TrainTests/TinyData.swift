import Files
import Glibc
import Load
import ShardifyCore
import Train

/// A dataset in memory that can be learned: each language repeats a cycle of its own ids, with a
/// little noise, so the next id follows from the last.
struct TinyData {
  static let vocabulary = 40
  var facts: DatasetFacts
  var training: ArrayTokenSource
  var holdout: ArrayTokenSource

  var data: TrainingData { TrainingData(facts, training: training, holdout: holdout) }

  init(seed: UInt64 = 1) {
    let languages = ["aaa_Latn", "bbb_Cyrl"].compactMap { LanguageTag($0) }
    var random = SeededRandom(seed: seed)
    func shard(_ pieces: Int) -> ArrayTokenSource.Shard {
      var tokens: [TokenID] = []
      var entries: [PieceIndex.Entry] = []
      for piece in 0..<pieces {
        let language = piece % 2
        let length = 20 + Int(random.below(60))
        var id = TokenID(random.below(18))
        for _ in 0..<length - 1 {
          id = random.below(20) == 0 ? TokenID(random.below(18)) : (id * 5 + 3) % 18
          tokens.append(id + TokenID(18 * language))
        }
        tokens.append(39)
        entries.append(
          PieceIndex.Entry(
            language: language, tokenCount: length, byteCount: 2 * (length - 1),
            content: ContentHash(high: UInt64(piece), low: 0), startsDocument: true,
            endsDocument: true))
      }
      guard let index = PieceIndex(entries) else { preconditionFailure("counts add up") }
      return ArrayTokenSource.Shard(tokens: tokens, pieces: index)
    }
    training = ArrayTokenSource([shard(300), shard(200)], frameTokens: 1000)
    holdout = ArrayTokenSource([shard(30)], frameTokens: 333)
    let digest = SHA256.of(Array("tiny".utf8))
    func facts(_ source: ArrayTokenSource) -> [ShardFacts] {
      source.shards.enumerated().map {
        ShardFacts(
          path: "shard-\($0).zst", tokens: $1.tokens.count, fileSizeBytes: 0, sha256: digest)
      }
    }
    var languageTokens = [0, 0]
    for shard in training.shards {
      for entry in shard.pieces.entries { languageTokens[entry.language] += entry.tokenCount }
    }
    self.facts = DatasetFacts(
      folder: "", fingerprint: digest, plan: digest, tokenWidthBytes: 2,
      vocabularySize: Self.vocabulary, endOfTextID: 39, languages: languages,
      shards: facts(training), holdout: facts(holdout), languageTokens: languageTokens)
  }

  static func options(steps: Int) -> TrainerOptions {
    var options = TrainerOptions()
    options.steps = steps
    options.sequenceLength = 32
    options.globalBatch = 6
    options.lanes = 8
    options.width = 16
    options.heads = 2
    options.layers = 1
    options.threads = 2
    options.learningRate = 1e-2
    options.checkpointEvery = 0
    options.stallTimeoutSeconds = 0
    return options
  }
}

/// A folder that is removed with everything in it.
final class TemporaryFolder {
  let path: String

  init() throws {
    var random = SystemRandomNumberGenerator()
    path = "/tmp/shardify-train-tests-\(random.next())"
    try FileSystem.makeFolders(path)
  }

  deinit {
    for name in (try? FileSystem.names(in: path)) ?? [] {
      try? FileSystem.remove(path + "/" + name)
    }
    rmdir(path)
  }
}
