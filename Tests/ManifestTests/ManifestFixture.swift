import Manifest
import ShardifyCore

/// A manifest with a row or more in every table, and text that needs care.
func testManifest() -> DatasetManifest {
  var manifest = DatasetManifest()
  manifest.dataset = ["seed": "7", "policy": "tab\there, line\nthere, back\\slash", "empty": ""]
  for (number, name) in ["deu_Latn", "yor_Latn"].enumerated() {
    guard let tag = LanguageTag(name) else { continue }
    var row = DatasetManifest.Language(tag: tag)
    row.documents = 10 + number
    row.pieces = 12 + number
    row.availableTokens = 1_000 + number
    row.availableBytes = 4_000
    row.availableScalars = 3_900
    row.heldOutDocuments = 1
    row.quotaTokens = 2_500
    row.writtenTokens = 2_503
    row.writtenPieces = 30
    row.documentsInShards = 10
    row.bindingRule = number == 0 ? "share" : "excluded"
    row.startKey = number == 0 ? Array(0..<16) : []
    row.firstPass = number
    row.firstKey = number == 0 ? [] : Array(0..<20)
    row.firstOffset = 17 * number
    manifest.languages.append(row)
    for (split, shard) in [(DatasetManifest.Split.train, 0), (.train, 1), (.holdout, 0)] {
      manifest.shardLanguages.append(
        DatasetManifest.ShardLanguage(
          split: split, shard: shard, tag: tag, tokens: 100 + shard, pieces: 5, bytes: 400))
    }
    for source in ["", "e\u{301}", "\u{e9}"] {
      manifest.languageSources.append(
        DatasetManifest.LanguageSource(tag: tag, source: source, documents: 3, tokens: 300))
    }
  }
  manifest.shardLanguages.sort {
    ($1.split.rawValue, $0.shard, $0.tag) < ($0.split.rawValue, $1.shard, $1.tag)
  }
  for (split, shard) in [(DatasetManifest.Split.train, 0), (.train, 1), (.holdout, 0)] {
    manifest.shards.append(
      DatasetManifest.Shard(
        split: split, shard: shard, path: "shards/\(split.rawValue)-\(shard).zst",
        fileSizeBytes: 77, tokens: 200, pieces: 10, fileDigest: SHA256.of([1]),
        payloadDigest: SHA256.of([2])))
  }
  manifest.filters = manifest.languages.map {
    DatasetManifest.Filter(tag: $0.tag, reason: "where tokens\t> 5", documents: 4)
  }
  manifest.rejects = [DatasetManifest.Reject(reason: "invalid-utf8", documents: 2)]
  manifest.provenance = ["jobs": "2"]
  manifest.dataset["fingerprint"] = "\(manifest.fingerprint)"
  return manifest
}

/// The same with a language that is divided over its sources.
func dividedManifest() -> DatasetManifest {
  var manifest = testManifest()
  for row in manifest.languages {
    for (part, pattern) in [(0, "wiki*"), (2, "*")] {
      var own = DatasetManifest.LanguagePart(tag: row.tag, part: part, pattern: pattern)
      own.documents = 5 + part
      own.pieces = 6 + part
      own.availableTokens = 500 + part
      own.availableBytes = 2_000
      own.quotaTokens = 1_250
      own.writtenTokens = 1_251 + part
      own.writtenPieces = 15
      own.documentsInShards = 5
      own.bindingRule = part == 0 ? "policy" : "excluded"
      own.firstPass = part
      own.firstKey = part == 0 ? [] : Array(0..<20)
      own.firstOffset = 8 * part
      manifest.languageParts.append(own)
    }
  }
  for shard in 0..<2 {
    for part in manifest.languageParts {
      manifest.shardParts.append(
        DatasetManifest.ShardPart(
          shard: shard, tag: part.tag, part: part.part, tokens: 50 + shard, pieces: 2, bytes: 200))
    }
  }
  manifest.dataset["fingerprint"] = "\(manifest.fingerprint)"
  return manifest
}

/// The facts of a store, with values that differ from every default.
func testFacts() -> StoreFacts {
  StoreFacts(
    storeKey: StoreKey(seed: 3), holdoutThreshold: UInt64.max - 5, holdoutMinimum: 4,
    tokenizerKind: "bytes", tokenizer: SHA256.of([3]), vocabularySize: 257, endOfTextID: 256,
    maxPieceTokens: 100, languageModel: "model", languageModelDigest: SHA256.of([4]),
    icuVersion: "72.1", languageSource: "input", numberColumns: ["length", "score"],
    unitBytes: 1 << 24)
}
