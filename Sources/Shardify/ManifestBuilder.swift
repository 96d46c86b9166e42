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
    let rings = plan.rings
    addShards(summaries, .train, rings.map(\.tag), to: &manifest)
    addShards(heldOut, .holdout, plan.mixed.map(\.supply.tag), to: &manifest)
    if plan.isDivided { addShardParts(rings, to: &manifest) }
    addLanguages(rings, to: &manifest)
    manifest.languageSources = plan.sources
    manifest.filters = plan.filters
    manifest.rejects = plan.rejects
    manifest.dataset = ["format_version": "\(manifest.formatVersion)"]
    for fact in plan.facts { manifest.dataset[fact.key] = fact.value }
    manifest.dataset["plan_sha256"] = "\(planDigest)"
    manifest.dataset.merge(try account(manifest)) { $1 }
    manifest.dataset["fingerprint"] = "\(manifest.fingerprint)"
    return manifest
  }

  /// - Parameter tags: Of the shards' headers, by number; those of one language follow each other.
  private func addShards(
    _ summaries: [ShardSummary], _ split: DatasetManifest.Split, _ tags: [LanguageTag],
    to manifest: inout DatasetManifest
  ) {
    for (number, summary) in summaries.enumerated() {
      manifest.shards.append(
        DatasetManifest.Shard(
          split: split, shard: number, path: BalanceJob.relativePath(ofShard: number, split),
          fileSizeBytes: summary.fileSizeBytes, tokens: summary.tokenCount,
          pieces: summary.pieceCount, fileDigest: summary.fileDigest,
          payloadDigest: summary.payloadDigest))
      var row: DatasetManifest.ShardLanguage?
      for part in summary.parts {
        let tag = tags[part.languageIndex]
        if let done = row, done.tag != tag {
          manifest.shardLanguages.append(done)
          row = nil
        }
        var sum =
          row
          ?? DatasetManifest.ShardLanguage(
            split: split, shard: number, tag: tag, tokens: 0, pieces: 0, bytes: 0)
        sum.tokens += part.tokens
        sum.pieces += part.pieces
        sum.bytes += part.bytes
        row = sum
      }
      if let row { manifest.shardLanguages.append(row) }
    }
  }

  private func addShardParts(_ rings: [RingPlan], to manifest: inout DatasetManifest) {
    for (number, summary) in summaries.enumerated() {
      for part in summary.parts {
        let ring = rings[part.languageIndex]
        manifest.shardParts.append(
          DatasetManifest.ShardPart(
            shard: number, tag: ring.tag, part: ring.part ?? 0, tokens: part.tokens,
            pieces: part.pieces, bytes: part.bytes))
      }
    }
  }

  /// What all training shards hold of a ring, or of several.
  private struct Written {
    var tokens = 0
    var pieces = 0
    var documents = 0

    mutating func add(_ other: Written) {
      tokens += other.tokens
      pieces += other.pieces
      documents += other.documents
    }
  }

  private func addLanguages(_ rings: [RingPlan], to manifest: inout DatasetManifest) {
    var written = Array(repeating: Written(), count: rings.count)
    for summary in summaries {
      for part in summary.parts {
        written[part.languageIndex].add(
          Written(tokens: part.tokens, pieces: part.pieces, documents: part.documents))
      }
    }
    var ofLanguage: [LanguageTag: Written] = [:]
    var ofPart: [LanguageTag: [Int: Written]] = [:]
    for (ring, own) in zip(rings, written) {
      ofLanguage[ring.tag, default: Written()].add(own)
      if let part = ring.part { ofPart[ring.tag, default: [:]][part] = own }
    }
    let seed = plan["seed"].flatMap { UInt64($0) } ?? 0
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
        let own = ofLanguage[supply.tag] ?? Written()
        row.quotaTokens = language.quota
        row.writtenTokens = own.tokens
        row.writtenPieces = own.pieces
        row.documentsInShards = own.documents
        let start = Ring.startKey(seed: seed, tag: supply.tag)
        row.startKey = ContentHash(high: start.high, low: start.low).bytes
      }
      manifest.languages.append(row)
    }
    manifest.languageParts = plan.parts.map { row($0, ofPart[$0.tag]?[$0.part] ?? Written()) }
  }

  private func row(_ part: DatasetPlan.Part, _ written: Written) -> DatasetManifest.LanguagePart {
    var row = DatasetManifest.LanguagePart(tag: part.tag, part: part.part, pattern: part.pattern)
    row.documents = part.documents
    row.pieces = part.pieces
    row.availableTokens = part.tokens
    row.availableBytes = part.bytes
    row.quotaTokens = part.quota
    row.writtenTokens = written.tokens
    row.writtenPieces = written.pieces
    row.documentsInShards = written.documents
    row.bindingRule = part.rule
    row.firstPass = part.start.pass
    row.firstKey = part.start.key?.bytes ?? []
    row.firstOffset = part.startOffset
    return row
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
