import Glibc
import ShardifyCore

/// What can go wrong with a file.
public enum FileFailureCode: Equatable, Sendable {
  /// It is not there.
  case missing
  /// The system refused or failed; the number is `errno`.
  case system(Int32)
  /// No room is left on the device, or a file-size limit was reached.
  case full
  /// It is larger than the caller allows.
  case tooLarge
  /// It is not what it should be: a folder, a file, empty.
  case wrongKind
  /// Another process holds it.
  case locked
}

/// The error of this module.
public typealias FileFailure = ModuleFailure<FileFailureCode>

extension ModuleFailure where Code == FileFailureCode {
  /// Describes the system's last error at `path`.
  static func system(_ what: String, path: String, errno number: Int32 = errno) -> FileFailure {
    let reason = String(cString: strerror(number))
    switch number {
    case ENOENT:
      return FileFailure(
        .missing, what, path: path, found: "no such file or folder",
        remedy: "check the path")
    case ENOSPC, EDQUOT, EFBIG:
      return FileFailure(
        .full, what, path: path, found: reason.lowercased(),
        remedy: "free some space and run the same command again; finished work is kept")
    case EACCES, EPERM, EROFS:
      return FileFailure(
        .system(number), what, path: path, found: reason.lowercased(),
        remedy: "check the permissions")
    default:
      return FileFailure(.system(number), what, path: path, found: reason.lowercased())
    }
  }
}
