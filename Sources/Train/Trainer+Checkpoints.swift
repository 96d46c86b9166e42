import Load
import ShardifyCore

/// Starting and checkpoints.
extension Trainer {
  private var buffers: [FloatBuffer] {
    [engine.parameters, optimizer.firstMoment, optimizer.secondMoment]
  }

  /// Loads a checkpoint or makes a new model on rank 0, and gives it to all ranks.
  ///
  /// - Returns: The checkpoint, if there was one; on rank 0.
  func start(_ unigrams: UnigramStatistics) throws(TrainFailure) -> String? {
    var resumed: String?
    var failure: TrainFailure?
    if ranks.rank == 0 {
      do throws(TrainFailure) {
        resumed = try load()
        try refuseLaterCheckpoints()
      } catch { failure = error }
    }
    if resumed == nil {
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
    return resumed
  }

  /// A new run in the folder of another would leave that one's checkpoints as the newest.
  private func refuseLaterCheckpoints() throws(TrainFailure) {
    guard options.resume != .auto, let folder, let newest = try folder.files().first,
      newest.step > step
    else { return }
    throw TrainFailure(
      .configuration, "cannot start", path: newest.path,
      found: "a checkpoint of step \(newest.step)", expected: "none after step \(step)",
      remedy: "choose another checkpoint folder, or go on with --resume auto")
  }

  private func load() throws(TrainFailure) -> String? {
    switch options.resume {
    case .none: return nil
    case .path(let path):
      try load(path)
      return path
    case .auto:
      for path in try folder?.files().map(\.path) ?? [] {
        do throws(TrainFailure) {
          try load(path)
          return path
        } catch {
          // A damaged file is passed over; one of another model or dataset is the user's mistake.
          guard error.code == .checkpoint else { throw error }
          report(.checkpointSkipped(message: error.message))
          for buffer in buffers { buffer.clear() }
        }
      }
      return nil
    }
  }

  private func load(_ path: String) throws(TrainFailure) {
    let checkpoint = try Checkpoint(path: path, model, into: buffers)
    do throws(LoadFailure) { try order.identity.check(checkpoint.loader, path: path) } catch {
      throw .wrapping(.configuration, error)
    }
    step = checkpoint.step
    samplesConsumed = checkpoint.loader.samplesConsumed
    optimizer.updates = checkpoint.updates
  }

  /// - Returns: The path, on every rank.
  func save(_ folder: CheckpointFolder) throws(TrainFailure) -> String {
    let path = folder.file(step: step)
    report(.checkpointDue(step: step))
    var failure: TrainFailure?
    if ranks.rank == 0 {
      let checkpoint = Checkpoint(
        step: step, updates: optimizer.updates,
        loader: LoaderState(identity: order.identity, samplesConsumed: samplesConsumed))
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
