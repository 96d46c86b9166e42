import Balance
import Compression
import Manifest
import ShardifyCore
import Shards

/// A store read and a mixture planned: everything that is known before a dataset has a folder.
struct PreparedBalance: Sendable {
  let view: StoreView
  let scan: StoreScan
  let plan: MixturePlan
  let shardCount: Int
  let seed: UInt64
  /// What this dataset goes on from; nil if it starts at the beginning.
  let continuation: Continuation?

  /// Where each language starts; the ring's own start where none is named.
  var starts: [LanguageTag: RingStart] { continuation?.starts ?? [:] }
}

/// A store opened and read once, from which any number of mixtures can be planned.
struct BalancePlanner: Sendable {
  let store: TokenStore
  let options: BalanceOptions
  let seed: UInt64
  let view: StoreView
  let scan: StoreScan

  init(store: TokenStore, options: BalanceOptions, seed: UInt64, progress: Progress) throws {
    self.store = store
    self.options = options
    self.seed = seed
    view = try StoreView(store: store, options: options.view)
    if try !store.catalog.isFinished() {
      throw StageFailure(
        .options, "cannot balance", path: options.store,
        found: "the last shardify ingest into it did not finish",
        expected: "a store whose inputs are read to their end",
        remedy: "run the same shardify ingest again, or without the input that failed")
    }
    scan = try StoreScan(view: view, seed: seed, jobs: options.jobs, progress: progress)
  }

  /// Plans one mixture, going on from where `continuation` stopped.
  func prepare(
    _ mixture: Mixture, shardCount: Int?, continuation: Continuation?
  ) throws -> PreparedBalance {
    let starts = continuation?.starts ?? [:]
    let supplies = try scan.languages.filter { $0.supply.tokens > 0 }.map { language in
      var supply = language.supply
      if let start = starts[supply.tag] {
        supply.tokensBefore = try tokensBefore(language, start)
      }
      return supply
    }
    var plan = try planMixture(supplies, mixture, bytePremiums: .builtIn)
    for index in plan.languages.indices {
      plan.languages[index].start = starts[plan.languages[index].tag] ?? .beginning
    }
    return PreparedBalance(
      view: view, scan: scan, plan: plan,
      shardCount: try options.shardCount(asked: shardCount, budget: plan.budget), seed: seed,
      continuation: continuation)
  }

  /// Ring tokens of a language before a start, with its passes.
  private func tokensBefore(_ language: StoreScan.Language, _ start: RingStart) throws -> Int {
    let offset = try language.offset(of: start, seed: seed, cursor: try cursor(language))
    guard let tokens = start.tokens(offset: offset, ring: language.supply.tokens),
      tokens <= 1 << 60
    else {
      throw StageFailure(
        .damaged, "cannot go on from dataset",
        found: "pass \(start.pass) of \(language.supply.tag)",
        expected: "at most 2^60 tokens in all", remedy: "verify the dataset")
    }
    return tokens
  }

  /// A cursor over what may be trained on of a language.
  func cursor(_ language: StoreScan.Language) throws -> LanguageCursor {
    view.cursor(of: language.supply.tag, part: .training, zstd: try StoreView.decompressor())
  }
}

extension BalanceOptions {
  /// How many shards a budget is written as.
  func shardCount(asked: Int?, budget: Int) throws -> Int {
    guard (-7...22).contains(compressionLevel) else {
      throw StageFailure(
        .options, "cannot balance", found: "--compression-level \(compressionLevel)",
        expected: "from -7 to 22")
    }
    if let count = asked {
      guard (1...99_999).contains(count) else {
        throw StageFailure(
          .options, "cannot balance", found: "--shards \(count)", expected: "from 1 to 99999")
      }
      return count
    }
    guard shardTokens > 0 else {
      throw StageFailure(
        .options, "cannot balance", found: "--shard-size \(shardTokens)",
        expected: "at least 1 token")
    }
    let count = max(1, (budget + shardTokens / 2) / shardTokens)
    guard count <= 99_999 else {
      throw StageFailure(
        .options, "cannot balance", found: "\(count) shards of \(shardTokens) tokens",
        expected: "at most 99999 shards", remedy: "give a larger --shard-size")
    }
    return count
  }
}
