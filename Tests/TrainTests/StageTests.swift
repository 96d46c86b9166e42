import Files
import Load
import ShardifyCore
import Testing
import Train

/// Stages: runs on one dataset after another, with one model.
@Suite struct StageTests {
  /// Two datasets of one tokenizer.
  let first: TinyData
  let second: TinyData
  static let tokenizer = SHA256.of([7])

  init() {
    func data(_ seed: UInt64) -> TinyData {
      var data = TinyData(seed: seed)
      data.facts.fingerprint = SHA256.of([UInt8(seed)])
      data.facts.tokenizer = Self.tokenizer
      return data
    }
    (first, second) = (data(1), data(2))
  }

  struct Run {
    var losses: [Int: Double] = [:]
    var samples: [Int: SHA256.Digest?] = [:]
    var start: StartReport?
    var summary: TrainingSummary
  }

  func train(
    _ data: TrainingData, _ options: TrainerOptions, stopAfter: Int? = nil
  ) throws -> Run {
    let stop = StopFlag()
    nonisolated(unsafe) var losses: [Int: Double] = [:]
    nonisolated(unsafe) var samples: [Int: SHA256.Digest?] = [:]
    nonisolated(unsafe) var start: StartReport?
    let trainer = try Trainer(data, options: options, ranks: Communicator(), stop: stop) { event in
      if case .started(let report) = event { start = report }
      guard case .step(let step) = event else { return }
      losses[step.step] = step.lossNats
      samples[step.step] = step.samplesDigest
      if step.step == stopAfter { stop.set() }
    }
    let summary = try trainer.run()
    return Run(losses: losses, samples: samples, start: start, summary: summary)
  }

  func options(_ steps: Int, _ folder: String, from: String? = nil) -> TrainerOptions {
    var options = TinyData.options(steps: steps)
    options.scheduleSteps = 24
    options.checkpointFolder = folder
    options.checkpointEvery = 4
    options.hashesSamples = true
    options.startFrom = from
    return options
  }

  /// In one folder, and in a folder for each stage.
  @Test(arguments: [true, false]) func stagesStoppedAndResumedEqualStagesNeverStopped(
    inOneFolder: Bool
  ) throws {
    func run(_ stops: (Int?, Int?)) throws -> [Run] {
      let a = try TemporaryFolder()
      let b = try inOneFolder ? a : TemporaryFolder()
      var runs: [Run] = []
      for (data, steps, stop, folder, from) in [
        (first, 12, stops.0, a, nil), (second, 24, stops.1, b, a.path),
      ] as [(TinyData, Int, Int?, TemporaryFolder, String?)] {
        let options = options(steps, folder.path, from: from)
        runs.append(try train(data.data, options, stopAfter: stop))
        if stop != nil { runs.append(try train(data.data, options)) }
        // A stage that is done has nothing left to do.
        #expect(try train(data.data, options).losses.isEmpty)
      }
      return runs
    }
    func joined(_ runs: [Run]) -> [Int: Double] {
      runs.reduce(into: [:]) { $0.merge($1.losses) { _, new in new } }
    }
    let whole = try run((nil, nil))
    #expect(whole.map(\.losses.count) == [12, 12])
    let stage = try #require(whole[1].start)
    #expect(stage.step == 12 && stage.samplesConsumed == 0 && stage.resumedFrom == nil)
    #expect(stage.startedFrom?.hasSuffix("/checkpoint-00000012.safetensors") == true)
    // The samples of the second stage are those of its dataset from 0.
    let alone = try train(second.data, options(12, try TemporaryFolder().path))
    for step in 1...12 { #expect(whole[1].samples[12 + step] == alone.samples[step]) }
    #expect(whole[1].losses[13] != alone.losses[1])

    let stopped = try run((5, 14))
    #expect(stopped.map(\.summary.step) == [6, 12, 15, 24])
    #expect(joined(stopped) == joined(whole))
    #expect(stopped[3].start?.samplesConsumed == 3 * 6)
    #expect(stopped[3].start?.startedFrom == nil)
  }

  /// Whatever of the second stage cannot be read, the stage begins again where the first ended.
  @Test func aStageWithoutAWholeCheckpointBeginsAgain() throws {
    let folder = try TemporaryFolder()
    _ = try train(first.data, options(12, folder.path))
    var stage = options(24, folder.path, from: folder.path)
    stage.checkpointsKept = 9
    let whole = try train(second.data, stage).losses
    for name in try FileSystem.names(in: folder.path) where name > "checkpoint-00000012.safetensors"
    {
      try FileSystem.writeAtomically([1, 2, 3], to: folder.path + "/" + name)
    }
    #expect(try train(second.data, stage).losses == whole)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let folder = try TemporaryFolder()
    let other = try TemporaryFolder()
    _ = try train(first.data, options(12, folder.path))
    func message(
      _ data: TinyData, _ place: String, _ change: (inout TrainerOptions) -> Void = { _ in }
    ) -> String {
      var stage = options(24, other.path, from: place)
      change(&stage)
      do {
        _ = try train(data.data, stage)
        return "accepted"
      } catch { return (error as? TrainFailure)?.message ?? "\(error)" }
    }
    let checkpoint = folder.path + "/checkpoint-00000012.safetensors"
    var foreign = second
    foreign.facts.tokenizer = SHA256.of([8])
    #expect(
      message(foreign, folder.path)
        == "cannot start from checkpoint: \(checkpoint): tokenizer \(Self.tokenizer), expected "
        + "tokenizer \(SHA256.of([8])); the same ids would mean other text: make the dataset with "
        + "that tokenizer")
    #expect(message(second, folder.path) { $0.width = 32 }.contains("width 16, expected 32"))
    #expect(
      message(first, folder.path).contains(
        "a run on this dataset and seed, expected another dataset; go on with --resume "))
    #expect(
      message(second, folder.path) { $0.steps = 12 }.contains(
        "step 12, expected one before --steps 12; --steps counts all stages"))
    #expect(message(second, folder.path + "/none").contains("no such file"))
    #expect(
      message(second, other.path).contains(
        "no checkpoint that can be read there, expected a checkpoint, a folder of them"))
    #expect(message(second, checkpoint) == "accepted")
    // Its checkpoints would stay the newest.
    #expect(
      message(second, checkpoint) {
        $0.checkpointFolder = other.path
        $0.resume = .none
      }
      .contains("a checkpoint of step 24, expected none after step 12"))
  }
}
