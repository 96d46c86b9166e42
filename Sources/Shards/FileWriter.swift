import Files
import ShardifyCore

/// An atomic file with buffered writes that knows its offset and, if asked, its SHA-256.
struct FileWriter: ~Copyable {
  private var file: AtomicFile
  private var buffer: [UInt8] = []
  private var hash = SHA256()
  /// Bytes written so far.
  private(set) var offset = 0
  let path: String

  init(path: String) throws(ShardsFailure) {
    self.path = path
    file = try files { () throws(FileFailure) in try AtomicFile(path: path) }
    buffer.reserveCapacity(2 << 20)
  }

  mutating func write(_ bytes: [UInt8]) throws(ShardsFailure) {
    offset += bytes.count
    // What is large goes out as it is.
    if bytes.count >= 1 << 16 {
      try flush()
      hash.update(bytes)
      do throws(FileFailure) { try file.write(bytes) } catch { throw .file(error) }
      return
    }
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 20 { try flush() }
  }

  private mutating func flush() throws(ShardsFailure) {
    if buffer.isEmpty { return }
    hash.update(buffer)
    do throws(FileFailure) { try file.write(buffer) } catch { throw .file(error) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Publishes the file; returns its SHA-256.
  @discardableResult
  mutating func publish() throws(ShardsFailure) -> SHA256.Digest {
    try flush()
    let digest = hash.finish()
    do throws(FileFailure) { try file.publish() } catch { throw .file(error) }
    return digest
  }
}
