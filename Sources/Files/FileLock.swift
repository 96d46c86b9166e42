import Glibc
import ShardifyCore

/// Held by one process at a time; let go when the value goes or the process ends, however it ends.
public final class FileLock: Sendable {
  private let number: Int32

  /// Takes the lock on a file, made if missing.
  ///
  /// - Throws: `.locked`, naming the process that holds it, if another does.
  public init(path: String, purpose: String) throws(FileFailure) {
    number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw .system("cannot open lock", path: path) }
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      var text = [UInt8](repeating: 0, count: 200)
      let count = max(0, Glibc.read(number, &text, text.count))
      // Not closed here: a failed init of a whole object is followed by its deinit.
      let holder = String(decoding: text[..<count], as: UTF8.self)
        .split(separator: "\n").first.map(String.init)
      throw FileFailure(
        .locked, "cannot use folder", path: FileSystem.parent(path),
        found: "in use by \(holder ?? "another process")",
        remedy: "wait until it is done, or stop it")
    }
    ftruncate(number, 0)
    let line = Array("process \(getpid()) (\(purpose))\n".utf8)
    _ = line.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
  }

  deinit { close(number) }
}
