import Balance
import Compression
import Manifest
import ShardifyCore
import Shards

/// Gathers the manifest of a dataset that has been written, and checks that every document is
/// accounted for.
struct ManifestBuilder {
  let job: BalanceJob
  let store: TokenStore
  let scan: StoreScan
  let options: BalanceOptions
  let summaries: [ShardSummary]
  let heldOut: [ShardSummary]

  func build() throws -> DatasetManifest {
    var manifest = DatasetManifest()
    addShards(summaries, .train, to: &manifest)
    addShards(heldOut, .holdout, to: &manifest)
    addLanguages(to: &manifest)
    manifest.languageSources = scan.languages.flatMap { language in
      language.sources.map {
        DatasetManifest.LanguageSource(
          tag: language.supply.tag, source: $0.name, documents: $0.documents, tokens: $0.tokens)
      }
    }
    manifest.rejects = try store.catalog.rejects().map {
      DatasetManifest.Reject(reason: $0.reason, documents: $0.documents)
    }
    let accounts = try account(manifest)
    manifest.dataset = facts().merging(accounts) { $1 }
    manifest.dataset["fingerprint"] = "\(manifest.fingerprint)"
    manifest.provenance = [
      "shardify_version": ShardifyVersion.text, "store": options.store, "jobs": "\(options.jobs)",
    ]
    return manifest
  }

  private func addShards(
    _ summaries: [ShardSummary], _ split: DatasetManifest.Split, to manifest: inout DatasetManifest
  ) {
    for (number, summary) in summaries.enumerated() {
      manifest.shards.append(
        DatasetManifest.Shard(
          split: split, shard: number, path: BalanceJob.relativePath(ofShard: number, split),
          fileSizeBytes: summary.fileSizeBytes, tokens: summary.tokenCount,
          pieces: summary.pieceCount, fileDigest: summary.fileDigest,
          payloadDigest: summary.payloadDigest))
      for part in summary.parts {
        manifest.shardLanguages.append(
          DatasetManifest.ShardLanguage(
            split: split, shard: number, tag: job.plan.languages[part.languageIndex].tag,
            tokens: part.tokens, pieces: part.pieces, bytes: part.bytes))
      }
    }
  }

  private func addLanguages(to manifest: inout DatasetManifest) {
    var written = [ShardSummary.Part](
      repeating: .init(languageIndex: 0), count: job.plan.languages.count)
    for summary in summaries {
      for part in summary.parts {
        written[part.languageIndex].tokens += part.tokens
        written[part.languageIndex].pieces += part.pieces
        written[part.languageIndex].documents += part.documents
      }
    }
    var numbers: [LanguageTag: Int] = [:]
    for (number, plan) in job.plan.languages.enumerated() { numbers[plan.tag] = number }
    for language in scan.languages {
      let tag = language.supply.tag
      var row = DatasetManifest.Language(tag: tag)
      row.documents = language.supply.documents
      row.pieces = language.supply.pieces
      row.availableTokens = language.supply.tokens
      row.availableBytes = language.supply.bytes
      row.availableScalars = language.supply.scalars
      row.heldOutDocuments = language.heldOutDocuments
      row.bindingRule = "excluded"
      if let number = numbers[tag] {
        let plan = job.plan.languages[number]
        row.quotaTokens = plan.quota
        row.bindingRule = plan.bindingRule.rawValue
        row.writtenTokens = written[number].tokens
        row.writtenPieces = written[number].pieces
        row.documentsInShards = written[number].documents
        let start = Ring.startKey(seed: job.seed, tag: tag)
        row.startKey = ContentHash(high: start.high, low: start.low).bytes
      }
      manifest.languages.append(row)
    }
  }

  private func facts() -> [String: String] {
    let facts = job.facts
    return [
      "format_version": "\(DatasetManifest.formatVersion)",
      "ring_version": "\(Ring.version)",
      "shard_format_version": "\(ShardHeader.formatVersion)",
      "icu_version": facts.icuVersion,
      "libzstd_version": Zstd.libraryVersionText,
      "seed": "\(job.seed)",
      "store_key": "\(facts.storeKey)",
      "tokenizer_kind": facts.tokenizerKind,
      "tokenizer_sha256": "\(facts.tokenizer)",
      "vocabulary_size": "\(facts.vocabularySize)",
      "end_of_text_id": "\(facts.endOfTextID)",
      "token_width_bytes": "\(facts.tokenWidthBytes)",
      "max_piece_tokens": "\(facts.maxPieceTokens)",
      "language_model": facts.languageModel,
      "language_model_sha256": "\(facts.languageModelDigest)",
      "language_source": facts.languageSource,
      "compression_level": "\(job.compressionLevel)",
      "policy": job.plan.mixture.policy.description,
      "unit": job.plan.mixture.unit.rawValue,
      "max_epochs": job.plan.mixture.maxEpochs.map { "\($0)" } ?? "none",
      "budget_tokens": "\(job.plan.budget)",
      "shard_count": "\(job.shardCount)",
      "plan_sha256": "\(job.planDigest)",
    ]
  }

  /// documents in = in shards + held out + left over + filtered + duplicates + rejected.
  private func account(_ manifest: DatasetManifest) throws -> [String: String] {
    let documentsIn = try store.catalog.documentCount()
    let rejected = manifest.rejects.reduce(0) { $0 + $1.documents }
    let duplicates =
      try store.catalog.runs().reduce(0) { $0 + $1.duplicates }
      + scan.languages.reduce(0) { $0 + $1.duplicates }
    let heldOut = manifest.languages.reduce(0) { $0 + $1.heldOutDocuments }
    let inShards = manifest.languages.reduce(0) { $0 + $1.documentsInShards }
    let mixed = manifest.languages.filter { $0.bindingRule != "excluded" }
    let leftOver = mixed.reduce(0) { $0 + $1.documents } - inShards
    let filtered = manifest.languages.filter { $0.bindingRule == "excluded" }
      .reduce(0) { $0 + $1.documents }
    let sum = inShards + heldOut + leftOver + filtered + duplicates + rejected
    guard sum == documentsIn, leftOver >= 0 else {
      throw StageFailure(
        .damaged, "cannot account for all documents", path: store.folder,
        found: "\(inShards) in shards + \(heldOut) held out + \(leftOver) left over + \(filtered)"
          + " filtered + \(duplicates) duplicates + \(rejected) rejected = \(sum)",
        expected: "\(documentsIn) documents read", remedy: "verify the store")
    }
    return [
      "documents_in": "\(documentsIn)", "documents_in_shards": "\(inShards)",
      "documents_held_out": "\(heldOut)", "documents_left_over": "\(leftOver)",
      "documents_filtered": "\(filtered)", "documents_duplicate": "\(duplicates)",
      "documents_rejected": "\(rejected)",
    ]
  }
}
