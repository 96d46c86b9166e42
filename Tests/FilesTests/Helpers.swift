import Files
import Foundation

/// A folder that goes when the value goes.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/files-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func at(_ name: String) -> String { path + "/" + name }
}

/// The failure of the work; nil if there is none.
func failure(_ work: () throws(FileFailure) -> Void) -> FileFailure? {
  do throws(FileFailure) {
    try work()
    return nil
  } catch {
    return error
  }
}
