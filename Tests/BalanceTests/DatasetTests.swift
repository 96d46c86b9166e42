import Balance
import ShardifyCore
import Testing

/// A dataset by the book: all copies with their places, sorted.
struct SmallDataset {
  struct Copy: Equatable {
    var language: Int
    var key: PieceKey
    var copy: RingCopy
    var place: Place
    var tokens: Int { copy.end - copy.start }
  }

  var copies: [Copy] = []
  /// Per language the pieces in ring order.
  var rings: [[(key: PieceKey, tokens: Int)]] = []
  var seed: UInt64

  /// - Parameters:
  ///   - languages: Per language the pieces with their tokens.
  ///   - quotas: Tokens per language.
  init(languages: [[(key: PieceKey, tokens: Int)]], quotas: [Int], seed: UInt64) throws {
    self.seed = seed
    for (language, pieces) in languages.enumerated() {
      let sorted = pieces.sorted { $0.key < $1.key }
      let start = Ring.startKey(seed: seed, tag: tag(name(language)))
      let first = sorted.firstIndex { ($0.key.high, $0.key.low) >= (start.high, start.low) } ?? 0
      let ring = Array(sorted[first...] + sorted[..<first])
      rings.append(ring)
      for copy in try RingWalk(pieceTokens: ring.map(\.tokens), quota: quotas[language]) {
        let key = ring[copy.ordinal].key
        let place = place(copy, key: key, quota: quotas[language])
        copies.append(Copy(language: language, key: key, copy: copy, place: place))
      }
    }
    copies.sort { a, b in
      (a.place.raw, a.language, a.copy.start) < (b.place.raw, b.language, b.copy.start)
    }
  }

  func place(_ copy: RingCopy, key: PieceKey, quota: Int) -> Place {
    let u = Ring.jitter(seed: seed, pass: copy.pass, key: key)
    return Place(start: copy.start, end: copy.end, quota: quota, jitter: u)
  }

  func given(_ language: Int, beforePlace limit: UInt128) -> Int {
    copies.filter { $0.language == language && UInt128($0.place.raw) < limit }
      .reduce(0) { $0 + $1.tokens }
  }
}

@Suite struct DatasetTests {
  /// Small languages: piece lengths, made with random keys.
  static func languages(_ lengths: [[Int]], seed: UInt64) -> [[(key: PieceKey, tokens: Int)]] {
    var random = SeededRandom(seed: seed)
    return lengths.map { list in
      list.map { (PieceKey(high: random.next(), low: random.next(), piece: 0), $0) }
    }
  }

  /// The smallest places of shards 1... of `count`, and the end.
  static func edges(_ count: Int) -> [UInt128] {
    (1...count).map { shard in
      let scaled = UInt128(shard) << 64
      return (scaled + UInt128(count) - 1) / UInt128(count)
    }
  }

  static let shapes: [[[Int]]] = [
    [[1]], [[3], [1]], [[1, 2, 3], [5]], [[2, 2], [1], [7, 1, 1]], [[1, 1, 1, 1], [4, 9], [30]],
  ]

  /// Runs a check over every shape, 3 seeds and a spread of quotas from 1 to 2.5 passes and more.
  func everySmallCase(
    _ check: (_ lengths: [[Int]], _ quotas: [Int], _ dataset: SmallDataset) throws -> Void
  ) throws {
    for lengths in Self.shapes {
      for seed in UInt64(0)..<3 {
        for step in 1...13 {
          let quotas = lengths.enumerated().map { index, list in
            max(1, list.reduce(0, +) * (step + index) / 4)
          }
          let pieces = Self.languages(lengths, seed: seed &+ 100)
          try check(
            lengths, quotas, SmallDataset(languages: pieces, quotas: quotas, seed: seed))
        }
      }
    }
  }

  @Test func aLanguageGivesItsQuotaAndLessThanOnePieceMore() throws {
    try everySmallCase { lengths, quotas, dataset in
      for (language, quota) in quotas.enumerated() {
        let copies = dataset.copies.filter { $0.language == language }
        let given = copies.reduce(0) { $0 + $1.tokens }
        #expect(given >= quota)
        #expect(given < quota + (copies.last?.tokens ?? 0))
      }
    }
  }

  @Test func atEveryPlaceEachLanguageHasGivenItsShareToWithinOnePiece() throws {
    try everySmallCase { lengths, quotas, dataset in
      let edges = (1...7).flatMap(Self.edges)
      for place in dataset.copies.map({ UInt128($0.place.raw) }) + edges {
        for (language, quota) in quotas.enumerated() {
          let given = UInt128(dataset.given(language, beforePlace: place)) << 64
          let wanted = place * UInt128(quota)
          let piece = UInt128(lengths[language].max() ?? 0) << 64
          #expect(given + piece > wanted && wanted + piece >= given)
        }
      }
    }
  }

  @Test func singleShardsHoldTheirShareToWithinTwoPieces() throws {
    try everySmallCase { lengths, quotas, dataset in
      for count in 1...6 {
        for (language, quota) in quotas.enumerated() {
          var shards = [Int](repeating: 0, count: count)
          for copy in dataset.copies where copy.language == language {
            shards[copy.place.shard(of: count)] += copy.tokens
          }
          let piece = lengths[language].max() ?? 0
          #expect(shards.allSatisfy { abs($0 * count - quota) <= 2 * piece * count })
        }
      }
    }
  }

  @Test func copiesOfADocumentAreOnePassApart() throws {
    try everySmallCase { lengths, _, dataset in
      var last: [PieceKey: RingCopy] = [:]
      for copy in dataset.copies {
        if let before = last[copy.key] {
          #expect(copy.copy.start - before.start == lengths[copy.language].reduce(0, +))
          #expect(copy.copy.pass == before.pass + 1)
        }
        last[copy.key] = copy.copy
      }
    }
  }

  @Test func theDatasetIsAMergeOfTheRingsInRingOrder() throws {
    try everySmallCase { _, quotas, dataset in
      for language in quotas.indices {
        let starts = dataset.copies.filter { $0.language == language }.map(\.copy.start)
        #expect(starts == starts.sorted())
      }
    }
  }

  @Test func aLargerQuotaIsASupersetThatKeepsTheOrder() throws {
    try everySmallCase { lengths, quotas, dataset in
      for (language, list) in lengths.enumerated() {
        let some = try Array(RingWalk(pieceTokens: list, quota: quotas[language]))
        let more = try Array(RingWalk(pieceTokens: list, quota: quotas[language] + 5))
        #expect(Array(more.prefix(some.count)) == some)
        #expect(more.count > some.count || more.last.map { $0.end > quotas[language] } == true)
      }
    }
  }

  @Test func addedDocumentsKeepTheOrderOfTheOthers() throws {
    for seed in UInt64(0)..<20 {
      let pieces = Self.languages([[3, 1, 2, 2, 5, 1]], seed: seed)[0]
      let few = Array(pieces.prefix(3))
      // One pass of each: the few must come in the same order, up to where the ring starts.
      let before = try SmallDataset(languages: [few], quotas: [6], seed: seed).copies.map(\.key)
      let after = try SmallDataset(languages: [pieces], quotas: [14], seed: seed).copies
        .map(\.key).filter { key in few.contains { $0.key == key } }
      #expect(before == after)
    }
  }

  /// Reading a shard alone, from its first coordinate on, gives its copies: every copy of the
  /// dataset is in exactly one shard.
  @Test func shardsReadAloneJoinToTheDataset() throws {
    try everySmallCase { _, quotas, dataset in
      for count in 1...6 {
        for (language, quota) in quotas.enumerated() {
          let whole = dataset.copies.filter { $0.language == language }.map(\.copy)
          var joined: [RingCopy] = []
          for shard in 0..<count {
            let range = Ring.coordinates(ofShard: shard, of: count, quota: quota)
            let ring = dataset.rings[language]
            let walk = try RingWalk(
              pieceTokens: ring.map(\.tokens), quota: quota, from: range.lowerBound)
            joined += walk.prefix { $0.start < range.upperBound }.filter { copy in
              dataset.place(copy, key: ring[copy.ordinal].key, quota: quota).shard(of: count)
                == shard
            }
          }
          #expect(joined == whole)
        }
      }
    }
  }
}
