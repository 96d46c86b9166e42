import ShardifyCore

/// What can go wrong with training.
public enum TrainingFailureCode: Equatable, Sendable {
  /// An option is out of range, or contradicts another.
  case options
  /// There is too little text for what was asked.
  case tooLittle
  /// Memory does not suffice.
  case memory
  /// The user asked for the end.
  case stopped
}

/// The error of this module.
public typealias TrainingFailure = ModuleFailure<TrainingFailureCode>

extension TrainingFailure {
  /// A failure of `train-tokenizer`.
  static func training(
    _ code: TrainingFailureCode, found: String, expected: String? = nil, remedy: String? = nil
  ) -> TrainingFailure {
    TrainingFailure(
      code, "cannot train tokenizer", found: found, expected: expected, remedy: remedy)
  }
}
