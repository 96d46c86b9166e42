import ShardifyCore

/// The order of one epoch: which segment of the ring each lane reads, and where it starts.
public struct EpochOrder: Sendable {
  /// "order v1" in ASCII, the first byte most significant.
  static let domain: UInt64 = 0x6F72_6465_7220_7631

  /// The epoch, from 0.
  public let number: Int
  private let order: SampleOrder
  /// How far the ring is turned.
  private let turn: Int
  private let lanes: [Lane]
  /// The lanes with one sample more than the fewest.
  private let longLanes: [Int]

  private struct Lane: Sendable {
    /// The segment's first token on the unturned ring.
    var segmentStart: Int
    /// Its tokens.
    var tokens: Int
    /// Where in the segment the lane begins.
    var offset: Int
  }

  init(_ order: SampleOrder, _ number: Int) {
    self.order = order
    self.number = number
    let epoch = UInt64(number)
    turn = Self.below(mixed(seed: order.seed, Self.domain, 1, epoch), order.tokens)
    let dealt = (0..<order.lanes)
      .map { (mixed(seed: order.seed, Self.domain, 2, epoch, UInt64($0)), $0) }
      .sorted { $0 < $1 }
    var lanes: [Lane] = []
    var longLanes: [Int] = []
    for (lane, (_, segment)) in dealt.enumerated() {
      let start = order.segmentStart(segment)
      let tokens = order.segmentStart(segment + 1) - start
      let word = mixed(seed: order.seed, Self.domain, 3, epoch, UInt64(lane))
      lanes.append(
        Lane(segmentStart: start, tokens: tokens, offset: Self.below(word, tokens)))
      if order.samples(inSegment: segment) > order.baseSamples { longLanes.append(lane) }
    }
    self.lanes = lanes
    self.longLanes = longLanes
  }

  /// Where a sample comes from.
  ///
  /// - Parameter sample: Below `samplesPerEpoch`.
  /// - Complexity: O(log shards), plus the shards the sample touches.
  public func location(ofSample sample: Int) -> SampleLocation {
    precondition((0..<order.samplesPerEpoch).contains(sample), "sample outside the epoch")
    let even = order.baseSamples * order.lanes
    let round = sample < even ? sample / order.lanes : order.baseSamples
    let lane = sample < even ? sample % order.lanes : longLanes[sample - even]
    return SampleLocation(
      globalSample: number * order.samplesPerEpoch + sample, epoch: number, lane: lane,
      ranges: ranges(lane: lanes[lane], first: round * order.sequenceLength))
  }

  /// The tokens of a sample whose first is token `first` of its lane.
  private func ranges(lane: Lane, first: Int) -> [TokenRange] {
    var ranges: [TokenRange] = []
    var next = first
    var left = order.sequenceLength + 1
    while left > 0 {
      let inSegment = (lane.offset + next) % lane.tokens
      let onRing = (turn + lane.segmentStart + inSegment) % order.tokens
      let shard = shard(at: onRing)
      let count = min(left, lane.tokens - inSegment, order.shardStarts[shard + 1] - onRing)
      let range = TokenRange(
        shard: shard, firstToken: onRing - order.shardStarts[shard], tokenCount: count)
      ranges.append(range)
      next += count
      left -= count
    }
    return ranges
  }

  /// The last shard that starts at or before a ring token: the one that holds it.
  private func shard(at token: Int) -> Int {
    var low = 0
    var high = order.shardStarts.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if order.shardStarts[middle] <= token { low = middle } else { high = middle }
    }
    return low
  }

  private static func below(_ word: UInt64, _ bound: Int) -> Int {
    Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }
}
