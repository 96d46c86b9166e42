import Balance
import Manifest
import ShardifyCore
import Shards

/// Finds documents in a token store, and the shards they must be in: content hash -> key -> ring ->
/// place -> shard, without an index of documents.
struct StoreSearch {
  let store: TokenStore
  let view: StoreView
  /// How many hashes the dataset left out by a list that is not at hand; nil if all is known.
  var missingHashes: String?

  /// A document of the store under one language of the view.
  struct Found {
    var language: LanguageTag
    /// The part of its language that it belongs to, where languages are divided.
    var part: Int?
    var content: ContentHash
    var isHeldOut: Bool
    /// Why a filter leaves it out.
    var reason: String?
    var origin: LocateReport.Origin
  }

  /// The documents with a content hash, one for each language they are filed under.
  func documents(_ content: ContentHash) throws -> [Found] {
    var key = store.facts.storeKey.key(of: content)
    key = PieceKey(high: key.high, low: key.low, piece: 0)
    let names = try inputNames()
    var found: [Found] = []
    for language in view.languages {
      let cursor = view.cursor(of: language.tag, part: .all, zstd: try StoreView.decompressor())
      try cursor.seek(to: key)
      guard cursor.key == key, let (run, table, index) = cursor.current,
        let status = try cursor.status()
      else { continue }
      let row = table.row(index, language: language.tag)
      let part = cursor.origin.flatMap { origin in
        view.sourceParts?.part(run: origin.run, source: Int(row.source))
      }
      var origin = LocateReport.Origin(
        language: cursor.origin?.language ?? language.tag,
        source: run.names.sources[Int(row.source)],
        input: names[Int(row.input)] ?? "input \(row.input)", offset: Int(clamping: row.offset),
        idHash: row.idHash, tokens: 0, bytes: 0, otherCopies: 0)
      while let piece = cursor.key, (piece.high, piece.low) == (key.high, key.low),
        let (_, table, index) = cursor.current
      {
        origin.tokens += table.tokenCount(index)
        origin.bytes += table.byteCount(index)
        try cursor.advance()
      }
      origin.otherCopies = cursor.duplicateDocuments
      found.append(
        Found(
          language: language.tag, part: part, content: content, isHeldOut: status.isHeldOut,
          reason: status.reason.map { view.reasons[$0] }, origin: origin))
    }
    return found
  }

  /// The content hashes of documents that had an id, from every run: the copies that did not stay
  /// as well, unless they were left out when their run was written.
  func contents(withID idHash: UInt64, stop: StopFlag) throws -> [ContentHash] {
    var found: Set<ContentHash> = []
    let zstd = try StoreView.decompressor()
    for run in view.runs {
      for frame in run.index.frames.indices {
        if stop.isSet { break }
        let table = try run.table(of: frame, with: zstd)
        for index in 0..<table.count where table.idHash(index) == idHash {
          found.insert(table.content(index))
        }
      }
    }
    return found.sorted()
  }

  /// The shards the copies of a document must be in, computed; nil if the store gives other pieces
  /// of the language than the dataset was made of.
  func shards(of found: Found, facts: VerifyFacts, digest: String) throws -> [Int]? {
    guard let number = facts.ring(found.language, found.part) else { return [] }
    let ring = facts.rings[number]
    let language = try StoreScan.scan(found.language, view, facts.seed)
    guard "\(language.digest)" == digest else { return nil }
    // The digest does not tell parts apart.
    guard let scanned = language.ring(found.part), scanned.tokens == ring.availableTokens else {
      return nil
    }
    let length = ring.availableTokens
    let quota = ring.quotaTokens
    let key = facts.storeKey.key(of: found.content)
    let cursor = view.cursor(
      of: found.language, part: .training, sourcePart: found.part,
      zstd: try StoreView.decompressor())
    // Where the document stands on the ring, then where from the dataset's start.
    var start = try scanned.offset(
      of: RingStart(pass: 0, key: key), seed: facts.seed, cursor: cursor)
    start -= ring.firstOffset
    if start < 0 { start += length }
    var shards: [Int] = []
    try cursor.seek(to: key)
    while let piece = cursor.key, (piece.high, piece.low) == (key.high, key.low),
      let (_, table, index) = cursor.current
    {
      let tokens = table.tokenCount(index)
      var a = start % length
      while a < quota {
        let pass = ring.firstPass + (ring.firstOffset + a) / length
        let place = Place(
          start: a, end: a + tokens, quota: quota,
          jitter: Ring.jitter(seed: facts.seed, pass: pass, key: piece))
        shards.append(place.shard(of: facts.shardCount))
        a += length
      }
      start += tokens
      try cursor.advance()
    }
    return shards.sorted()
  }

  private func inputNames() throws -> [Int: String] {
    var names: [Int: String] = [:]
    for input in try store.catalog.inputs() { names[input.number] = input.name }
    return names
  }
}
