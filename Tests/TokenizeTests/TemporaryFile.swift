import Files
import Glibc
import ShardifyCore

/// A file that is gone after the test.
enum TemporaryFile {
  static func with<T>(
    _ bytes: [UInt8], ending: String, _ body: (String) throws -> T
  ) throws -> T {
    var random = SystemRandomNumberGenerator()
    let name = ending.split(separator: "/").last.map(String.init) ?? ending
    let path = "/tmp/tokenize-test-\(getpid())-\(random.next())-\(name)"
    try FileSystem.writeAtomically(bytes, to: path)
    defer { unlink(path) }
    return try body(path)
  }
}
