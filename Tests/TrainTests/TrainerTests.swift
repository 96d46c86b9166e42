import Files
import Load
import ShardifyCore
import Testing
import Train

@Suite struct TrainerTests {
  let tiny = TinyData()

  /// Runs to the end; the losses of its steps by number, and the summary.
  func train(
    _ options: TrainerOptions, stopAfter: Int? = nil, data: TrainingData? = nil
  ) throws -> (losses: [Int: Double], summary: TrainingSummary, events: [TrainingEvent]) {
    let stop = StopFlag()
    nonisolated(unsafe) var losses: [Int: Double] = [:]
    nonisolated(unsafe) var events: [TrainingEvent] = []
    let trainer = try Trainer(
      data ?? tiny.data, options: options, ranks: Communicator(), stop: stop
    ) { event in
      events.append(event)
      if case .step(let step) = event {
        losses[step.step] = step.lossNats
        if step.step == stopAfter { stop.set() }
      }
    }
    let summary = try trainer.run()
    return (losses, summary, events)
  }

  @Test func itLearnsWhatFollowsWhat() throws {
    let (losses, summary, _) = try train(TinyData.options(steps: 120))
    let evaluation = try #require(summary.evaluation)
    // The ids of a language are nearly uniform: the unigram entropy is about ln 36. The next one is
    // known but for the noise.
    #expect(summary.unigramEntropyNats > 3.4)
    #expect(evaluation.lossNats < 0.5 * summary.unigramEntropyNats)
    #expect(abs((losses[1] ?? 0) - summary.unigramEntropyNats) < 0.4)
    #expect(evaluation.languages.map { "\($0.tag)" } == ["aaa_Latn", "bbb_Cyrl"])
    for language in evaluation.languages {
      #expect(language.lossNats < 2)
      let bits = language.lossNats * Double(language.tokens) / language.bytes / 0.6931471805599453
      #expect(abs(language.bitsPerByte - bits) < 1e-12)
    }
  }

  @Test func theSameSeedGivesTheSameLossesToTheBit() throws {
    let options = TinyData.options(steps: 15)
    let first = try train(options).losses
    #expect(first.count == 15)
    #expect(try train(options).losses == first)
    var other = options
    other.seed = 2
    #expect(try train(other).losses != first)
  }

  @Test func resumingGivesTheSameLossesAsNeverStopping() throws {
    let folder = try TemporaryFolder()
    var options = TinyData.options(steps: 20)
    let whole = try train(options).losses
    options.checkpointFolder = folder.path
    options.checkpointEvery = 4
    let first = try train(options, stopAfter: 9)
    #expect(first.summary.wasStopped)
    // The flag is seen in the step after the one that set it.
    #expect(first.summary.step == 10)
    let second = try train(options)
    #expect(second.losses.keys.min() == 11)
    #expect(first.losses.merging(second.losses) { a, _ in a } == whole)
    #expect(
      try FileSystem.names(in: folder.path) == [
        "checkpoint-00000016.safetensors", "checkpoint-00000020.safetensors",
      ])
    // A finished run has nothing left to do.
    #expect(try train(options).losses.isEmpty)
  }

  /// The digest of a step is that of its samples' digests, which `shardify order` prints.
  @Test func stepsNameTheirSamplesWhenAsked() throws {
    var options = TinyData.options(steps: 4)
    #expect(
      try train(options).events.allSatisfy { event in
        if case .step(let step) = event { step.samplesDigest == nil } else { true }
      })
    options.hashesSamples = true
    let found = try train(options).events.compactMap { event -> SHA256.Digest? in
      if case .step(let step) = event { step.samplesDigest } else { nil }
    }
    let order = try SampleOrder(tiny.facts, seed: 1, sequenceLength: 32, lanes: 8)
    let wanted = (0..<4).map { step in
      SHA256.of(
        (0..<6).flatMap { place in
          var bytes: [UInt8] = []
          for range in order.location(ofSample: 6 * step + place).ranges {
            let ids = tiny.training.shards[range.shard].tokens
            for id in ids[range.firstToken..<range.firstToken + range.tokenCount] {
              bytes.appendLittleEndian(UInt16(id))
            }
          }
          return SHA256.of(bytes).bytes
        })
    }
    #expect(found == wanted)
  }

  @Test func aDamagedCheckpointIsPassedOverForTheOneBefore() throws {
    let folder = try TemporaryFolder()
    var options = TinyData.options(steps: 8)
    options.checkpointFolder = folder.path
    options.checkpointEvery = 4
    let whole = try train(options).losses
    let newest = folder.path + "/checkpoint-00000008.safetensors"
    let bytes = try FileSystem.read(newest, limitBytes: 1 << 30)
    var flipped = bytes
    flipped[bytes.count - 100] ^= 1
    for damage in [flipped, Array(bytes.dropLast(10)), Array(bytes.prefix(5)), []] {
      try FileSystem.writeAtomically(damage, to: newest)
      let again = try train(options)
      #expect(again.losses == whole.filter { $0.key > 4 })
      let warnings = again.events.compactMap { event in
        if case .checkpointSkipped(let message) = event { message } else { nil }
      }
      #expect(warnings.count == 1)
      #expect(warnings.first?.contains(newest) == true)
      options.resume = .path(newest)
      try FileSystem.writeAtomically(damage, to: newest)
      #expect(throws: TrainFailure.self) { try train(options) }
      options.resume = .auto
    }
  }

  @Test func aNewRunDoesNotMixWithTheCheckpointsOfAnother() throws {
    let folder = try TemporaryFolder()
    var options = TinyData.options(steps: 2)
    options.checkpointFolder = folder.path
    _ = try train(options)
    options.resume = .none
    #expect {
      _ = try train(options)
    } throws: { error in
      (error as? TrainFailure)?.message
        == "cannot start: \(folder.path)/checkpoint-00000002.safetensors: a checkpoint of step 2, "
        + "expected none after step 0; choose another checkpoint folder, or go on with --resume auto"
    }
  }

  @Test func aCheckpointOfAnotherModelSeedOrDatasetIsRefusedByName() throws {
    let folder = try TemporaryFolder()
    var options = TinyData.options(steps: 2)
    options.checkpointFolder = folder.path
    _ = try train(options)
    func message(_ change: (inout TrainerOptions, inout DatasetFacts) -> Void) -> String {
      var changed = options
      var data = tiny.data
      change(&changed, &data.facts)
      do {
        _ = try train(changed, data: data)
        return "accepted"
      } catch { return (error as? TrainFailure)?.message ?? "\(error)" }
    }
    #expect(message { options, _ in options.steps = 3 } == "accepted")
    #expect(message { options, _ in options.width = 32 }.contains("width 16, expected 32"))
    #expect(message { options, _ in options.seed = 5 }.contains("seed 1, expected 5; use --seed 1"))
    #expect(message { options, _ in options.lanes = 3 }.contains("lanes 8, expected 3"))
    #expect(
      message { options, _ in options.sequenceLength = 16 }
        .contains("sequence length 32, expected 16"))
    #expect(
      message { _, facts in facts.fingerprint = SHA256.of([1]) }
        .contains("dataset \(tiny.facts.fingerprint), expected"))
  }

  @Test func aBadShardStopsTheRunOrIsLeftOut() throws {
    var data = tiny.data
    data.facts.shards[1].tokens -= 1
    #expect {
      _ = try train(TinyData.options(steps: 12), data: data)
    } throws: { error in
      (error as? TrainFailure)?.message.contains("shard 1 in memory") == true
    }
    var options = TinyData.options(steps: 12)
    options.reader.skipsBadShards = true
    let run = try train(options, data: data)
    #expect(run.summary.skippedSamples > 0)
    #expect(run.losses.count == 12)
  }

  @Test func settingsThatCannotBeAreRefusedBeforeWork() {
    func message(_ change: (inout TrainerOptions) -> Void) -> String {
      var options = TinyData.options(steps: 2)
      change(&options)
      do {
        _ = try train(options)
        return "accepted"
      } catch { return (error as? TrainFailure)?.message ?? "\(error)" }
    }
    #expect(message { $0.steps = 0 } == "cannot train: steps 0, expected 1 or more")
    #expect(message { $0.sequenceLength = 60_000 }.contains("too few for one sample"))
    #expect(message { $0.globalBatch = 0 }.contains("global batch 0"))
    #expect(message { $0.heads = 3 }.contains("width 16 with 3 heads"))
    #expect(message { $0.learningRate = .nan }.contains("learning rate nan"))
    #expect(message { $0.checkpointFolder = "/proc/none" }.contains("cannot make folder"))
  }
}
