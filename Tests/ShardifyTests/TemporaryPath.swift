import Foundation

/// Paths in the system's folder for temporary files. Apart from the other helpers, as Foundation
/// has a `Progress` of its own.
enum TemporaryPath {
  static func unused() -> String {
    FileManager.default.temporaryDirectory.path + "/stage-tests-" + UUID().uuidString
  }

  static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  /// Gives a file another time of change.
  static func touch(_ path: String) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
  }
}
