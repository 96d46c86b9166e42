import ShardifyCore

/// What can go wrong while a language model is read.
public enum DetectFailureCode: Equatable, Sendable {
  /// The file cannot be read.
  case file
  /// The file is not a language model of a known kind.
  case notAModel
  /// The model is of a version or kind that is not known here.
  case version
  /// The file ends before the model does.
  case truncated
  /// A part of the model contradicts another, or its sizes do not fit.
  case corrupt
  /// A setting is out of range.
  case setting
}

/// The error of this module.
public typealias DetectFailure = ModuleFailure<DetectFailureCode>
