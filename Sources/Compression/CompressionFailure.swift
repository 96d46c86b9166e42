import ShardifyCore

/// What can go wrong with compressed bytes.
public enum CompressionFailureCode: Equatable, Sendable {
  /// The bytes are not what they claim to be, or a checksum differs.
  case corrupt
  /// The bytes end before the frame or member does.
  case truncated
  /// More was asked for than is allowed.
  case tooLarge
  /// The library could not work (memory).
  case library
}

/// The error of this module. The path is filled in by whoever knows it.
public typealias CompressionFailure = ModuleFailure<CompressionFailureCode>
