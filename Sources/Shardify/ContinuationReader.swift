import Balance
import Compression
import Files
import Manifest
import ShardifyCore
import Shards

/// Finds where an earlier dataset stopped, from its manifest and the piece tables of its shards.
struct ContinuationReader {
  let options: ContinueOptions
  let manifest: DatasetManifest
  let folder: String
  /// The seed of the dataset.
  let seed: UInt64

  init(_ options: ContinueOptions) throws {
    self.options = options
    let path =
      FileSystem.status(options.dataset)?.kind == .folder
      ? options.dataset + "/manifest.sqlite" : options.dataset
    manifest = try ManifestFile.read(path)
    folder = FileSystem.parent(path)
    guard let seed = manifest.dataset["seed"].flatMap({ UInt64($0) }) else {
      throw ContinuationReader.failure(options.dataset, "no seed in its manifest", "one")
    }
    self.seed = seed
  }

  /// The seed to plan with: the dataset's own, which another that is asked for must be.
  func seed(asked: UInt64?) throws -> UInt64 {
    if let asked, asked != seed {
      throw ContinuationReader.failure(
        options.dataset, "seed \(seed)", "--seed \(asked)",
        "leave --seed out: another seed is another order, and its start means nothing there")
    }
    return seed
  }

  /// Where every language stopped.
  func read(store: TokenStore, runs: [RunReader]) throws -> Continuation {
    try check(store.facts)
    let train = manifest.shards.filter { $0.split == .train }
    let (shards, skipped) = try given(train)
    let last = try lastCopies(train.prefix(shards), storeKey: store.facts.storeKey)
    let starts = starts(last)
    try checkDocuments(last, store: store, runs: runs)
    let tokens = train.prefix(shards).reduce(0) { $0 + $1.tokens }
    return Continuation(
      fingerprint: manifest.dataset["fingerprint"] ?? "", shards: shards, shardCount: train.count,
      givenTokens: tokens, remainingTokens: train.reduce(0) { $0 + $1.tokens } - tokens,
      skippedTokens: skipped, starts: starts,
      sourcePatterns: SourceParts.patterns(manifest.dataset[SourceParts.fact])
        ?? (manifest.languageParts.isEmpty ? nil : []))
  }

  /// Where every language stopped, without a store to compare with.
  func starts() throws -> RingStarts {
    guard let storeKey = manifest.dataset["store_key"].flatMap({ StoreKey(hex: $0) }) else {
      throw ContinuationReader.failure(options.dataset, "no store_key in its manifest", "one")
    }
    let train = manifest.shards.filter { $0.split == .train }
    return starts(try lastCopies(train.prefix(try given(train).shards), storeKey: storeKey))
  }

  /// A ring of the dataset.
  private struct RingID: Hashable, Comparable {
    var tag: LanguageTag
    /// -1 of a language that is not divided.
    var part: Int

    static func < (a: RingID, b: RingID) -> Bool { (a.tag, a.part) < (b.tag, b.part) }
  }

  /// Where the dataset itself started, and after that the copies it gave.
  private func starts(_ last: [RingID: LastCopy]) -> RingStarts {
    var starts = RingStarts(manifest)
    for (ring, copy) in last { starts.set(copy.after, ring.tag, ring.part < 0 ? nil : ring.part) }
    return starts
  }

  static func failure(
    _ dataset: String, _ found: String, _ expected: String, _ remedy: String? = nil
  ) -> StageFailure {
    StageFailure(
      .options, "cannot go on from dataset", path: dataset, found: found, expected: expected,
      remedy: remedy)
  }

  /// Refuses a dataset whose pieces are not those of the store.
  private func check(_ facts: StoreFacts) throws {
    for (key, value) in [
      ("store_key", "\(facts.storeKey)"), ("tokenizer_sha256", "\(facts.tokenizer)"),
      ("end_of_text_id", "\(facts.endOfTextID)"),
      ("max_piece_tokens", "\(facts.maxPieceTokens)"),
    ] where manifest.dataset[key] != value {
      throw ContinuationReader.failure(
        options.dataset, "\(key) \(manifest.dataset[key] ?? "none")", "\(value) as in the store",
        "name a dataset that was made from this store")
    }
  }

  /// How many shards count as given, and how many tokens of the last are skipped by that.
  private func given(_ train: [DatasetManifest.Shard]) throws -> (shards: Int, skipped: Int) {
    if let shard = options.afterShard {
      guard train.indices.contains(shard) else {
        throw ContinuationReader.failure(
          options.dataset, "--after-shard \(shard)",
          "from 0 to \(train.count - 1), as it has \(train.count) shards")
      }
      return (shard + 1, 0)
    }
    guard let token = options.afterToken else { return (train.count, 0) }
    var end = 0
    for (number, shard) in train.enumerated() {
      end += shard.tokens
      if end >= token && token > 0 { return (number + 1, end - token) }
    }
    throw ContinuationReader.failure(
      options.dataset, "--after-token \(token)", "from 1 to \(end), as it has \(end) tokens")
  }

  /// The last copy of a ring, and the keys of some before it.
  private struct LastCopy {
    static let recentLimit = 32

    var pass: Int
    var key: PieceKey
    var recent: [PieceKey]
    /// The first copy not yet given is at or after the key that follows.
    var after: RingStart { RingStart(after: key, pass: pass) }
  }

  /// The rings of a training shard's header, by number.
  private var rings: [RingID] {
    var parts: [LanguageTag: [Int]] = [:]
    for row in manifest.languageParts where row.bindingRule != DatasetPlan.excluded {
      parts[row.tag, default: []].append(row.part)
    }
    return manifest.languages.filter { $0.bindingRule != DatasetPlan.excluded }.flatMap { row in
      (parts[row.tag] ?? [-1]).map { RingID(tag: row.tag, part: $0) }
    }
  }

  /// The last copy of each ring in some shards; opens only the shards that hold one.
  private func lastCopies(
    _ train: ArraySlice<DatasetManifest.Shard>, storeKey: StoreKey
  ) throws -> [RingID: LastCopy] {
    let rings = rings
    var lastShard: [RingID: Int] = [:]
    func see(_ ring: RingID, _ shard: Int) {
      if shard < train.count { lastShard[ring] = max(lastShard[ring] ?? 0, shard) }
    }
    if manifest.languageParts.isEmpty {
      for row in manifest.shardLanguages where row.split == .train && row.pieces > 0 {
        see(RingID(tag: row.tag, part: -1), row.shard)
      }
    } else {
      for row in manifest.shardParts where row.pieces > 0 {
        see(RingID(tag: row.tag, part: row.part), row.shard)
      }
    }
    var wanted: [Int: Set<RingID>] = [:]
    for (ring, shard) in lastShard { wanted[shard, default: []].insert(ring) }
    var found: [RingID: LastCopy] = [:]
    for (shard, own) in wanted.sorted(by: { $0.key < $1.key }) {
      let reader = try ShardReader(path: folder + "/" + train[shard].path)
      guard "\(reader.header.plan)" == manifest.dataset["plan_sha256"],
        reader.header.shard == shard, !reader.header.isHoldout,
        reader.header.languages == rings.map(\.tag)
      else {
        throw ContinuationReader.failure(
          options.dataset, "\(train[shard].path) is of another plan or number",
          "what its manifest says", "run shardify verify on it")
      }
      for index in stride(from: reader.pieces.count - 1, through: 0, by: -1) {
        let piece = reader.pieces[index]
        let ring = rings[piece.languageIndex]
        guard own.contains(ring), (found[ring]?.recent.count ?? 0) < LastCopy.recentLimit else {
          continue
        }
        let document = storeKey.key(of: piece.content)
        let key = PieceKey(
          high: document.high, low: document.low, piece: UInt32(clamping: piece.piece))
        found[ring, default: LastCopy(pass: piece.pass, key: key, recent: [])].recent.append(key)
      }
    }
    return found
  }

  /// Refuses a store that does not hold what the dataset gave: stores made with the same seed have
  /// the same key.
  private func checkDocuments(
    _ last: [RingID: LastCopy], store: TokenStore, runs: [RunReader]
  ) throws {
    let zstd = try ZstdDecompressor()
    for (ring, copy) in last.sorted(by: { $0.key < $1.key }) {
      let tag = ring.tag
      if runs.allSatisfy({ $0.frames(of: tag).isEmpty }) { continue }
      let cursor = LanguageCursor(
        runs: runs, language: tag, part: .all, holdout: Holdout(), zstd: zstd)
      for key in copy.recent {
        try cursor.seek(to: key)
        guard cursor.key == key else {
          throw ContinuationReader.failure(
            options.dataset, "a document of \(tag) that \(store.folder) does not hold",
            "a dataset made from this store")
        }
      }
    }
  }
}
