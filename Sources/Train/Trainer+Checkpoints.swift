import Load
import ShardifyCore

/// Starting and checkpoints.
extension Trainer {
  var buffers: [FloatBuffer] {
    [engine.parameters, optimizer.firstMoment, optimizer.secondMoment]
  }

  /// What a start begins with; on rank 0.
  struct Loaded {
    /// The checkpoint; nil for a new model.
    var path: String?
    /// Whether it is of this run, and not of one on another dataset.
    var isOfThisRun = true
  }

  /// Loads a checkpoint or makes a new model on rank 0, and gives it to all ranks.
  func start(_ unigrams: UnigramStatistics) throws(TrainFailure) -> Loaded {
    var loaded = Loaded()
    var failure: TrainFailure?
    if ranks.rank == 0 {
      do throws(TrainFailure) {
        loaded = try load()
        try refuseLaterCheckpoints()
      } catch { failure = error }
    }
    if loaded.path == nil {
      let initial = model.initialParameters(
        seed: options.seed, logFrequencies: unigrams.logFrequencies)
      engine.parameters.base.update(from: initial.base, count: initial.count)
    }
    let facts = try ranks.broadcast([
      failure == nil ? 0 : 1, Int64(step), Int64(samplesConsumed), Int64(optimizer.updates),
    ])
    if let failure { throw failure }
    guard facts[0] == 0 else {
      throw TrainFailure(
        .ranks, "cannot start", found: "rank 0 could not resume",
        remedy: "its message says why")
    }
    step = Int(facts[1])
    samplesConsumed = Int(facts[2])
    optimizer.updates = Int(facts[3])
    for buffer in buffers { try ranks.broadcast(buffer) }
    return loaded
  }

  /// A new run in the folder of another would leave that one's checkpoints as the newest.
  private func refuseLaterCheckpoints() throws(TrainFailure) {
    guard options.resume != .auto || options.startFrom != nil, let folder,
      let newest = try folder.files().first(where: { !damagedCheckpoints.contains($0.path) }),
      newest.step > step
    else { return }
    throw TrainFailure(
      .configuration, "cannot start", path: newest.path,
      found: "a checkpoint of step \(newest.step)", expected: "none after step \(step)",
      remedy: "choose another checkpoint folder, or go on with --resume auto")
  }

  private func load() throws(TrainFailure) -> Loaded {
    switch options.resume {
    case .none: break
    case .path(let path):
      try resume(try Checkpoint(path: path, model, into: buffers), path)
      return Loaded(path: path)
    case .auto:
      if let folder, let (path, checkpoint) = try newest(in: folder) {
        // The newest decides: one of another dataset is where a new stage may begin.
        if options.startFrom == nil || checkpoint.loader.identity == order.identity {
          try resume(checkpoint, path)
          return Loaded(path: path)
        }
      }
    }
    guard let place = options.startFrom else {
      for buffer in buffers { buffer.clear() }
      return Loaded()
    }
    let path = try beginStage(from: place)
    return Loaded(path: path, isOfThisRun: false)
  }

  /// Reads the newest checkpoint that is whole into the buffers.
  private func newest(
    in folder: CheckpointFolder
  ) throws(TrainFailure) -> (path: String, Checkpoint)? {
    for path in try folder.files().map(\.path) {
      do throws(TrainFailure) {
        return (path, try Checkpoint(path: path, model, into: buffers))
      } catch {
        // A damaged file is passed over; one of another model is the user's mistake.
        guard error.code == .checkpoint else { throw error }
        damagedCheckpoints.append(path)
        report(.checkpointSkipped(message: error.message))
        for buffer in buffers { buffer.clear() }
      }
    }
    return nil
  }

  private func resume(_ checkpoint: Checkpoint, _ path: String) throws(TrainFailure) {
    do throws(LoadFailure) { try order.identity.check(checkpoint.loader, path: path) } catch {
      throw .wrapping(.configuration, error)
    }
    step = checkpoint.step
    samplesConsumed = checkpoint.loader.samplesConsumed
    optimizer.updates = checkpoint.updates
    origin = checkpoint.origin
  }

  /// - Returns: The path, on every rank.
  func save(_ folder: CheckpointFolder) throws(TrainFailure) -> String {
    let path = folder.file(step: step)
    report(.checkpointDue(step: step))
    var failure: TrainFailure?
    if ranks.rank == 0 {
      let checkpoint = Checkpoint(
        step: step, updates: optimizer.updates,
        loader: LoaderState(identity: order.identity, samplesConsumed: samplesConsumed),
        tokenizer: data.facts.tokenizer, origin: origin)
      do throws(TrainFailure) {
        try checkpoint.write(to: path, model, buffers)
        try folder.prune(through: step)
        report(.checkpointWritten(path: path, step: step))
      } catch { failure = error }
    }
    let failed = try ranks.broadcast([failure == nil ? 0 : 1])
    if let failure { throw failure }
    guard failed[0] == 0 else {
      throw TrainFailure(
        .ranks, "cannot go on", found: "rank 0 could not write a checkpoint",
        remedy: "its message says why")
    }
    return path
  }
}
