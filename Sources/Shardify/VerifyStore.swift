import Balance
import Compression
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// Compares a dataset with the store it came from: what each shard must hold of each ring is
/// walked anew in the store, and its sum compared with that of the shard.
struct VerifyStore: Sendable {
  let facts: VerifyFacts
  let train: [ShardAudit]
  let holdout: [ShardAudit]
  let store: TokenStore
  let jobs: Int
  let stop: StopFlag
  /// The list the dataset was made with, if it was made with one.
  var excludedHashes: String?

  /// What is different. Of a store whose statistics differ that is the problem, and what follows from
  /// it are details.
  func run() throws -> (problems: VerifyProblems, details: [String]) {
    let (all, statistics) = try compare()
    guard statistics > 0, let first = all.lines.first else { return (all, []) }
    var problems = VerifyProblems()
    problems.add(
      "store: \(store.folder) is not the store it was made from, or has changed since: statistics"
        + " differ (\(first))")
    return (problems, all.report)
  }

  /// All differences, and how many of them are of what there is, not of what was taken.
  private func compare() throws -> (problems: VerifyProblems, statistics: Int) {
    var problems = VerifyProblems()
    let have = store.facts
    problems.compare("store: key", found: "\(have.storeKey)", expected: "\(facts.storeKey)")
    problems.compare("store: tokenizer", found: "\(have.tokenizer)", expected: "\(facts.tokenizer)")
    guard problems.lines.isEmpty else { return (problems, 0) }
    problems.compare(
      "store: documents read", found: "\(try store.catalog.documentCount())",
      expected: facts.manifest.dataset["documents_in"] ?? "none")
    let view: StoreView
    switch try ViewFacts.view(of: store, facts.manifest, excludedHashes: excludedHashes) {
    case .success(let found): view = found
    case .failure(let problem):
      problems.add(problem.line)
      return (problems, 0)
    }
    var statistics = problems.lines.count
    let count = facts.rings.count + facts.languages.count
    let results = Mutex<[(VerifyProblems, differs: Bool)?]>(Array(repeating: nil, count: count))
    try Parallel.forEach(below: count, threads: jobs) {
      (number: Int) throws(ShardsFailure) in
      var found = VerifyProblems(limit: VerifyProblems.limitPerShard)
      var differs = false
      let zstd = try StoreView.decompressor()
      if number < facts.rings.count {
        differs = try !training(number, view, zstd, &found)
      } else {
        let language = number - facts.rings.count
        for part in facts.languages[language].otherParts { try other(part, view, zstd, &found) }
        try heldOut(language, view, zstd, &found)
      }
      results.withLock { $0[number] = (found, differs) }
    }
    for case (let found, let differs)? in results.withLock({ $0 }) {
      problems.add(found)
      statistics += differs ? 1 : 0
    }
    return (problems, statistics)
  }

  /// A part that the mixture leaves out is counted only.
  private func other(
    _ part: DatasetManifest.LanguagePart, _ view: StoreView, _ zstd: ZstdDecompressor,
    _ problems: inout VerifyProblems
  ) throws(ShardsFailure) {
    let cursor = view.cursor(of: part.tag, part: .training, sourcePart: part.part, zstd: zstd)
    var counts = [0, 0, 0, 0]
    try cursor.rewind()
    while let key = cursor.key, let (_, table, index) = cursor.current, !stop.isSet {
      counts[0] += key.piece == 0 ? 1 : 0
      counts[1] += 1
      counts[2] += table.tokenCount(index)
      counts[3] += table.byteCount(index)
      try cursor.advance()
    }
    if stop.isSet { return }
    problems.compare(
      "store: \(part.tag) \(part.pattern): documents, pieces, tokens, bytes", found: counts,
      expected: [part.documents, part.pieces, part.availableTokens, part.availableBytes])
  }

  /// Compares a ring; whether the store has as much of it as the dataset says.
  private func training(
    _ number: Int, _ view: StoreView, _ zstd: ZstdDecompressor, _ problems: inout VerifyProblems
  ) throws(ShardsFailure) -> Bool {
    let ring = facts.rings[number]
    let cursor = view.cursor(of: ring.tag, part: .training, sourcePart: ring.part, zstd: zstd)
    var sums = Array(repeating: UInt64(0), count: facts.shardCount)
    var counts = [0, 0, 0, 0]
    var bytes: [UInt8] = []
    // From where the dataset starts, once round.
    let start =
      ring.first.key ?? PieceKey(high: ring.start.high, low: ring.start.low, piece: 0)
    try cursor.seek(to: start)
    var wrapped = false
    while !stop.isSet {
      if cursor.key == nil {
        if wrapped { break }
        wrapped = true
        try cursor.rewind()
      }
      guard let key = cursor.key, let (_, table, index) = cursor.current else { break }
      if wrapped && !(key < start) { break }
      bytes.removeAll(keepingCapacity: true)
      try cursor.appendTokens(to: &bytes)
      let flags = table.flags(index).intersection([.first, .last]).rawValue
      let hash = bytes.withUnsafeBytes {
        PieceSum.hash(key: key, flags: flags, byteCount: table.byteCount(index), tokens: $0)
      }
      place(key, hash, offset: counts[2], tokens: table.tokenCount(index), ring, &sums)
      counts[0] += key.piece == 0 ? 1 : 0
      counts[1] += 1
      counts[2] += table.tokenCount(index)
      counts[3] += table.byteCount(index)
      try cursor.advance()
    }
    if stop.isSet { return true }
    let expected = [ring.documents, ring.pieces, ring.availableTokens, ring.availableBytes]
    problems.compare(
      "store: \(ring.name): documents, pieces, tokens, bytes", found: counts, expected: expected)
    for shard in sums.indices where shard < train.count && train[shard].isWhole {
      if train[shard].parts[number]?.sum ?? 0 != sums[shard] {
        problems.add("shard \(shard): its \(ring.name) is not what the store gives")
      }
    }
    return counts == expected
  }

  /// Adds a piece to the shards that hold its copies.
  private func place(
    _ key: PieceKey, _ hash: UInt64, offset: Int, tokens: Int, _ ring: VerifyFacts.Ring,
    _ sums: inout [UInt64]
  ) {
    let quota = ring.quotaTokens
    let placed = PieceSum.placed(hash, offset: offset)
    var lap = 0
    var start = offset
    while start < quota && offset < ring.availableTokens {
      let pass = ring.firstPass + (ring.firstOffset + start) / ring.availableTokens
      let place = Place(
        start: start, end: start + tokens, quota: quota,
        jitter: Ring.jitter(seed: facts.seed, pass: pass, key: key))
      sums[place.shard(of: facts.shardCount)] &+= PieceSum.weight(pass: lap) &* placed
      lap += 1
      start += ring.availableTokens
    }
  }

  private func heldOut(
    _ number: Int, _ view: StoreView, _ zstd: ZstdDecompressor, _ problems: inout VerifyProblems
  ) throws(ShardsFailure) {
    let language = facts.languages[number]
    let cursor = view.cursor(of: language.row.tag, part: .heldOut, zstd: zstd)
    var sum: UInt64 = 0
    var bytes: [UInt8] = []
    try cursor.rewind()
    while let key = cursor.key, let (_, table, index) = cursor.current, !stop.isSet {
      bytes.removeAll(keepingCapacity: true)
      try cursor.appendTokens(to: &bytes)
      let flags = table.flags(index).intersection([.first, .last]).rawValue
      sum &+= bytes.withUnsafeBytes {
        PieceSum.hash(key: key, flags: flags, byteCount: table.byteCount(index), tokens: $0)
      }
      try cursor.advance()
    }
    if stop.isSet || !holdout.allSatisfy(\.isWhole) { return }
    let found = holdout.reduce(UInt64(0)) { $0 &+ ($1.parts[number]?.sum ?? 0) }
    if found != sum {
      problems.add("\(language.row.tag): what is held out is not what the store holds out")
    }
  }
}
