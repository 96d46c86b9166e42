import Files
import GRDB
import ShardifyCore

/// What can go wrong with a catalog or a manifest.
public enum ManifestFailureCode: Equatable, Sendable {
  /// There is no such file.
  case missing
  /// The file is not a catalog or manifest of shardify, or is damaged.
  case notOurs
  /// It is of a format version this program does not know.
  case version
  /// Another process holds it.
  case locked
  /// No room is left.
  case full
  /// SQLite failed in another way.
  case database
}

/// The error of this module.
public typealias ManifestFailure = ModuleFailure<ManifestFailureCode>

/// Runs database work and turns what it throws into this module's failure.
///
/// - Parameter remedy: What mends a file that is no SQLite file any more.
func database<Value>(
  _ what: String, path: String, ifDamaged remedy: String? = nil, _ work: () throws -> Value
) throws(ManifestFailure) -> Value {
  do {
    return try work()
  } catch let error as ManifestFailure {
    throw error
  } catch let error as DatabaseError {
    let message = error.message ?? "SQLite error \(error.resultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      throw ManifestFailure(
        .locked, what, path: path, found: "locked by another process",
        remedy: "wait until it is done, or stop it")
    case .SQLITE_FULL, .SQLITE_IOERR:
      throw ManifestFailure(
        .full, what, path: path, found: message,
        remedy: "free some space and run the same command again; finished work is kept")
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      throw ManifestFailure(
        .notOurs, what, path: path, found: message, expected: "an SQLite file of shardify",
        remedy: remedy)
    case .SQLITE_CANTOPEN:
      if let found = FileSystem.whyUnreadable(path) {
        throw ManifestFailure(
          .missing, what, path: path, found: found, remedy: "check the path and its permissions")
      }
      throw ManifestFailure(.missing, what, path: path, found: message, remedy: "check the path")
    default:
      // What SQLite says of a sum over rows that no shardify has written.
      if message.contains("integer overflow") {
        throw ManifestFailure(
          .notOurs, what, path: path, found: "numbers whose sum is too large",
          expected: "an SQLite file of shardify")
      }
      throw ManifestFailure(.database, what, path: path, found: message)
    }
  } catch {
    throw ManifestFailure(.database, what, path: path, found: "\(error)")
  }
}
