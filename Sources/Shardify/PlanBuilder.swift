import Balance
import Compression
import Manifest
import ShardifyCore
import Shards

/// Puts what a balance has decided, and what its store has counted, into the plan.
struct PlanBuilder {
  let store: TokenStore
  let prepared: PreparedBalance
  let options: BalanceOptions

  func build() throws -> DatasetPlan {
    var plan = DatasetPlan()
    plan.facts = try facts().map { DatasetPlan.Fact(key: $0, value: $1) }
    plan.languages = try languages()
    plan.parts = parts()
    plan.sources = prepared.scan.languages.flatMap { language in
      language.sources.map {
        DatasetManifest.LanguageSource(
          tag: language.supply.tag, source: $0.name, documents: $0.documents, tokens: $0.tokens)
      }
    }
    let reasons = prepared.view.reasons
    plan.filters = prepared.scan.languages.flatMap { language in
      zip(reasons, language.filtered).filter { $0.1 > 0 }
        .map { DatasetManifest.Filter(tag: language.supply.tag, reason: $0, documents: $1) }
        .sorted { $0.reason.utf8.lexicographicallyPrecedes($1.reason.utf8) }
    }
    plan.rejects = try store.catalog.rejects().map {
      DatasetManifest.Reject(reason: $0.reason, documents: $0.documents)
    }
    return plan
  }

  private func facts() throws -> [(String, String)] {
    let facts = store.facts
    let plan = prepared.plan
    let duplicates =
      try store.catalog.runs().reduce(0) { $0 + $1.duplicates }
      + prepared.scan.languages.reduce(0) { $0 + $1.duplicates }
    return [
      ("ring_version", "\(Ring.version)"),
      ("shard_format_version", plan.mixture.sourceWeights == nil ? "1" : "2"),
      ("store_key", "\(facts.storeKey)"),
      ("tokenizer_kind", facts.tokenizerKind),
      ("tokenizer_sha256", "\(facts.tokenizer)"),
      ("vocabulary_size", "\(facts.vocabularySize)"),
      ("end_of_text_id", "\(facts.endOfTextID)"),
      ("token_width_bytes", "\(facts.tokenWidthBytes)"),
      ("max_piece_tokens", "\(facts.maxPieceTokens)"),
      ("language_model", facts.languageModel),
      ("language_model_sha256", "\(facts.languageModelDigest)"),
      ("language_source", facts.languageSource),
      ("icu_version", facts.icuVersion),
      ("policy", plan.mixture.policy.description),
      ("unit", plan.mixture.unit.rawValue),
      ("max_epochs", plan.mixture.maxEpochs.map { "\($0)" } ?? "none"),
      ("seed", "\(prepared.seed)"),
      ("shard_count", "\(prepared.shardCount)"),
      ("compression_level", "\(options.compressionLevel)"),
      ("libzstd_version", Zstd.libraryVersionText),
      ("budget_tokens", "\(plan.budget)"),
      ("mixture", plan.settingsJSON),
      ("byte_premiums", plan.premiumVersion ?? "none"),
      ("statistics_sha256", "\(plan.statisticsDigest)"),
    ]
      + (plan.mixture.sourceWeights.map { [(SourceParts.fact, SourceParts.text($0.patterns))] }
        ?? [])
      + ViewFacts(prepared.view).rows + [
        ("parent_fingerprint", prepared.continuation?.fingerprint ?? "none"),
        ("parent_shards", "\(prepared.continuation?.shards ?? 0)"),
        ("documents_in", "\(try store.catalog.documentCount())"),
        ("documents_duplicate", "\(duplicates)"),
      ]
  }

  /// Every language of the store, and those of earlier datasets that it no longer has.
  private func languages() throws -> [DatasetPlan.Language] {
    let starts = prepared.starts
    var rows: [DatasetPlan.Language] = []
    var left = starts.tags
    for language in prepared.scan.languages {
      let tag = language.supply.tag
      let planned = prepared.plan[tag]
      var row = DatasetPlan.Language(supply: planned?.supply ?? language.supply)
      row.heldOutDocuments = language.heldOutDocuments
      row.digest = "\(language.digest)"
      row.quota = planned?.quota ?? 0
      row.rule = planned?.bindingRule.rawValue ?? DatasetPlan.excluded
      row.start = starts[tag, nil]
      // Where there is no supply there is no ring to stand on: the key alone is kept. A language that
      // is divided stands on the rings of its parts.
      if let planned, planned.sources.isEmpty {
        row.startOffset = planned.supply.tokensBefore - row.start.pass * planned.supply.tokens
      }
      left.remove(tag)
      rows.append(row)
    }
    for tag in left {
      var row = DatasetPlan.Language(
        supply: LanguageSupply(
          tag: tag, documents: 0, pieces: 0, tokens: 0, bytes: 0, scalars: 0))
      row.start = starts[tag, nil]
      row.digest = "\(SHA256.of([]))"
      rows.append(row)
    }
    return rows.sorted { $0.supply.tag < $1.supply.tag }
  }

  /// Every part that the store has, and those that earlier datasets gave.
  private func parts() -> [DatasetPlan.Part] {
    guard let patterns = prepared.plan.mixture.sourceWeights?.patterns else { return [] }
    let starts = prepared.starts
    var supplies: [LanguageTag: [StoreScan.Ring]] = [:]
    for language in prepared.scan.languages { supplies[language.supply.tag] = language.parts }
    var rows: [DatasetPlan.Part] = []
    for tag in Set(supplies.keys).union(starts.parts.keys).sorted() {
      let sources = prepared.plan[tag]?.sources ?? []
      for part in 0...patterns.count {
        let ring = supplies[tag]?.first { $0.part == part }
        let start = starts.parts[tag]?[part]
        if ring == nil && start == nil { continue }
        var row = DatasetPlan.Part(
          tag: tag, part: part, pattern: SourceParts.name(of: part, patterns))
        if let ring {
          row.documents = ring.documents
          row.pieces = ring.pieces
          row.tokens = ring.tokens
          row.bytes = ring.bytes
        }
        row.start = start ?? .beginning
        if let source = sources.first(where: { $0.supply.part == part }) {
          row.quota = source.quota
          row.rule = source.bindingRule.rawValue
          row.startOffset = source.supply.tokensBefore - row.start.pass * source.supply.tokens
        }
        rows.append(row)
      }
    }
    return rows
  }
}
