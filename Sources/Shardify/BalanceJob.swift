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
  /// By number: the languages of a training shard's header.
  let rings: [RingPlan]
  let scans: [LanguageTag: StoreScan.Language]
  let seed: UInt64
  let shardCount: Int
  let compressionLevel: Int
  let text: DatasetPlan
  let planText: [UInt8]
  let planDigest: SHA256.Digest
  let lap: LapRule

  init(
    folder: String, store: TokenStore, prepared: PreparedBalance, options: BalanceOptions
  ) throws {
    self.folder = folder
    facts = store.facts
    view = prepared.view
    plan = prepared.plan
    rings = plan.rings
    var scans: [LanguageTag: StoreScan.Language] = [:]
    for language in prepared.scan.languages { scans[language.supply.tag] = language }
    self.scans = scans
    seed = prepared.seed
    shardCount = prepared.shardCount
    compressionLevel = options.compressionLevel
    text = try PlanBuilder(store: store, prepared: prepared, options: options).build()
    planText = text.text
    planDigest = SHA256.of(planText)
    lap = LapRule(
      storeKey: facts.storeKey, seed: seed,
      languages: rings.map { ($0.tag, $0.start) })
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
      languages: split == .train ? rings.map(\.tag) : plan.languages.map(\.tag),
      version: split == .train && text.isDivided ? 2 : 1)
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

  /// Bytes one writer holds at most: a frame of tokens and its table for each ring and run.
  var writerBytes: Int {
    var count: [LanguageTag: Int] = [:]
    for ring in rings { count[ring.tag, default: 0] += 1 }
    var sum = 8 << 20
    for run in view.runs {
      for (language, frames) in run.languages {
        let largest = frames.map { run.index.frames[$0] }.max { $0.tokenCount < $1.tokenCount }
        guard let largest else { continue }
        let frame = largest.tokenCount * facts.tokenWidthBytes + largest.pieceCount * 130
        sum += frame * max(1, count[view.labelMap.target(of: language)] ?? 1)
      }
    }
    return sum
  }
}
