import Balance
import Compression
import Files
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// Writes a range of shards: merges the rings' copies by place, reading every token it uses
/// once.
struct ShardMerge {
  let job: BalanceJob
  let progress: Progress
  let stop: StopFlag

  /// Writes shards `range` one after another; gives each to `done`.
  func run(
    _ range: Range<Int>, done: (Int, ShardSummary) -> Void
  ) throws(ShardsFailure) {
    if range.isEmpty { return }
    let zstd = try job.decompressor()
    let compressor = try job.compressor()
    var streams: [LanguageStream] = []
    for (number, plan) in job.rings.enumerated() where plan.quota > 0 {
      guard let scan = job.scans[plan.tag]?.ring(plan.part) else { continue }
      let stream = LanguageStream(
        ringIndex: number, plan: plan, scan: scan, view: job.view, seed: job.seed, zstd: zstd)
      try stream.seek(toShard: range.lowerBound, of: job.shardCount)
      streams.append(stream)
    }
    var heap = PlaceHeap()
    for (number, stream) in streams.enumerated() {
      if let place = stream.place { heap.push(place, number) }
    }
    for shard in range {
      let writer = try ShardWriter(
        path: job.path(ofShard: shard, .train), header: job.header(shard: shard, .train),
        planText: job.planText, compressor: compressor, isFirstLap: job.lap.isFirstLap)
      while let (place, number) = heap.first, place.shard(of: job.shardCount) == shard {
        if stop.isSet { return }
        let stream = streams[number]
        guard let piece = stream.piece else { break }
        try writer.append(piece) { (out: inout [UInt8]) throws(ShardsFailure) in
          try stream.appendTokens(to: &out)
        }
        progress.done.wrappingAdd(piece.tokenCount, ordering: .relaxed)
        progress.tokens.wrappingAdd(piece.tokenCount, ordering: .relaxed)
        try stream.advance()
        heap.replaceFirst(stream.place)
      }
      done(shard, try writer.finish())
    }
  }
}

/// The smallest of many places; ties go to the lower number, which is the lower tag and part.
struct PlaceHeap {
  private var items: [(place: Place, number: Int)] = []

  /// The smallest.
  var first: (place: Place, number: Int)? { items.first }

  mutating func push(_ place: Place, _ number: Int) {
    items.append((place, number))
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if !precedes(child, parent) { break }
      items.swapAt(child, parent)
      child = parent
    }
  }

  /// Gives the smallest item another place, or takes it out.
  mutating func replaceFirst(_ place: Place?) {
    if items.isEmpty { return }
    if let place {
      items[0].place = place
    } else {
      let last = items.removeLast()
      if items.isEmpty { return }
      items[0] = last
    }
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
        if precedes(child, least) { least = child }
      }
      if least == parent { return }
      items.swapAt(parent, least)
      parent = least
    }
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    items[a].place != items[b].place
      ? items[a].place < items[b].place : items[a].number < items[b].number
  }
}
