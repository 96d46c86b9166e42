import Files
import ShardifyCore

/// Reads `count` bytes that must be there. The caller has checked `count` against the file's size.
func readExactly(
  _ file: borrowing FileDescriptor, _ path: String, at offset: Int, count: Int, what: String,
  remedy: String
) throws(ShardsFailure) -> [UInt8] {
  var out = [UInt8](repeating: 0, count: count)
  var read = 0
  var failure: FileFailure?
  out.withUnsafeMutableBytes {
    do throws(FileFailure) { read = try file.read(into: $0, at: offset) } catch { failure = error }
  }
  if let failure { throw .file(failure) }
  guard read == count else {
    throw ShardsFailure(
      .truncated, what, path: path, offset: offset, found: "\(read) bytes", expected: "\(count)",
      remedy: remedy)
  }
  return out
}
