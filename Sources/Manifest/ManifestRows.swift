import GRDB
import ShardifyCore

/// Reads the rows of a manifest, trusting none of them.
struct ManifestRows {
  let db: Database
  let path: String

  func read() throws -> DatasetManifest {
    let version = try ManifestFile.check(db, path: path)
    var manifest = DatasetManifest()
    manifest.dataset = try pairs("dataset")
    manifest.provenance = try pairs("provenance")
    manifest.languages = try languages()
    if version >= 3 {
      manifest.languageParts = try languageParts()
      manifest.shardParts = try shardParts()
    }
    manifest.shards = try rows(
      "shards", "split, shard, path, size_bytes, tokens, pieces, sha256, payload_sha256",
      orderBy: "split DESC, shard"
    ).map {
      DatasetManifest.Shard(
        split: try $0.split(0), shard: try $0.count(1), path: try $0.text(2),
        fileSizeBytes: try $0.count(3), tokens: try $0.count(4), pieces: try $0.count(5),
        fileDigest: try $0.digest(6), payloadDigest: try $0.digest(7))
    }
    manifest.shardLanguages = try rows(
      "shard_languages", "split, shard, language, tokens, pieces, bytes",
      orderBy: "split DESC, shard, language"
    ).map {
      DatasetManifest.ShardLanguage(
        split: try $0.split(0), shard: try $0.count(1), tag: try $0.tag(2),
        tokens: try $0.count(3), pieces: try $0.count(4), bytes: try $0.count(5))
    }
    manifest.languageSources = try rows(
      "language_sources", "language, source, documents, tokens", orderBy: "language, source"
    ).map {
      DatasetManifest.LanguageSource(
        tag: try $0.tag(0), source: try $0.text(1), documents: try $0.count(2),
        tokens: try $0.count(3))
    }
    manifest.filters = try rows(
      "filters", "language, reason, documents", orderBy: "language, reason"
    ).map {
      DatasetManifest.Filter(tag: try $0.tag(0), reason: try $0.text(1), documents: try $0.count(2))
    }
    manifest.rejects = try rows("rejects", "reason, documents", orderBy: "reason").map {
      DatasetManifest.Reject(reason: try $0.text(0), documents: try $0.count(1))
    }
    return manifest
  }

  private func languages() throws -> [DatasetManifest.Language] {
    try rows(
      "languages",
      """
      language, documents, pieces, available_tokens, available_bytes, available_scalars,
      held_out_documents, quota_tokens, written_tokens, written_pieces, documents_in_shards,
      binding_rule, start_key, first_pass, first_key, first_offset
      """, orderBy: "language"
    ).map { row in
      var language = DatasetManifest.Language(tag: try row.tag(0))
      language.documents = try row.count(1)
      language.pieces = try row.count(2)
      language.availableTokens = try row.count(3)
      language.availableBytes = try row.count(4)
      language.availableScalars = try row.count(5)
      language.heldOutDocuments = try row.count(6)
      language.quotaTokens = try row.count(7)
      language.writtenTokens = try row.count(8)
      language.writtenPieces = try row.count(9)
      language.documentsInShards = try row.count(10)
      language.bindingRule = try row.text(11)
      language.startKey = try row.bytes(12)
      language.firstPass = try row.count(13)
      language.firstKey = try row.bytes(14)
      language.firstOffset = try row.count(15)
      return language
    }
  }

  /// Parts have numbers up to this one; a mixture has at most so many patterns.
  private static let largestPart = 64

  private func languageParts() throws -> [DatasetManifest.LanguagePart] {
    try rows(
      "language_parts",
      """
      language, part, pattern, documents, pieces, available_tokens, available_bytes, quota_tokens,
      written_tokens, written_pieces, documents_in_shards, binding_rule, first_pass, first_key,
      first_offset
      """, orderBy: "language, part"
    ).map { row in
      var part = DatasetManifest.LanguagePart(
        tag: try row.tag(0), part: try row.count(1, below: Self.largestPart + 1),
        pattern: try row.text(2))
      part.documents = try row.count(3)
      part.pieces = try row.count(4)
      part.availableTokens = try row.count(5)
      part.availableBytes = try row.count(6)
      part.quotaTokens = try row.count(7)
      part.writtenTokens = try row.count(8)
      part.writtenPieces = try row.count(9)
      part.documentsInShards = try row.count(10)
      part.bindingRule = try row.text(11)
      part.firstPass = try row.count(12)
      part.firstKey = try row.bytes(13)
      part.firstOffset = try row.count(14)
      return part
    }
  }

  private func shardParts() throws -> [DatasetManifest.ShardPart] {
    try rows(
      "shard_parts", "shard, language, part, tokens, pieces, bytes",
      orderBy: "shard, language, part"
    ).map {
      DatasetManifest.ShardPart(
        shard: try $0.count(0), tag: try $0.tag(1),
        part: try $0.count(2, below: Self.largestPart + 1), tokens: try $0.count(3),
        pieces: try $0.count(4), bytes: try $0.count(5))
    }
  }

  private func rows(_ table: String, _ columns: String, orderBy order: String) throws
    -> [CheckedRow]
  {
    try db.checkedRows(
      "cannot open manifest", table, "SELECT \(columns) FROM \(table) ORDER BY \(order)",
      path: path)
  }

  private func pairs(_ table: String) throws -> [String: String] {
    var out: [String: String] = [:]
    for row in try rows(table, "key, value", orderBy: "key") {
      out[try row.text(0)] = try row.text(1)
    }
    return out
  }
}
