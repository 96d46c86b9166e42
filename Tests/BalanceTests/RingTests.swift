import Balance
import ShardifyCore
import Testing

@Suite struct RingTests {
  /// The values of docs/ring.md section 6, which its Python code gives.
  @Test func valuesOfTheSpecification() {
    #expect(mixed(seed: 1, 2, 3) == 0xd073_4750_fde3_62b3)
    let start = Ring.startKey(seed: 42, tag: tag("deu_Latn"))
    #expect(start.high == 0x10fc_e021_b780_26e1)
    #expect(start.low == 0x7f50_c88d_6946_1a55)
    let key = PieceKey(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210, piece: 7)
    let u = Ring.jitter(seed: 42, pass: 3, key: key)
    #expect(u == 0xb7ac_a07c_1c3b_13d4)
    #expect(Place(start: 5, end: 9, quota: 20, jitter: u).raw == 0x64bc_2018_d272_372a)
    let last = Place(start: 5, end: 9, quota: 7, jitter: .max)
    #expect(last.raw == .max)
    #expect(last.shard(of: 3) == 2)
    let huge = Place(start: 1 << 61 - 1, end: 1 << 61, quota: 1 << 61, jitter: .max)
    #expect(huge.raw == .max)
  }

  /// The worked ring of docs/ring.md section 6.
  @Test func ringOfTheSpecification() throws {
    let keys = [
      PieceKey(high: 0x4000_0000_0000_0000, low: 1, piece: 0),
      PieceKey(high: 0x4000_0000_0000_0000, low: 1, piece: 1),
      PieceKey(high: 0xf800_0000_0000_0000, low: 0, piece: 0),
    ]
    let start = Ring.startKey(seed: 7, tag: tag("yor_Latn"))
    let first = keys.firstIndex { ($0.high, $0.low) >= (start.high, start.low) } ?? 0
    let order = keys.indices.map { ($0 + first) % keys.count }
    let walk = try RingWalk(pieceTokens: order.map { [3, 1, 2][$0] }, quota: 8)
    let found = walk.map { copy in
      let u = Ring.jitter(seed: 7, pass: copy.pass, key: keys[order[copy.ordinal]])
      let place = Place(start: copy.start, end: copy.end, quota: 8, jitter: u)
      return "\(order[copy.ordinal]) \(copy.pass) \(copy.start) \(copy.end) "
        + Hex.string((0..<8).map { UInt8(truncatingIfNeeded: place.raw >> (56 - 8 * $0)) })
    }
    #expect(
      found == [
        "2 0 0 2 244081de619dbbf9",
        "0 0 2 5 61ccec268ef897fe",
        "1 0 5 6 aea42d4009cd40fd",
        "2 1 6 8 ecae80a60ceeed74",
      ])
  }

  @Test func jitterIsTheMixOfItsWords() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<100 {
      let key = PieceKey(high: random.next(), low: random.next(), piece: UInt32(random.below(9)))
      let seed = random.next()
      let pass = Int(random.below(1000))
      let words = mixed(
        seed: seed, 0x7269_6E67_6A69_7474, UInt64(pass), key.high, key.low, UInt64(key.piece))
      #expect(Ring.jitter(seed: seed, pass: pass, key: key) == words)
    }
  }

  @Test func startsDifferByLanguageAndSeed() {
    var seen = Set<UInt64>()
    for seed in 0..<20 {
      for index in 0..<20 {
        let key = Ring.startKey(seed: UInt64(seed), tag: tag(name(index)))
        seen.insert(key.high)
        seen.insert(key.low)
      }
    }
    #expect(seen.count == 800)
  }

  /// Every quota up to 40 and every number of shards up to 45: the bounds are tight and right.
  @Test func coordinatesOfAShardAreTheTokensThatCanReachIt() {
    for quota in 1...40 {
      for count in 1...45 {
        for shard in 0..<count {
          let range = Ring.coordinates(ofShard: shard, of: count, quota: quota)
          // What one token can reach: the shards of its lowest and of its highest place.
          let reaching = (0..<quota).filter { token in
            let low = Place(start: token, end: token + 1, quota: quota, jitter: 0)
            let high = Place(start: token, end: token + 1, quota: quota, jitter: .max)
            return low.shard(of: count) <= shard && high.shard(of: count) >= shard
          }
          #expect(range.lowerBound == reaching.first, "quota \(quota), \(shard) of \(count)")
          #expect(range.upperBound - 1 == reaching.last, "quota \(quota), \(shard) of \(count)")
        }
      }
    }
  }

  @Test func coordinatesCoverTheQuotaAtTheLargestSizes() {
    for (count, quota) in [(3, 1 << 61), (1 << 30, 1 << 61), (1 << 30, 5), (7, 1 << 53 + 1)] {
      #expect(Ring.firstCoordinate(ofShard: 0, of: count, quota: quota) == 0)
      #expect(
        Ring.coordinates(ofShard: count - 1, of: count, quota: quota).upperBound == quota)
      for shard in [1, count / 2, count - 1] {
        let before = Ring.coordinates(ofShard: shard - 1, of: count, quota: quota).upperBound
        let first = Ring.firstCoordinate(ofShard: shard, of: count, quota: quota)
        #expect(before - first == 0 || before - first == 1)
      }
    }
  }
}
