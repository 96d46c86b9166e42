import Balance
import Manifest
import ShardifyCore
import Shards

/// Makes the manifest of a dataset from its plan and what its shards hold, and from nothing else:
/// so it can be made anew as long as these are there.
struct ManifestBuilder {
  let plan: DatasetPlan
  let planDigest: SHA256.Digest
  /// Of the training shards, by number.
  let summaries: [ShardSummary]
  /// Of the held-out shards, by number.
  let heldOut: [ShardSummary]
  /// For messages.
  let folder: String

  /// The manifest, without provenance.
  ///
  /// - Throws: `damaged` if one document is not accounted for.
  func build() throws(StageFailure) -> DatasetManifest {
    var manifest = DatasetManifest()
    let mixed = plan.mixed
    addShards(summaries, .train, mixed, to: &manifest)
    addShards(heldOut, .holdout, mixed, to: &manifest)
    addLanguages(mixed, to: &manifest)
    manifest.languageSources = plan.sources
    manifest.filters = plan.filters
    manifest.rejects = plan.rejects
    manifest.dataset = ["format_version": "\(DatasetManifest.formatVersion)"]
    for fact in plan.facts { manifest.dataset[fact.key] = fact.value }
    manifest.dataset["plan_sha256"] = "\(planDigest)"
    manifest.dataset.merge(try account(manifest)) { $1 }
    manifest.dataset["fingerprint"] = "\(manifest.fingerprint)"
    return manifest
  }

  private func addShards(
    _ summaries: [ShardSummary], _ split: DatasetManifest.Split, _ mixed: [DatasetPlan.Language],
    to manifest: inout DatasetManifest
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
            split: split, shard: number, tag: mixed[part.languageIndex].supply.tag,
            tokens: part.tokens, pieces: part.pieces, bytes: part.bytes))
      }
    }
  }

  private func addLanguages(
    _ mixed: [DatasetPlan.Language], to manifest: inout DatasetManifest
  ) {
    var written = mixed.indices.map { ShardSummary.Part(languageIndex: $0) }
    for summary in summaries {
      for part in summary.parts {
        written[part.languageIndex].tokens += part.tokens
        written[part.languageIndex].pieces += part.pieces
        written[part.languageIndex].documents += part.documents
      }
    }
    let seed = plan["seed"].flatMap { UInt64($0) } ?? 0
    var number = 0
    for language in plan.languages {
      let supply = language.supply
      var row = DatasetManifest.Language(tag: supply.tag)
      row.documents = supply.documents
      row.pieces = supply.pieces
      row.availableTokens = supply.tokens
      row.availableBytes = supply.bytes
      row.availableScalars = supply.scalars
      row.heldOutDocuments = language.heldOutDocuments
      row.bindingRule = language.rule
      row.firstPass = language.start.pass
      row.firstKey = language.start.key?.bytes ?? []
      row.firstOffset = language.startOffset
      if language.isMixed {
        row.quotaTokens = language.quota
        row.writtenTokens = written[number].tokens
        row.writtenPieces = written[number].pieces
        row.documentsInShards = written[number].documents
        let start = Ring.startKey(seed: seed, tag: supply.tag)
        row.startKey = ContentHash(high: start.high, low: start.low).bytes
        number += 1
      }
      manifest.languages.append(row)
    }
  }

  /// documents in = in shards + held out + left over + filtered + duplicates + rejected.
  private func account(_ manifest: DatasetManifest) throws(StageFailure) -> [String: String] {
    let documentsIn = plan["documents_in"].flatMap { Int($0) } ?? 0
    let duplicates = plan["documents_duplicate"].flatMap { Int($0) } ?? 0
    let rejected = manifest.rejects.reduce(0) { $0 + $1.documents }
    let heldOut = manifest.languages.reduce(0) { $0 + $1.heldOutDocuments }
    let inShards = manifest.languages.reduce(0) { $0 + $1.documentsInShards }
    let mixed = manifest.languages.filter { $0.bindingRule != DatasetPlan.excluded }
    let leftOver = mixed.reduce(0) { $0 + $1.documents } - inShards
    let filtered = manifest.languages.filter { $0.bindingRule == DatasetPlan.excluded }
      .reduce(manifest.filters.reduce(0) { $0 + $1.documents }) { $0 + $1.documents }
    let sum = inShards + heldOut + leftOver + filtered + duplicates + rejected
    guard sum == documentsIn, leftOver >= 0 else {
      throw StageFailure(
        .damaged, "cannot account for all documents", path: folder,
        found: "\(inShards) in shards + \(heldOut) held out + \(leftOver) left over + \(filtered)"
          + " filtered + \(duplicates) duplicates + \(rejected) rejected = \(sum)",
        expected: "\(documentsIn) documents read", remedy: "verify the store")
    }
    return [
      "documents_in_shards": "\(inShards)", "documents_held_out": "\(heldOut)",
      "documents_left_over": "\(leftOver)", "documents_filtered": "\(filtered)",
      "documents_rejected": "\(rejected)",
    ]
  }
}
