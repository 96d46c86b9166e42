import Balance
import Manifest
import ShardifyCore

/// What the checks of a dataset need of its manifest, read and found usable.
struct VerifyFacts: Sendable {
  /// A language of the mixture.
  struct Language: Sendable {
    var row: DatasetManifest.Language
    /// Where the dataset starts on the ring.
    var first: RingStart
    /// The ring's own start.
    var start: (high: UInt64, low: UInt64)
    /// Tokens after the last whole lap.
    var partialTokens: Int
  }

  let folder: String
  let manifest: DatasetManifest
  let seed: UInt64
  let storeKey: StoreKey
  let tokenizer: SHA256.Digest
  let plan: SHA256.Digest
  let vocabularySize: Int
  let endOfTextID: TokenID
  let tokenWidthBytes: Int
  let maxPieceTokens: Int
  let shardCount: Int
  /// By tag: the numbers of the shards' piece tables.
  let languages: [Language]
  let numbers: [LanguageTag: Int]

  /// - Throws: The problem that makes further checks impossible.
  init(folder: String, manifest: DatasetManifest) throws(VerifyProblem) {
    func fact<T>(_ key: String, _ convert: (String) -> T?) throws(VerifyProblem) -> T {
      guard let text = manifest.dataset[key] else {
        throw VerifyProblem(line: "manifest: no fact \(key)")
      }
      guard let value = convert(text) else {
        throw VerifyProblem(line: "manifest: fact \(key) is \(text.debugDescription)")
      }
      return value
    }
    self.folder = folder
    self.manifest = manifest
    seed = try fact("seed") { UInt64($0) }
    storeKey = try fact("store_key") { StoreKey(hex: $0) }
    tokenizer = try fact("tokenizer_sha256") { SHA256.Digest(hex: $0) }
    plan = try fact("plan_sha256") { SHA256.Digest(hex: $0) }
    vocabularySize = try fact("vocabulary_size") { Int($0) }
    endOfTextID = try fact("end_of_text_id") { TokenID($0) }
    tokenWidthBytes = try fact("token_width_bytes") { Int($0) }
    maxPieceTokens = try fact("max_piece_tokens") { Int($0) }
    shardCount = try fact("shard_count") {
      Int($0).flatMap { (1...99_999).contains($0) ? $0 : nil }
    }
    var languages: [Language] = []
    var numbers: [LanguageTag: Int] = [:]
    for row in manifest.languages where row.bindingRule != DatasetPlan.excluded {
      guard row.quotaTokens == 0 || row.availableTokens > 0 else {
        throw VerifyProblem(line: "manifest: \(row.tag) has a quota and no tokens")
      }
      guard row.firstPass <= Int(UInt32.max), row.firstOffset <= row.availableTokens,
        let start = VerifyFacts.start(row),
        start.tokens(offset: 0, ring: row.availableTokens) != nil
      else {
        throw VerifyProblem(line: "manifest: \(row.tag) has a start that is not on its ring")
      }
      numbers[row.tag] = languages.count
      languages.append(
        Language(
          row: row, first: start, start: Ring.startKey(seed: seed, tag: row.tag),
          partialTokens: row.writtenTokens % max(1, row.availableTokens)))
    }
    self.languages = languages
    self.numbers = numbers
    let total = manifest.shards.reduce(0.0) { $0 + Double($1.tokens) }
    let quota = languages.reduce(0.0) { $0 + Double($1.row.quotaTokens) }
    let written = manifest.shardLanguages.reduce(0.0) { $0 + Double($1.tokens) }
    guard max(total, quota, written) < 0x1p60 else {
      throw VerifyProblem(line: "manifest: more than 2^60 tokens")
    }
  }

  /// Where a dataset starts a language; nil if its key is malformed.
  private static func start(_ row: DatasetManifest.Language) -> RingStart? {
    if row.firstKey.isEmpty { return RingStart(pass: row.firstPass, key: nil) }
    return PieceKey(bytes: row.firstKey).map { RingStart(pass: row.firstPass, key: $0) }
  }

  /// Tokens of each language before each training shard by the manifest; shape [shards][languages].
  func tokensBefore() -> [[Int]] {
    var counts = Array(
      repeating: Array(repeating: 0, count: languages.count), count: shardCount)
    for row in manifest.shardLanguages where row.split == .train && row.shard < shardCount {
      if let number = numbers[row.tag] { counts[row.shard][number] += row.tokens }
    }
    var sums = Array(repeating: 0, count: languages.count)
    for shard in counts.indices {
      for number in sums.indices {
        let tokens = counts[shard][number]
        counts[shard][number] = sums[number]
        sums[number] += tokens
      }
    }
    return counts
  }
}

/// A problem after which some checks cannot go on.
struct VerifyProblem: Error {
  let line: String
}
