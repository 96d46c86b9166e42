import Compression
import Files
import ShardifyCore

/// What can go wrong with a run or a shard.
public enum ShardsFailureCode: Equatable, Sendable {
  /// The file could not be opened, read or written.
  case file
  /// No room is left.
  case full
  /// The file ends too early.
  case truncated
  /// The bytes are not what the format says.
  case corrupt
  /// The file is of a format version this program does not know.
  case version
  /// The file belongs to another store, tokenizer or plan.
  case mismatch
}

/// The error of this module.
public typealias ShardsFailure = ModuleFailure<ShardsFailureCode>

extension ModuleFailure where Code == ShardsFailureCode {
  /// Passes a file error on.
  public static func file(_ error: FileFailure) -> ShardsFailure {
    ShardsFailure(
      error.code == .full ? .full : .file, error.what, path: error.path, offset: error.offset,
      found: error.found, expected: error.expected, remedy: error.remedy)
  }

  /// Says where compressed bytes were wrong.
  static func compression(
    _ error: CompressionFailure, _ what: String, path: String, offset: Int, remedy: String
  ) -> ShardsFailure {
    ShardsFailure(
      .corrupt, what, path: path, offset: offset, found: error.found, expected: error.expected,
      remedy: remedy)
  }
}

/// Runs a call of the file layer and passes its error on as this module's.
func files<Value: ~Copyable>(
  _ call: () throws(FileFailure) -> Value
) throws(ShardsFailure) -> Value {
  do throws(FileFailure) {
    return try call()
  } catch {
    throw .file(error)
  }
}
