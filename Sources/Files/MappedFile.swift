import Glibc
import ShardifyCore

/// A file mapped for reading; unmapped when the last reference goes.
///
/// The bytes are not trusted, and must not be cut by another process while they are mapped.
public final class MappedFile: @unchecked Sendable {
  /// Where the bytes are.
  public let bytes: UnsafeRawBufferPointer
  /// The path as given.
  public let path: String

  /// Maps a regular file. An empty file gives no bytes.
  public init(path: String) throws(FileFailure) {
    let file = try FileDescriptor.readRegular(path)
    let count = try file.fileSizeBytes()
    self.path = path
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, file.number, 0)
    guard let base, Int(bitPattern: base) != -1 else {
      throw .system("cannot map file", path: path)
    }
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  deinit {
    if let base = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
    }
  }
}
