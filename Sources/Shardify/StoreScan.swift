import Balance
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// What one pass over the piece tables of a store tells: what there is of each language, where
/// its ring starts, and places to begin a walk at. Tokens are not read.
struct StoreScan: Sendable {
  /// One language.
  struct Language: Sendable {
    var supply: LanguageSupply
    /// Documents held out that take part; others are filtered.
    var heldOutDocuments = 0
    var heldOutTokens = 0
    var duplicates = 0
    /// Documents left out, by the view's reasons; held-out ones with them.
    var filtered: [Int]
    /// Tokens before the ring's first piece, in key order; all where no key is at or after the
    /// ring's start.
    var ringStart = 0
    /// Every so many pieces the key and the tokens before it, in key order.
    var marks: [(key: PieceKey, tokens: Int)] { markList.marks }
    fileprivate(set) var markList = RingMarks()
    /// SHA-256 of the keys and token counts of its pieces, in key order.
    var digest: SHA256.Digest
    /// What each source gave, sorted by name.
    var sources: [(name: String, documents: Int, tokens: Int)] = []
  }

  /// The languages, sorted by tag.
  let languages: [Language]

  init(view: StoreView, seed: UInt64, jobs: Int, progress: Progress) throws {
    let tags = view.languages.map(\.tag)
    let results = Mutex<[Language?]>(Array(repeating: nil, count: tags.count))
    let failure = Mutex<ShardsFailure?>(nil)
    progress.start(.planning, total: tags.count)
    Parallel.forEach(below: tags.count, threads: jobs) { number in
      if failure.withLock({ $0 != nil }) { return }
      do throws(ShardsFailure) {
        let scanned = try StoreScan.scan(tags[number], view, seed)
        results.withLock { $0[number] = scanned }
      } catch {
        failure.withLock { if $0 == nil { $0 = error } }
      }
      progress.done.wrappingAdd(1, ordering: .relaxed)
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    languages = results.withLock { $0.compactMap { $0 } }
  }

  static func scan(
    _ tag: LanguageTag, _ view: StoreView, _ seed: UInt64
  ) throws(ShardsFailure) -> Language {
    let cursor = view.cursor(of: tag, part: .all, zstd: try StoreView.decompressor())
    var language = Language(
      supply: LanguageSupply(tag: tag, documents: 0, pieces: 0, tokens: 0, bytes: 0, scalars: 0),
      filtered: Array(repeating: 0, count: view.reasons.count), digest: SHA256.of([]))
    var digest = SHA256()
    let start = Ring.startKey(seed: seed, tag: tag)
    var startFound = false
    // Keyed by bytes: two names that differ only in normalization are two sources.
    var sources: [[UInt8]: (documents: Int, tokens: Int)] = [:]
    try cursor.rewind()
    while let (run, table, index) = cursor.current, let key = cursor.key {
      let tokens = table.tokenCount(index)
      let status = try cursor.status()
      if let reason = status?.reason {
        language.filtered[reason] += key.piece == 0 ? 1 : 0
      } else if status?.isHeldOut == true {
        language.heldOutDocuments += key.piece == 0 ? 1 : 0
        language.heldOutTokens += tokens
      } else {
        language.markList.add(key, piece: language.supply.pieces, tokens: language.supply.tokens)
        if !startFound && (key.high, key.low) >= start {
          startFound = true
          language.ringStart = language.supply.tokens
        }
        language.supply.documents += key.piece == 0 ? 1 : 0
        language.supply.pieces += 1
        language.supply.tokens += tokens
        language.supply.bytes += table.byteCount(index)
        language.supply.scalars += table.scalarCount(index)
        digest.update(key, tokens: tokens)
        let source = Array(run.names.sources[table.source(index)].utf8)
        sources[source, default: (0, 0)].documents += key.piece == 0 ? 1 : 0
        sources[source, default: (0, 0)].tokens += tokens
      }
      try cursor.advance()
    }
    if !startFound { language.ringStart = language.supply.tokens }
    language.duplicates = cursor.duplicateDocuments
    language.digest = digest.finish()
    language.sources = sources.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { (String(decoding: $0.key, as: UTF8.self), $0.value.documents, $0.value.tokens) }
    return language
  }
}

extension SHA256 {
  /// Adds a piece: its key and token count, 24 bytes.
  fileprivate mutating func update(_ key: PieceKey, tokens: Int) {
    var words = (
      key.high.littleEndian, key.low.littleEndian, key.piece.littleEndian,
      UInt32(truncatingIfNeeded: tokens).littleEndian
    )
    withUnsafeBytes(of: &words) { update($0) }
  }
}
