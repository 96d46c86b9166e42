import Balance
import Files
import Load
import Manifest
import ShardifyCore
import Shards
import Testing

@testable import Shardify

/// `order` tells what training is given.
@Suite struct OrderStageTests {
  static let sequenceLength = 50
  static let batch = 24
  let place: Workplace
  let manifest: DatasetManifest

  init() throws {
    place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "in.jsonl")])
    manifest = try place.balance(to: "data")
  }

  func samples(
    worldSize: Int = 1, rank: Int = 0, from step: Int = 0, steps: Int = 1,
    _ change: (inout OrderOptions) -> Void = { _ in }
  ) throws -> [OrderedSample] {
    var options = OrderOptions(
      sequenceLength: Self.sequenceLength, globalBatch: Self.batch)
    options.worldSize = worldSize
    options.rank = rank
    options.firstStep = step
    options.steps = steps
    options.reader.threads = 2
    change(&options)
    var found: [OrderedSample] = []
    try OrderStage(dataset: place.at("data"), options: options, stop: StopFlag())
      .run { found.append($0) }
    return found
  }

  /// The stored bytes of the training shards, one after another.
  func ring() throws -> (bytes: [UInt8], starts: [Int], pieces: [[ShardPiece]]) {
    var bytes: [UInt8] = []
    var starts: [Int] = []
    var pieces: [[ShardPiece]] = []
    for shard in manifest.shards where shard.split == .train {
      starts.append(bytes.count / 2)
      let reader = try ShardReader(path: place.at("data/" + shard.path))
      for frame in reader.frames.indices { bytes += try reader.rawFrame(frame) }
      pieces.append((0..<reader.pieces.count).map { reader.pieces[$0] })
    }
    return (bytes, starts, pieces)
  }

  @Test func hashesAreOfTheStoredBytes() throws {
    let (bytes, starts, _) = try ring()
    let steps = 2 + bytes.count / 2 / Self.sequenceLength / Self.batch  // more than an epoch
    // One lane: all samples but one are plain stretches of the ring.
    let found = try samples(steps: steps) { $0.lanes = 1 }
    #expect(found.count == steps * Self.batch)
    var crossing = 0
    var plain = 0
    for sample in found {
      let first = 2 * (starts[sample.shard] + sample.firstToken)
      let all = (0..<2 * (Self.sequenceLength + 1)).map { bytes[(first + $0) % bytes.count] }
      plain += SHA256.of(all) == sample.digest ? 1 : 0
      crossing += Set(sample.pieces.map(\.shard)).count > 1 ? 1 : 0
    }
    // A lane jumps once an epoch, from the end of its segment to its start.
    #expect(found.count - plain <= 2)
    #expect(crossing > 0)
  }

  @Test func piecesAreThoseOfTheShards() throws {
    let pieces = try ring().pieces
    for sample in try samples(steps: 20) {
      #expect(sample.pieces.reduce(0) { $0 + $1.tokenCount } == Self.sequenceLength + 1)
      var next = 0
      for piece in sample.pieces {
        #expect(piece.firstToken == next)
        next += piece.tokenCount
        let entry = pieces[piece.shard][piece.piece]
        #expect(entry.content == piece.content)
        #expect(piece.tokenCount <= entry.tokenCount)
      }
      let first = try #require(sample.pieces.first)
      #expect(first.shard == sample.shard)
      let before = pieces[first.shard][..<first.piece].reduce(0) { $0 + $1.tokenCount }
      #expect(
        (before..<before + pieces[first.shard][first.piece].tokenCount).contains(sample.firstToken))
    }
  }

  /// Elasticity: the world size changes at five random steps of a run.
  @Test(arguments: [1, 2, 3]) func theSequenceDoesNotDependOnTheRanks(seed: UInt64) throws {
    let steps = 40
    let alone = try samples(steps: steps).map { "\($0.step) \($0.place) \($0.digest as Any)" }
    var random = SeededRandom(seed: seed)
    let cuts = (0..<5).map { _ in Int(random.below(UInt64(steps))) }.sorted()
    for first in [1, 2, 3, 4, 6, 8] {
      var worldSize = first
      var found: [String] = []
      for (from, to) in zip([0] + cuts, cuts + [steps]) where from < to {
        let ranks = try (0..<worldSize).map {
          try samples(worldSize: worldSize, rank: $0, from: from, steps: to - from)
        }
        for step in from..<to {
          for rank in ranks {
            found += rank.filter { $0.step == step }
              .map { "\($0.step) \($0.place) \($0.digest as Any)" }
          }
        }
        worldSize = [1, 2, 3, 4, 6, 8][Int(random.below(6))]
      }
      let isEqual = found == alone  // apart, or a failure prints both
      #expect(isEqual, "seed \(seed), first \(first), cuts \(cuts)")
    }
  }

  @Test func whatIsWrongStopsItWithItsName() throws {
    func message(_ change: (inout OrderOptions) -> Void) -> String? {
      failure { _ = try samples(steps: 200, change) }
    }
    #expect(message { $0.worldSize = 25 }?.contains("world size 25, expected 1 to the") == true)
    #expect(message { $0.rank = 1 }?.contains("rank 1, expected 0 to 0") == true)
    #expect(message { $0.sequenceLength = 1 << 30 }?.contains("too few for one sample") == true)
    #expect(message { $0.firstStep = .max }?.contains("at most 1152921504606846976") == true)
    let path = place.at("data/" + (manifest.shards.first { $0.split == .train }?.path ?? ""))
    var bytes = try FileSystem.read(path, limitBytes: 1 << 30)
    bytes[bytes.count / 3] ^= 1
    try FileSystem.writeAtomically(bytes, to: path)
    #expect(message { _ in }?.contains(path) == true)
    var summary: OrderSummary?
    var options = OrderOptions(sequenceLength: 50, globalBatch: 8)
    options.steps = 100
    options.reader.skipsBadShards = true
    summary = try OrderStage(dataset: place.at("data"), options: options, stop: StopFlag())
      .run { _ in }
    let found = try #require(summary)
    #expect(found.skippedSamples > 0 && found.samples + found.skippedSamples == 800)
    #expect(found.badShards.map(\.path) == [path])
    let stop = StopFlag()
    stop.set()
    #expect(
      failure {
        try OrderStage(dataset: place.at("data"), options: options, stop: stop).run { _ in }
      } == "stopped: 0 of 100 steps read")
  }
}
