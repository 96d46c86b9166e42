import Balance
import Compression
import Manifest
import ShardifyCore
import Shards

/// Everything a balance has decided before it writes.
struct BalanceJob: Sendable {
  let folder: String
  let facts: StoreFacts
  let view: StoreView
  let plan: MixturePlan
  let scans: [LanguageTag: StoreScan.Language]
  let seed: UInt64
  let shardCount: Int
  let compressionLevel: Int
  let planText: [UInt8]
  let planDigest: SHA256.Digest

  init(
    folder: String, store: TokenStore, view: StoreView, plan: MixturePlan, scan: StoreScan,
    options: BalanceOptions, shardCount: Int
  ) {
    self.folder = folder
    facts = store.facts
    self.view = view
    self.plan = plan
    var scans: [LanguageTag: StoreScan.Language] = [:]
    for language in scan.languages { scans[language.supply.tag] = language }
    self.scans = scans
    seed = options.seed
    self.shardCount = shardCount
    compressionLevel = options.compressionLevel
    var lines = [
      "shardify plan v1", "ring_version\t\(Ring.version)", "store_key\t\(store.facts.storeKey)",
      "tokenizer_sha256\t\(store.facts.tokenizer)",
      "vocabulary_size\t\(store.facts.vocabularySize)",
      "end_of_text_id\t\(store.facts.endOfTextID)",
      "max_piece_tokens\t\(store.facts.maxPieceTokens)",
      "policy\t\(plan.mixture.policy)", "unit\t\(plan.mixture.unit.rawValue)",
      "seed\t\(options.seed)",
      "shard_count\t\(shardCount)", "compression_level\t\(options.compressionLevel)",
      "libzstd_version\t\(Zstd.libraryVersionText)", "budget_tokens\t\(plan.budget)",
    ]
    for language in plan.languages {
      let supply = language.supply
      let digest = scans[language.tag]?.digest.description ?? ""
      lines.append(
        "language\t\(language.tag)\t\(supply.documents)\t\(supply.pieces)\t\(supply.tokens)"
          + "\t\(supply.bytes)\t\(language.quota)\t\(language.bindingRule.rawValue)\t\(digest)")
    }
    planText = Array((lines.joined(separator: "\n") + "\n").utf8)
    planDigest = SHA256.of(planText)
  }

  /// The path of a shard relative to the dataset.
  static func relativePath(ofShard shard: Int, _ split: DatasetManifest.Split) -> String {
    let folder = split == .train ? "shards" : "holdout"
    return "\(folder)/shard-\(String(shard).leftPadded(to: 5)).zst"
  }

  /// The path of a shard.
  func path(ofShard shard: Int, _ split: DatasetManifest.Split) -> String {
    folder + "/" + BalanceJob.relativePath(ofShard: shard, split)
  }

  /// The header of a shard, before its tokens are counted.
  func header(shard: Int, _ split: DatasetManifest.Split) -> ShardHeader {
    ShardHeader(
      tokenWidthBytes: facts.tokenWidthBytes, vocabularySize: facts.vocabularySize,
      endOfTextID: facts.endOfTextID, tokenizer: facts.tokenizer, plan: planDigest, shard: shard,
      shardCount: split == .train ? shardCount : 0, isHoldout: split == .holdout,
      languages: plan.languages.map(\.tag))
  }

  func decompressor() throws(ShardsFailure) -> ZstdDecompressor {
    do throws(CompressionFailure) {
      return try ZstdDecompressor()
    } catch {
      throw ShardsFailure(.file, error.what, found: error.found)
    }
  }

  func compressor() throws(ShardsFailure) -> ZstdCompressor {
    do throws(CompressionFailure) {
      return try ZstdCompressor(level: compressionLevel)
    } catch {
      throw ShardsFailure(.file, error.what, found: error.found)
    }
  }

  /// Bytes one writer holds at most: a frame of tokens and its table for each language and run.
  var writerBytes: Int {
    var sum = 8 << 20
    for run in view.runs {
      for (_, frames) in run.languages {
        let largest = frames.map { run.index.frames[$0] }.max { $0.tokenCount < $1.tokenCount }
        guard let largest else { continue }
        sum += largest.tokenCount * facts.tokenWidthBytes + largest.pieceCount * 130
      }
    }
    return sum
  }
}
