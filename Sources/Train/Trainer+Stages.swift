import Files
import Load
import ShardifyCore

/// Beginning a stage: a run on another dataset with the model of an earlier run.
extension Trainer {
  /// What the run that the stage begins with is, in words as `identity`; nil without `startFrom`, or
  /// if there is nothing to read. For a run's records, before `run` says more.
  public func earlierIdentity() -> String? {
    guard let place = options.startFrom, let paths = try? Self.candidates(place) else { return nil }
    for path in paths {
      if let checkpoint = try? Checkpoint(factsOf: path, model) {
        return identity(of: checkpoint.loader.identity)
      }
    }
    return nil
  }

  /// Reads weights, optimizer and step; the samples of this dataset begin at 0.
  ///
  /// - Returns: The checkpoint.
  func beginStage(from place: String) throws(TrainFailure) -> String {
    let (path, checkpoint) = try read(place)
    func refuse(_ found: String, _ expected: String, _ remedy: String) -> TrainFailure {
      TrainFailure(
        .configuration, "cannot start from checkpoint", path: path, found: found,
        expected: expected, remedy: remedy)
    }
    guard checkpoint.tokenizer == data.facts.tokenizer else {
      func name(_ tokenizer: SHA256.Digest?) -> String {
        tokenizer.map { "tokenizer \($0)" } ?? "no tokenizer named"
      }
      throw refuse(
        name(checkpoint.tokenizer), name(data.facts.tokenizer),
        "the same ids would mean other text: make the dataset with that tokenizer")
    }
    guard checkpoint.loader.identity != order.identity else {
      throw refuse(
        "a run on this dataset and seed", "another dataset",
        "go on with --resume \(path), or give another --seed to read the dataset anew")
    }
    guard checkpoint.step < options.steps else {
      throw refuse(
        "step \(checkpoint.step)", "one before --steps \(options.steps)",
        "--steps counts all stages: give \(checkpoint.step) and those of this one")
    }
    step = checkpoint.step
    samplesConsumed = 0
    optimizer.updates = checkpoint.updates
    origin = StageOrigin(path: path, step: step)
    return path
  }

  private func read(_ place: String) throws(TrainFailure) -> (String, Checkpoint) {
    let paths = try Self.candidates(place)
    for path in paths {
      do throws(TrainFailure) {
        return (path, try Checkpoint(path: path, model, into: buffers))
      } catch {
        guard error.code == .checkpoint, path != place else { throw error }
        damagedCheckpoints.append(path)
        report(.checkpointSkipped(message: error.message))
      }
    }
    throw TrainFailure(
      .configuration, "cannot start from checkpoint", path: place,
      found: "no checkpoint that can be read there",
      expected: "a checkpoint, a folder of them, or the --run folder of the stage before")
  }

  /// The checkpoints that a place may mean, the newest first.
  private static func candidates(_ place: String) throws(TrainFailure) -> [String] {
    guard FileSystem.status(place)?.kind == .folder else { return [place] }
    let inner = try CheckpointFolder(path: place + "/checkpoints", kept: 1).files()
    return try (inner.isEmpty ? CheckpointFolder(path: place, kept: 1).files() : inner).map(\.path)
  }
}
