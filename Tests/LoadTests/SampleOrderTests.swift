import Load
import ShardifyCore
import Testing

@Suite struct SampleOrderTests {
  static let cases: [(tokens: [Int], seed: UInt64, length: Int, lanes: Int)] = [
    ([100, 0, 57, 203], 7, 10, 3), ([1000], 1, 16, 8),
    ([5, 5, 5, 5, 5, 5, 5, 5, 990], .max, 7, 4), ([333, 1, 444], 12345, 3, 1),
    ([64, 64, 64, 64, 64], 99, 5, 16), ([400, 603], 21, 11, 7),
    ([41], 3, 20, 2), ([40, 1], 3, 1, 40),
  ]
  /// From `docs/sample-order.md`, section 8.
  static let golden = [
    (33, "b6ac06c321d91ead5cf4391577932d8f76360aeea83c8c37be7595e671381f18"),
    (56, "91f01cda1eced6ea9987be31e0e2621c8e75252ebfd0c407d291ca1e6b6867bb"),
    (144, "0d484862597b1c1adb280025c49bf560b06d4b48c2ffc217a35e6f02dae8fd81"),
    (259, "f34e5b102067c7dec67603a8f7334255d3664603e6e376ab2596de376b6da883"),
    (48, "ae9400a688bea903cf2c5a1df1c7e8eaf281f012a770731096f3a7a3d1c6eb99"),
    // Segments of 143 and 144 tokens: some lanes have a sample more.
    (86, "dc7171f103f09a2e46ef81067fd876a4c35cd9f92c94e266a6574a3b0dcdd4f6"),
  ]

  func order(_ index: Int) throws -> SampleOrder {
    let settings = Self.cases[index]
    return try SampleOrder(
      dataset: dataset, shardTokens: settings.tokens, seed: settings.seed,
      sequenceLength: settings.length, lanes: settings.lanes)
  }

  func tokens(_ location: SampleLocation) -> [String] {
    location.ranges.flatMap { range in
      (0..<range.tokenCount).map { "\(range.shard):\(range.firstToken + $0)" }
    }
  }

  @Test func ordersEqualThoseOfTheSecondImplementation() throws {
    #expect(mixed(seed: 7, 0x6F72_6465_7220_7631, 1, 0) == 0x0B7F_4F47_5B04_6451)
    for (index, (samples, digest)) in Self.golden.enumerated() {
      let order = try order(index)
      #expect(order.samplesPerEpoch == samples)
      var text = ""
      for sample in 0..<3 * samples {
        let location = order.location(ofSample: sample)
        text += "\(location.epoch) \(sample % samples) \(location.lane)"
        text += tokens(location).map { " " + $0 }.joined() + "\n"
      }
      #expect("\(SHA256.of(Array(text.utf8)))" == digest)
    }
  }

  @Test func fingerprintEqualsTheSpecs() throws {
    let bytes = try #require(SHA256.Digest(bytes: (0..<32).map { UInt8($0) }))
    let identity = OrderIdentity(dataset: bytes, seed: 7, sequenceLength: 10, lanes: 3)
    #expect(
      "\(identity.fingerprint)"
        == "6d4e4404551e62591d69d8f7e804bf909f9c695bf8ed0b42ae02fe97c3e37009")
  }

  @Test(arguments: cases.indices)
  func everyEpochGivesEachSampleOnceAndMissesAtMostOneSampleALane(index: Int) throws {
    let order = try order(index)
    let settings = Self.cases[index]
    for epoch in 0..<4 {
      var predicted: [String: Int] = [:]
      for sample in 0..<order.samplesPerEpoch {
        let location = order.epoch(epoch).location(ofSample: sample)
        let ids = tokens(location)
        #expect(ids.count == settings.length + 1)
        // The first token of a sample is the last target of its lane's sample before.
        for id in ids.dropFirst() { predicted[id, default: 0] += 1 }
      }
      #expect(predicted.values.allSatisfy { $0 == 1 })
      let total = settings.tokens.reduce(0, +)
      #expect(predicted.count == order.samplesPerEpoch * settings.length)
      #expect(total - predicted.count <= settings.lanes * (settings.length + 1))
    }
  }

  @Test(arguments: 1...8)
  func ranksTogetherTakeTheSequenceInOrder(worldSize: Int) throws {
    for globalBatch in worldSize...worldSize + 9 {
      for step in 0..<3 {
        var samples: [Int] = []
        var sizes: Set<Int> = []
        for rank in 0..<worldSize {
          let slice = try RankSlice(globalBatch: globalBatch, worldSize: worldSize, rank: rank)
          samples += slice.samples(from: step * globalBatch)
          sizes.insert(slice.places.count)
        }
        #expect(samples == Array(step * globalBatch..<(step + 1) * globalBatch))
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
      }
    }
  }

  @Test func epochsAndSeedsDiffer() throws {
    let order = try order(1)
    let first = (0..<order.samplesPerEpoch).map { order.location(ofSample: $0).ranges }
    let second = (0..<order.samplesPerEpoch).map {
      order.location(ofSample: order.samplesPerEpoch + $0).ranges
    }
    #expect(first != second)
    #expect(Set(first) != Set(second))
    let other = try SampleOrder(
      dataset: dataset, shardTokens: [1000], seed: 2, sequenceLength: 16, lanes: 8)
    #expect(first != (0..<other.samplesPerEpoch).map { other.location(ofSample: $0).ranges })
  }

  @Test func aLaneIsAtMostTwoRunsOfTheRing() throws {
    // What bounds the deviation of a language: see section 7 of the spec.
    let order = try SampleOrder(
      dataset: dataset, shardTokens: [500, 300, 700], seed: 5, sequenceLength: 10, lanes: 4)
    let starts = [0, 500, 800]
    for epoch in 0..<5 {
      var read: [Int: [Int]] = [:]
      for sample in 0..<order.samplesPerEpoch {
        let location = order.epoch(epoch).location(ofSample: sample)
        for range in location.ranges {
          read[location.lane, default: []] += (0..<range.tokenCount).map {
            starts[range.shard] + range.firstToken + $0
          }
        }
      }
      for tokens in read.values {
        let breaks = zip(tokens, tokens.dropFirst()).filter { a, b in
          b != (a + 1) % 1500 && b != a  // b == a: the token that two samples share
        }
        #expect(breaks.count <= 1)
      }
    }
  }

  @Test func resumingFarAwayIsAtOnce() throws {
    // 100,000 shards of 64 Mi tokens, sample ten billion: nothing is counted up to it.
    let order = try SampleOrder(
      dataset: dataset, shardTokens: Array(repeating: 1 << 26, count: 100_000), seed: 1,
      sequenceLength: 2048, lanes: 1024)
    let clock = ContinuousClock()
    let time = clock.measure {
      let location = order.location(ofSample: 10_000_000_000)
      #expect(location.globalSample == 10_000_000_000)
    }
    #expect(time < .seconds(1))
  }

  @Test func settingsOutOfRangeAreRefusedByName() {
    func message(_ tokens: [Int], _ length: Int, _ lanes: Int) -> String {
      do throws(LoadFailure) {
        _ = try SampleOrder(
          dataset: dataset, shardTokens: tokens, seed: 1, sequenceLength: length, lanes: lanes)
        return "accepted"
      } catch { return error.message }
    }
    #expect(
      message([100], 0, 1)
        == "cannot order samples: sequence length 0, expected 1 to 4294967296")
    #expect(message([100], 1, 0) == "cannot order samples: lanes 0, expected 1 to 16384")
    #expect(
      message([100], 50, 2)
        == "cannot order samples: 100 tokens in 2 lanes are too few for one sample, expected at "
        + "least 51 tokens in a lane; lower the sequence length or the number of lanes")
    #expect(message([100, -1], 50, 1).contains("shard 1 with -1 tokens"))
    #expect(message([.max, .max], 50, 1).contains("shard 0 with"))
    #expect(message([], 1, 1).contains("0 tokens in 1 lanes"))
  }

  @Test func lanesByDefaultLeaveEachLaneSamples() throws {
    #expect(SampleOrder.defaultLanes(tokens: 0, sequenceLength: 128) == 1)
    #expect(SampleOrder.defaultLanes(tokens: 100, sequenceLength: 128) == 1)
    #expect(SampleOrder.defaultLanes(tokens: 64 * 129 * 5, sequenceLength: 128) == 5)
    #expect(SampleOrder.defaultLanes(tokens: 1 << 40, sequenceLength: 128) == 64)
    #expect(SampleOrder.defaultLanes(tokens: .max, sequenceLength: .max) == 1)
    #expect(SampleOrder.defaultLanes(tokens: -1, sequenceLength: 0) == 1)
  }

  @Test func moreRanksThanSamplesAreRefused() {
    #expect {
      _ = try RankSlice(globalBatch: 4, worldSize: 5, rank: 0)
    } throws: { error in
      (error as? LoadFailure)?.message
        == "cannot share out batches: world size 5, expected 1 to the global batch of 4; "
        + "raise the global batch or use fewer ranks"
    }
  }
}

@Suite struct RankSliceTests {
  @Test func lanesReadAreThoseTheSamplesComeFrom() throws {
    for (batch, worldSize, lanes) in [
      (8, 1, 8), (8, 2, 8), (8, 4, 16), (6, 3, 8), (12, 4, 8), (7, 7, 5), (64, 8, 8), (9, 3, 6),
    ] {
      for rank in 0..<worldSize {
        let slice = try RankSlice(globalBatch: batch, worldSize: worldSize, rank: rank)
        var seen: Set<Int> = []
        for step in 0..<lanes {
          seen.formUnion(slice.samples(from: step * batch).map { $0 % lanes })
        }
        #expect(slice.lanesRead(of: lanes) == seen.count)
      }
    }
  }
}
