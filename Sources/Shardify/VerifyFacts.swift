import Balance
import Manifest
import ShardifyCore

/// What the checks of a dataset need of its manifest, read and found usable.
struct VerifyFacts: Sendable {
  /// A language of the mixture.
  struct Language: Sendable {
    var row: DatasetManifest.Language
    /// The ring's own start.
    var start: (high: UInt64, low: UInt64)
    /// The numbers of its rings.
    var rings: Range<Int>
    /// Parts of it that the mixture leaves out.
    var otherParts: [DatasetManifest.LanguagePart] = []
  }

  /// A ring: a language, or a part of one that is divided.
  struct Ring: Sendable {
    /// The number of its language.
    var language: Int
    var tag: LanguageTag
    /// Nil of a language that is not divided.
    var part: Int?
    /// The language, with the pattern of the part: for messages.
    var name: String
    /// What the part matches; empty of a language that is not divided.
    var pattern = ""
    var documents: Int
    var pieces: Int
    var availableTokens: Int
    var availableBytes: Int
    var quotaTokens: Int
    var writtenTokens: Int
    var writtenPieces: Int
    var documentsInShards: Int
    /// Where the dataset starts on it.
    var first: RingStart
    var firstOffset: Int
    /// Its own start.
    var start: (high: UInt64, low: UInt64)

    var firstPass: Int { first.pass }
    /// Tokens after the last whole lap.
    var partialTokens: Int { writtenTokens % max(1, availableTokens) }
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
  /// By tag: the numbers of the held-out shards' piece tables.
  let languages: [Language]
  let numbers: [LanguageTag: Int]
  /// By tag and part: the numbers of the training shards' piece tables.
  let rings: [Ring]
  /// The patterns that languages are divided by; nil if they are not.
  let sourcePatterns: [String]?

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
    sourcePatterns = SourceParts.patterns(manifest.dataset[SourceParts.fact])
    guard (sourcePatterns != nil) == !manifest.languageParts.isEmpty,
      sourcePatterns?.count ?? 0 <= SourceWeights.limit
    else {
      throw VerifyProblem(
        line: "manifest: \(sourcePatterns?.count ?? 0) source_patterns, expected"
          + (manifest.languageParts.isEmpty
            ? " none where no language is divided" : " 1 to \(SourceWeights.limit)"))
    }
    var parts: [LanguageTag: [DatasetManifest.LanguagePart]] = [:]
    for part in manifest.languageParts { parts[part.tag, default: []].append(part) }
    var languages: [Language] = []
    var numbers: [LanguageTag: Int] = [:]
    var rings: [Ring] = []
    for row in manifest.languages where row.bindingRule != DatasetPlan.excluded {
      let start = Balance.Ring.startKey(seed: seed, tag: row.tag)
      let own = VerifyFacts.rings(
        row, parts[row.tag] ?? [], start, language: languages.count, manifest.languageParts.isEmpty)
      guard !own.isEmpty else {
        throw VerifyProblem(line: "manifest: \(row.tag) is in the mixture and none of its parts is")
      }
      for ring in own {
        guard ring.quotaTokens == 0 || ring.availableTokens > 0 else {
          throw VerifyProblem(line: "manifest: \(ring.name) has a quota and no tokens")
        }
        guard ring.firstPass >= 0, ring.firstPass <= Int(UInt32.max),
          ring.firstOffset <= ring.availableTokens,
          ring.first.tokens(offset: 0, ring: ring.availableTokens) != nil
        else {
          throw VerifyProblem(line: "manifest: \(ring.name) has a start that is not on its ring")
        }
      }
      numbers[row.tag] = languages.count
      var language = Language(row: row, start: start, rings: rings.count..<rings.count + own.count)
      language.otherParts = (parts[row.tag] ?? []).filter { $0.bindingRule == DatasetPlan.excluded }
      languages.append(language)
      rings += own
    }
    self.languages = languages
    self.numbers = numbers
    self.rings = rings
    let total = manifest.shards.reduce(0.0) { $0 + Double($1.tokens) }
    let quota = languages.reduce(0.0) { $0 + Double($1.row.quotaTokens) }
    let rest = rings.reduce(0.0) { $0 + Double($1.quotaTokens) + Double($1.writtenTokens) }
    let written = manifest.shardLanguages.reduce(0.0) { $0 + Double($1.tokens) }
    let writtenParts = manifest.shardParts.reduce(0.0) { $0 + Double($1.tokens) }
    guard max(total, quota, rest, written, writtenParts) < 0x1p60 else {
      throw VerifyProblem(line: "manifest: more than 2^60 tokens")
    }
  }

  /// The rings of a language: itself, or the parts of it that are in the mixture.
  private static func rings(
    _ row: DatasetManifest.Language, _ parts: [DatasetManifest.LanguagePart],
    _ start: (high: UInt64, low: UInt64), language: Int, _ isWhole: Bool
  ) -> [Ring] {
    // Where a key is malformed the pass is none at all.
    func first(_ pass: Int, _ key: [UInt8]) -> RingStart {
      if key.isEmpty { return RingStart(pass: pass, key: nil) }
      let found = PieceKey(bytes: key)
      return RingStart(pass: found == nil ? -1 : pass, key: found)
    }
    if isWhole {
      return [
        Ring(
          language: language, tag: row.tag, part: nil, name: "\(row.tag)",
          documents: row.documents, pieces: row.pieces, availableTokens: row.availableTokens,
          availableBytes: row.availableBytes, quotaTokens: row.quotaTokens,
          writtenTokens: row.writtenTokens, writtenPieces: row.writtenPieces,
          documentsInShards: row.documentsInShards, first: first(row.firstPass, row.firstKey),
          firstOffset: row.firstOffset, start: start)
      ]
    }
    return parts.filter { $0.bindingRule != DatasetPlan.excluded }.map { part in
      Ring(
        language: language, tag: row.tag, part: part.part, name: "\(row.tag) \(part.pattern)",
        pattern: part.pattern, documents: part.documents, pieces: part.pieces,
        availableTokens: part.availableTokens, availableBytes: part.availableBytes,
        quotaTokens: part.quotaTokens, writtenTokens: part.writtenTokens,
        writtenPieces: part.writtenPieces, documentsInShards: part.documentsInShards,
        first: first(part.firstPass, part.firstKey), firstOffset: part.firstOffset, start: start)
    }
  }

  /// Whether languages are divided over their sources.
  var isDivided: Bool { !manifest.languageParts.isEmpty }

  /// The languages in the header of a shard.
  func headerTags(_ split: DatasetManifest.Split) -> [LanguageTag] {
    split == .train ? rings.map(\.tag) : languages.map(\.row.tag)
  }

  /// The ring of a part, or of a language that is not divided.
  func ring(_ tag: LanguageTag, _ part: Int?) -> Int? {
    guard let language = numbers[tag] else { return nil }
    return languages[language].rings.first { rings[$0].part == part }
  }

  /// Tokens of each ring before each training shard by the manifest; shape [shards][rings].
  func tokensBefore() -> [[Int]] {
    var counts = Array(repeating: Array(repeating: 0, count: rings.count), count: shardCount)
    if isDivided {
      for row in manifest.shardParts where row.shard < shardCount {
        if let number = ring(row.tag, row.part) { counts[row.shard][number] += row.tokens }
      }
    } else {
      for row in manifest.shardLanguages where row.split == .train && row.shard < shardCount {
        if let number = numbers[row.tag] { counts[row.shard][number] += row.tokens }
      }
    }
    var sums = Array(repeating: 0, count: rings.count)
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
