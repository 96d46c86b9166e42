import Glibc
import ShardifyCore

/// An open file, closed when it goes out of scope.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The system's number.
  public let number: Int32
  private let path: String

  deinit { if number > 2 { close(number) } }

  /// Opens for reading. `-` is standard input.
  public static func read(_ path: String) throws(FileFailure) -> FileDescriptor {
    if path == "-" { return FileDescriptor(number: 0, path: path) }
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .system("cannot open file", path: path) }
    return FileDescriptor(number: number, path: path)
  }

  /// Opens a regular file for reading; anything else is refused, a pipe without waiting for it.
  public static func readRegular(_ path: String) throws(FileFailure) -> FileDescriptor {
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { throw .system("cannot open file", path: path) }
    let file = FileDescriptor(number: number, path: path)
    var info = stat()
    guard fstat(number, &info) == 0 else { throw .system("cannot read file", path: path) }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw FileFailure(
        .wrongKind, "cannot read file", path: path,
        found: info.st_mode & S_IFMT == S_IFDIR ? "a folder" : "not a regular file",
        expected: "a file")
    }
    return file
  }

  /// Creates or empties a file for writing.
  public static func create(_ path: String) throws(FileFailure) -> FileDescriptor {
    let number = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw .system("cannot create file", path: path) }
    return FileDescriptor(number: number, path: path)
  }

  /// Reads up to `into.count` bytes from where the last read ended; 0 at the end of the file.
  public func read(into: UnsafeMutableRawBufferPointer) throws(FileFailure) -> Int {
    while true {
      let count = Glibc.read(number, into.baseAddress, into.count)
      if count >= 0 { return count }
      if errno != EINTR { throw .system("cannot read file", path: path) }
    }
  }

  /// Fills `into` from `offset`; fewer bytes only at the end of the file.
  public func read(into: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileFailure) -> Int {
    var done = 0
    while done < into.count, let base = into.baseAddress {
      let count = pread(number, base + done, into.count - done, offset + done)
      if count == 0 { break }
      if count > 0 {
        done += count
      } else if errno != EINTR {
        throw .system("cannot read file", path: path)
      }
    }
    return done
  }

  /// Writes all bytes where the last write ended.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let count = Glibc.write(number, base + done, bytes.count - done)
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        throw .system("cannot write file", path: path)
      }
    }
  }

  /// Writes all bytes where the last write ended.
  public func write(_ bytes: [UInt8]) throws(FileFailure) {
    var failure: FileFailure?
    bytes.withUnsafeBytes {
      do throws(FileFailure) { try write($0) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// The size in bytes.
  public func fileSizeBytes() throws(FileFailure) -> Int {
    var info = stat()
    guard fstat(number, &info) == 0 else { throw .system("cannot read file", path: path) }
    return Int(info.st_size)
  }

  /// Waits until what was written is on the device.
  public func sync() throws(FileFailure) {
    guard fsync(number) == 0 else { throw .system("cannot write file", path: path) }
  }
}
