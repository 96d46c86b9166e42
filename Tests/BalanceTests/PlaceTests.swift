import Balance
import ShardifyCore
import Testing

@Suite struct PlaceTests {
  @Test func placeIsTheFloorOfTheFormula() {
    var random = SeededRandom(seed: 11)
    for _ in 0..<2000 {
      let quota = Int(random.below(1 << 30)) + 1
      let start = Int(random.below(UInt64(quota)))
      let end = start + 1 + Int(random.below(1 << 20))
      let u = random.next()
      let length = UInt128(min(end, quota) - start)
      let expected = (UInt128(start) << 64 + UInt128(u) * length) / UInt128(quota)
      let place = Place(start: start, end: end, quota: quota, jitter: u)
      #expect(UInt128(place.raw) == expected)
    }
  }

  @Test func shardIsTheEqualCutThatHoldsThePlace() {
    for count in 1...70 {
      for shard in 0..<count {
        let low = (UInt128(shard) << 64 + UInt128(count) - 1) / UInt128(count)
        #expect(Place(raw: UInt64(low)).shard(of: count) == shard)
        if low > 0 { #expect(Place(raw: UInt64(low - 1)).shard(of: count) == shard - 1) }
      }
      #expect(Place(raw: .max).shard(of: count) == count - 1)
    }
  }

  @Test func placesNeverFallAlongTheRingWhateverTheJitter() {
    let jitters: [UInt64] = [0, 1, 1 << 63, .max]
    for quota in 1...12 {
      for start in 0..<quota {
        for length in 1...4 where start + length < quota {
          for (u, v) in jitters.flatMap({ u in jitters.map { (u, $0) } }) {
            let a = Place(start: start, end: start + length, quota: quota, jitter: u)
            let b = Place(start: start + length, end: start + length + 2, quota: quota, jitter: v)
            #expect(a <= b)
          }
        }
      }
    }
  }

  @Test func jitterSpreadsDocumentsOfOneCopyOverTheDataset() {
    // 256 languages of one document each, given once: they must not clump in one shard.
    var counts = [Int](repeating: 0, count: 8)
    for index in 0..<256 {
      let key = PieceKey(high: mix64(UInt64(index)), low: 5, piece: 0)
      let u = Ring.jitter(seed: 1, pass: 0, key: key)
      counts[Place(start: 0, end: 50, quota: 50, jitter: u).shard(of: 8)] += 1
    }
    #expect(counts.allSatisfy { $0 >= 12 && $0 <= 60 }, "\(counts)")
  }
}
