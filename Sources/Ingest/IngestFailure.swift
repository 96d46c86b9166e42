import Compression
import Files
import ShardifyCore

/// What can go wrong with an input as a whole. A bad document is no failure: see `Reject`.
public enum IngestFailureCode: Equatable, Sendable {
  /// A path that was named is not there.
  case missing
  /// A folder or a glob holds no input.
  case noInput
  /// The system could not read it.
  case unreadable
  /// A compressed input ends too early.
  case truncated
  /// A compressed input is damaged.
  case corrupt
  /// The name says compressed, the bytes do not.
  case notCompressed
}

/// The error of this module.
public typealias IngestFailure = ModuleFailure<IngestFailureCode>

extension ModuleFailure where Code == IngestFailureCode {
  /// The same failure, told of an input.
  static func reading(_ failure: FileFailure, name: String) -> IngestFailure {
    IngestFailure(
      failure.code == .missing ? .missing : .unreadable, "cannot read input", path: name,
      found: failure.found, expected: failure.expected, remedy: failure.remedy)
  }

  /// The same failure, told of an input; the offset counts compressed bytes.
  static func decompressing(_ failure: CompressionFailure, name: String) -> IngestFailure {
    IngestFailure(
      failure.code == .truncated ? .truncated : .corrupt, "cannot read input", path: name,
      offset: failure.offset, found: failure.found, expected: failure.expected,
      remedy: failure.remedy ?? "the file is damaged; fetch it again")
  }
}
