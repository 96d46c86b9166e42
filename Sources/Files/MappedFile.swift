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
    let file = try FileDescriptor.read(path)
    var info = stat()
    guard fstat(file.number, &info) == 0 else { throw .system("cannot read file", path: path) }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw FileFailure(
        .wrongKind, "cannot read file", path: path,
        found: info.st_mode & S_IFMT == S_IFDIR ? "a folder" : "not a regular file",
        expected: "a file")
    }
    self.path = path
    let count = Int(info.st_size)
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
