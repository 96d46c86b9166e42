import Files
import Foundation

/// A new folder for one test, removed with everything in it when the value goes.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array((NSTemporaryDirectory() + "/shardify-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
    path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

/// All bytes of a file.
func contents(_ path: String) throws -> [UInt8] {
  try FileSystem.read(path, limitBytes: 1 << 30)
}

/// Puts bytes into a file, without waiting for the device.
func put(_ bytes: [UInt8], _ path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}
