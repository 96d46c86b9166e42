import Balance
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// What one pass over the piece tables of a store tells: what there is of each language, where
/// its ring starts, and places to begin a walk at. Tokens are not read.
struct StoreScan: Sendable {
  /// What may be trained on of a language, or of a part of its sources, as a ring.
  struct Ring: Sendable {
    let tag: LanguageTag
    /// The part; nil of the whole language.
    let part: Int?
    private(set) var documents = 0
    private(set) var pieces = 0
    private(set) var tokens = 0
    private(set) var bytes = 0
    /// Tokens of its longest piece.
    private(set) var largestPiece = 0
    /// Every so many pieces the key and the tokens before it, in key order.
    var marks: [(key: PieceKey, tokens: Int)] { markList.marks }
    private var markList = RingMarks()
    private let startKey: (high: UInt64, low: UInt64)
    private var tokensBeforeStart: Int?

    init(tag: LanguageTag, part: Int?, startKey: (high: UInt64, low: UInt64)) {
      self.tag = tag
      self.part = part
      self.startKey = startKey
    }

    /// Tokens before the ring's first piece, in key order; all where no key is at or after the
    /// ring's start.
    var ringStart: Int { tokensBeforeStart ?? tokens }

    /// Takes the next piece in key order.
    mutating func add(_ key: PieceKey, _ table: PieceTable, _ index: Int) {
      markList.add(key, piece: pieces, tokens: tokens)
      if tokensBeforeStart == nil && (key.high, key.low) >= startKey { tokensBeforeStart = tokens }
      documents += key.piece == 0 ? 1 : 0
      pieces += 1
      tokens += table.tokenCount(index)
      bytes += table.byteCount(index)
      largestPiece = max(largestPiece, table.tokenCount(index))
    }
  }

  /// One language.
  struct Language: Sendable {
    var supply: LanguageSupply
    /// The whole language as a ring.
    var whole: Ring
    /// Its parts that have pieces, by number; none where languages are not divided.
    var parts: [Ring] = []
    /// Documents held out that take part; others are filtered.
    var heldOutDocuments = 0
    var heldOutTokens = 0
    var duplicates = 0
    /// Documents left out, by the view's reasons; held-out ones with them.
    var filtered: [Int]
    /// SHA-256 of the keys and token counts of its pieces, in key order.
    var digest: SHA256.Digest
    /// What each source gave, sorted by name.
    var sources: [(name: String, documents: Int, tokens: Int)] = []

    /// The ring of a part, or of the whole language.
    func ring(_ part: Int?) -> Ring? {
      guard let part else { return whole }
      return parts.first { $0.part == part }
    }
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
    let start = Balance.Ring.startKey(seed: seed, tag: tag)
    var language = Language(
      supply: LanguageSupply(tag: tag, documents: 0, pieces: 0, tokens: 0, bytes: 0, scalars: 0),
      whole: Ring(tag: tag, part: nil, startKey: start),
      filtered: Array(repeating: 0, count: view.reasons.count), digest: SHA256.of([]))
    var digest = SHA256()
    let divider = view.sourceParts
    var parts = (0..<(divider.map { $0.patterns.count + 1 } ?? 0)).map {
      Ring(tag: tag, part: $0, startKey: start)
    }
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
        language.whole.add(key, table, index)
        if let divider, let (number, _) = cursor.origin {
          parts[divider.part(run: number, source: table.source(index))].add(key, table, index)
        }
        language.supply.scalars += table.scalarCount(index)
        digest.update(key, tokens: tokens)
        let source = Array(run.names.sources[table.source(index)].utf8)
        sources[source, default: (0, 0)].documents += key.piece == 0 ? 1 : 0
        sources[source, default: (0, 0)].tokens += tokens
      }
      try cursor.advance()
    }
    language.supply.documents = language.whole.documents
    language.supply.pieces = language.whole.pieces
    language.supply.tokens = language.whole.tokens
    language.supply.bytes = language.whole.bytes
    language.parts = parts.filter { $0.pieces > 0 }
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
