import Glibc
import ShardifyCore

/// A file written under a temporary name and given its own when it is whole.
///
/// The order is: temporary name, write, fsync the file, rename, fsync the folder. A file that is
/// never published is removed. The temporary name ends in `.partial`, so a crash leaves something
/// that can be told from data.
public struct AtomicFile: ~Copyable {
  /// The name it will have.
  public let path: String
  private let temporaryPath: String
  private let file: FileDescriptor
  private var published = false

  /// Opens `path` + `.partial`.
  public init(path: String) throws(FileFailure) {
    self.path = path
    temporaryPath = path + ".partial"
    file = try FileDescriptor.create(temporaryPath)
  }

  deinit { if !published { unlink(temporaryPath) } }

  /// Appends bytes.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) { try file.write(bytes) }

  /// Appends bytes.
  public func write(_ bytes: [UInt8]) throws(FileFailure) { try file.write(bytes) }

  /// Gives the file its name and makes both last.
  public mutating func publish() throws(FileFailure) {
    try file.sync()
    guard rename(temporaryPath, path) == 0 else {
      throw .system("cannot write file", path: path)
    }
    published = true
    try FileSystem.syncFolder(FileSystem.parent(path))
  }
}
