import Balance
import Load
import ShardifyCore
import Testing

/// Section 7 of `docs/sample-order.md`: how far a language may be from its share of what was read.
@Suite struct LanguageDeviationTests {
  /// A dataset's ring in the order of `docs/ring.md`, without bytes.
  struct Ring {
    /// Tokens of each language; shape [languages].
    let quotas: [Int]
    /// The longest piece of each language; shape [languages].
    var longestPieces: [Int]
    /// The language of each token; shape [tokens].
    var languages: [Int] = []
    /// The place of each token's piece, from 0 to 1; shape [tokens].
    var places: [Double] = []
    /// Tokens of each shard.
    var shardTokens: [Int]

    init(quotas: [Int], longestPiece: UInt64, shards: Int, seed: UInt64) throws {
      var random = SeededRandom(seed: seed)
      self.quotas = quotas
      longestPieces = Array(repeating: 0, count: quotas.count)
      shardTokens = Array(repeating: 0, count: shards)
      var copies: [(place: Place, language: Int, copy: RingCopy)] = []
      for (language, quota) in quotas.enumerated() {
        var pieces: [Int] = []
        // Less text than the quota: languages are repeated.
        while pieces.reduce(0, +) < quota * 2 / 3 + 1 {
          pieces.append(1 + Int(random.below(longestPiece)))
        }
        longestPieces[language] = pieces.max() ?? 0
        for copy in try RingWalk(pieceTokens: pieces, quota: quota) {
          let place = Place(
            start: copy.start, end: copy.end, quota: quota, jitter: random.next())
          copies.append((place, language, copy))
        }
      }
      copies.sort {
        ($0.place, $0.language, $0.copy.start) < ($1.place, $1.language, $1.copy.start)
      }
      for (place, language, copy) in copies {
        let count = copy.end - copy.start
        languages += Array(repeating: language, count: count)
        places += Array(repeating: Double(place.raw) / 0x1p64, count: count)
        shardTokens[place.shard(of: shards)] += count
      }
    }

    /// Ring tokens of samples `range` of an epoch by lane, each token once.
    func lanes(_ order: SampleOrder, epoch: Int, _ range: Range<Int>) -> [[Int]] {
      var starts = [0]
      for count in shardTokens { starts.append((starts.last ?? 0) + count) }
      var lanes = Array(repeating: [Int](), count: order.lanes)
      let samples = order.epoch(epoch)
      for sample in range {
        let location = samples.location(ofSample: sample)
        var tokens: [Int] = []
        for part in location.ranges {
          let first = starts[part.shard] + part.firstToken
          tokens += first..<first + part.tokenCount
        }
        // Neighbours share a token.
        if lanes[location.lane].last == tokens.first { tokens.removeFirst() }
        lanes[location.lane] += tokens
      }
      return lanes
    }

    /// The largest deviation of a language, as a part of what the bound allows.
    func worst(_ lanes: [[Int]]) -> Double {
      var found = Array(repeating: 0.0, count: quotas.count)
      var read = 0.0
      var piecesAllowed = 0
      for tokens in lanes where !tokens.isEmpty {
        for token in tokens { found[languages[token]] += 1 }
        var start = 0
        var runs = 0
        for end in tokens.indices
        where end + 1 == tokens.count || tokens[end + 1] != (tokens[end] + 1) % languages.count {
          let passesEnd = tokens[end] < tokens[start]
          read += places[tokens[end]] - places[tokens[start]] + (passesEnd ? 1 : 0)
          runs += 1
          piecesAllowed += passesEnd ? 3 : 2
          start = end + 1
        }
        #expect(runs <= 2)
      }
      return quotas.indices.map { language in
        abs(found[language] - Double(quotas[language]) * read)
          / (Double(piecesAllowed * longestPieces[language]) + 1e-6)
      }.max() ?? 0
    }
  }

  @Test(arguments: [
    (quotas: [1600, 800, 400, 200, 50, 7], longestPiece: 9 as UInt64, shards: 5),
    (quotas: [1500, 1500], longestPiece: 200, shards: 3),
    (quotas: Array(repeating: 75, count: 40), longestPiece: 30, shards: 1),
    (quotas: [3000, 10], longestPiece: 3, shards: 17),
  ])
  func aLanguageStaysWithinTwoPiecesALaneAndItsCutEnds(
    quotas: [Int], longestPiece: UInt64, shards: Int
  ) throws {
    var worst = 0.0
    for seed in 1...2 as ClosedRange<UInt64> {
      let ring = try Ring(quotas: quotas, longestPiece: longestPiece, shards: shards, seed: seed)
      for (lanes, length) in [(1, 7), (1, 300), (2, 64), (5, 11), (8, 128), (16, 3)] {
        let order = try SampleOrder(
          dataset: dataset, shardTokens: ring.shardTokens, seed: seed, sequenceLength: length,
          lanes: lanes)
        let all = order.samplesPerEpoch
        for epoch in [0, 5] {
          // From the epoch's start to any sample, and from points in the middle, as after a resume.
          for start in [0, all / 5, all / 2] {
            for part in 1...4 {
              let end = start + max(1, (all - start) * part / 4)
              guard end <= all else { continue }
              worst = max(worst, ring.worst(ring.lanes(order, epoch: epoch, start..<end)))
            }
          }
        }
      }
    }
    #expect(worst <= 1)
    // Nor is the bound so wide that anything would pass.
    #expect(worst > 0.3)
  }
}
