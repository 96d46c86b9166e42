import ShardifyCore

/// What can go wrong with a stage beyond what its parts report.
public enum StageFailureCode: Equatable, Sendable {
  /// The options contradict each other, or the store or dataset they name.
  case options
  /// An input is not what it was, or could not be read to its end.
  case input
  /// More documents were rejected than allowed.
  case rejects
  /// A store or dataset is not what its catalog or manifest says.
  case damaged
  /// The user asked for the end.
  case stopped
}

/// The error of this module.
public typealias StageFailure = ModuleFailure<StageFailureCode>
