import ShardifyCore

/// What can go wrong in training.
public enum TrainFailureCode: Equatable, Sendable {
  /// A setting is out of range, or two do not fit together.
  case configuration
  /// A checkpoint is damaged, or of another model or dataset.
  case checkpoint
  /// The ranks disagree, or MPI failed.
  case ranks
  /// The loss is no longer a number.
  case diverged
  /// A shard could not be read.
  case data
  /// A file could not be written.
  case file
}

/// The error of this module.
public typealias TrainFailure = ModuleFailure<TrainFailureCode>

extension ModuleFailure where Code == TrainFailureCode {
  /// Carries the failure of a lower module up, message and all.
  public static func wrapping<Lower>(_ code: TrainFailureCode, _ lower: ModuleFailure<Lower>)
    -> TrainFailure
  {
    TrainFailure(
      code, lower.what, path: lower.path, offset: lower.offset, found: lower.found,
      expected: lower.expected, remedy: lower.remedy)
  }
}
