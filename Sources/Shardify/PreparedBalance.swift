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
  /// Where each ring starts.
  let starts: RingStarts

  /// The most tokens by which last pieces may run over the quotas: each by less than its length.
  var overrunTokens: Int {
    var largest: [LanguageTag: StoreScan.Language] = [:]
    for language in scan.languages { largest[language.supply.tag] = language }
    return plan.rings.reduce(0) { sum, ring in
      guard ring.quota > 0, let piece = largest[ring.tag]?.ring(ring.part)?.largestPiece else {
        return sum
      }
      return sum + max(0, piece - 1)
    }
  }
}

/// A store opened and read once, from which any number of mixtures can be planned.
struct BalancePlanner: Sendable {
  let store: TokenStore
  let options: BalanceOptions
  let seed: UInt64
  let view: StoreView
  let scan: StoreScan

  /// - Parameter sourcePatterns: By what the mixtures to plan divide languages; nil if none does.
  init(
    store: TokenStore, options: BalanceOptions, sourcePatterns: [String]?, seed: UInt64,
    progress: Progress
  ) throws {
    self.store = store
    self.options = options
    self.seed = seed
    var viewOptions = options.view
    viewOptions.sourcePatterns = sourcePatterns
    view = try StoreView(store: store, options: viewOptions)
    if try !store.catalog.isFinished() {
      throw StageFailure(
        .options, "cannot balance", path: options.store,
        found: "the last shardify ingest into it did not finish",
        expected: "a store whose inputs are read to their end",
        remedy: "run the same shardify ingest again, or without the input that failed")
    }
    try view.sourceParts?.check(view.runs, store: options.store)
    scan = try StoreScan(view: view, seed: seed, jobs: options.jobs, progress: progress)
  }

  /// Plans one mixture, going on from where `continuation` stopped.
  func prepare(
    _ mixture: Mixture, shardCount: Int?, continuation: Continuation?
  ) throws -> PreparedBalance {
    let patterns = mixture.sourceWeights?.patterns
    try checkSources(patterns, continuation)
    var starts = continuation?.starts ?? RingStarts()
    let supplies = try scan.languages.filter { $0.supply.tokens > 0 }.map {
      try supply($0, isDivided: patterns != nil, starts)
    }
    var plan = try planned(supplies, mixture)
    for index in plan.languages.indices {
      let tag = plan.languages[index].tag
      if let patterns { starts.divide(tag, patterns.count + 1) }
      plan.languages[index].start = starts[tag, nil]
      for number in plan.languages[index].sources.indices {
        let part = plan.languages[index].sources[number].supply.part
        plan.languages[index].sources[number].start = starts[tag, part]
      }
    }
    return PreparedBalance(
      view: view, scan: scan, plan: plan,
      shardCount: try options.shardCount(asked: shardCount, budget: plan.budget), seed: seed,
      continuation: continuation, starts: starts)
  }

  /// A language that the label map has filed elsewhere is not one that the store does not have.
  private func planned(
    _ supplies: [LanguageSupply], _ mixture: Mixture
  ) throws -> MixturePlan {
    do throws(BalanceFailure) {
      return try planMixture(supplies, mixture, bytePremiums: .builtIn)
    } catch {
      if error.code == .emptyMixture, let filtered = filtered(error) { throw filtered }
      guard error.code == .unknownLanguage,
        let pair = view.labelMap.pairs.first(where: { error.found.hasPrefix("\($0.from) is in ") })
      else { throw error }
      var failure = error
      failure.found = "\(pair.from) is in the mixture but the label map files it under \(pair.to)"
      failure.remedy = "name \(pair.to), or drop \(pair.from) from the label map"
      throw failure
    }
  }

  /// Where filters leave nothing to plan: which condition left out how much. Nil if none did.
  private func filtered(_ failure: BalanceFailure) -> StageFailure? {
    let counts = view.reasons.enumerated().map { number, reason in
      (reason, scan.languages.reduce(0) { $0 + $1.filtered[number] })
    }.filter { $0.1 > 0 }
    if counts.isEmpty { return nil }
    let shown = counts.map { "\(ReportTable.grouped($0.1)) documents by \($0.0)" }
    return StageFailure(
      .options, failure.what,
      found: "\(failure.found); filtered: \(shown.joined(separator: ", "))",
      expected: failure.expected, remedy: "check the filters, then --include and --exclude")
  }

  /// What there is of a language, and how much of it earlier datasets gave.
  private func supply(
    _ language: StoreScan.Language, isDivided: Bool, _ starts: RingStarts
  ) throws -> LanguageSupply {
    var supply = language.supply
    guard isDivided else {
      supply.tokensBefore = try tokensBefore(language.whole, starts)
      return supply
    }
    for ring in language.parts {
      guard let part = ring.part else { continue }
      var source = SourceSupply(
        part: part, documents: ring.documents, pieces: ring.pieces, tokens: ring.tokens,
        bytes: ring.bytes)
      source.tokensBefore = try tokensBefore(ring, starts)
      supply.sources.append(source)
      supply.tokensBefore = min(supply.tokensBefore + source.tokensBefore, 1 << 60)
    }
    return supply
  }

  /// Places on the rings of parts mean nothing on other rings.
  private func checkSources(
    _ patterns: [String]?, _ continuation: Continuation?
  ) throws(StageFailure) {
    guard let before = continuation?.sourcePatterns, before != patterns else { return }
    let weights = before.map { "--source-weight '\($0)=W'" }.joined(separator: " ")
    throw StageFailure(
      .options, "cannot go on from dataset", path: options.continuing?.dataset,
      found: patterns.map { "source weights for other patterns: " + $0.joined(separator: ", ") }
        ?? "no source weights",
      expected: "those it was divided by, in their order: " + before.joined(separator: ", "),
      remedy: "give \(weights) with any weights, in the mixture file as source_weights")
  }

  /// Ring tokens before a ring's start, with its passes.
  private func tokensBefore(_ ring: StoreScan.Ring, _ starts: RingStarts) throws -> Int {
    let start = starts[ring.tag, ring.part]
    if start == .beginning { return 0 }
    let offset = try ring.offset(of: start, seed: seed, cursor: try cursor(ring))
    guard let tokens = start.tokens(offset: offset, ring: ring.tokens),
      tokens <= 1 << 60
    else {
      throw StageFailure(
        .damaged, "cannot go on from dataset",
        found: "pass \(start.pass) of \(ring.tag)",
        expected: "at most 2^60 tokens in all", remedy: "verify the dataset")
    }
    return tokens
  }

  /// A cursor over what may be trained on of a ring.
  func cursor(_ ring: StoreScan.Ring) throws -> LanguageCursor {
    view.cursor(
      of: ring.tag, part: .training, sourcePart: ring.part, zstd: try StoreView.decompressor())
  }
}

extension BalanceOptions {
  /// Checks what can be told without the store.
  ///
  /// - Throws: `.options`, naming the option.
  public func check() throws(StageFailure) { _ = try shardCount(asked: shardCount, budget: 1) }

  /// How many shards a budget is written as.
  func shardCount(asked: Int?, budget: Int) throws(StageFailure) -> Int {
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
