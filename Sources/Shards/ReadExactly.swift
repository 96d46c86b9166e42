import Files
import ShardifyCore

/// Reads `count` bytes that must be there. The caller has checked `count` against the file's size.
func readExactly(
  _ file: borrowing FileDescriptor, _ path: String, at offset: Int, count: Int, what: String,
  remedy: String
) throws(ShardsFailure) -> [UInt8] {
  var out = [UInt8](repeating: 0, count: count)
  try readExactly(file, path, at: offset, count: count, into: &out, what: what, remedy: remedy)
  return out
}

/// Reads `count` bytes to the front of an array, which is made larger if it must be: for buffers
/// that are used again, so that their pages need not be cleared anew for every read.
func readExactly(
  _ file: borrowing FileDescriptor, _ path: String, at offset: Int, count: Int,
  into room: inout [UInt8], what: String, remedy: String
) throws(ShardsFailure) {
  if room.count < count { room = [UInt8](repeating: 0, count: count) }
  var read = 0
  var failure: FileFailure?
  room.withUnsafeMutableBytes {
    let target = UnsafeMutableRawBufferPointer(rebasing: $0[..<count])
    do throws(FileFailure) { read = try file.read(into: target, at: offset) } catch {
      failure = error
    }
  }
  if let failure { throw .file(failure) }
  guard read == count else {
    throw ShardsFailure(
      .truncated, what, path: path, offset: offset, found: "\(read) bytes", expected: "\(count)",
      remedy: remedy)
  }
}
