import Compression
import Files
import Glibc
import ShardifyCore

/// The decompressed bytes of one input, in order. gzip and zstd are told by their first bytes.
final class DecodedInput {
  /// Bytes read from the file or pipe so far, compressed if it is.
  private(set) var consumedBytes = 0
  /// Whether any place can be jumped to: a plain regular file.
  let canSeek: Bool

  private static let bufferBytes = 256 << 10
  private let name: String
  private let file: FileDescriptor
  private let decompressor: StreamDecompressor?
  private let buffer = PaddedBytes(capacity: DecodedInput.bufferBytes)
  private var start = 0
  private var count = 0
  private var fileEnded = false
  private var outputPending = false

  init(_ input: InputFile) throws(IngestFailure) {
    name = input.name
    do throws(FileFailure) {
      file = try FileDescriptor.read(input.path)
    } catch { throw .reading(error, name: input.name) }
    do throws(FileFailure) {
      // Four bytes tell the format; a pipe may give fewer at a time.
      while count < 4 && !fileEnded {
        let room = UnsafeMutableRawBufferPointer(
          start: buffer.base + count, count: buffer.capacity - count)
        let added = try file.read(into: room)
        if added == 0 { fileEnded = true }
        count += added
      }
    } catch { throw .reading(error, name: input.name) }
    consumedBytes = count
    let first = UnsafeRawBufferPointer(start: buffer.base, count: count)
    let format = StreamFormat(firstBytes: first)
    if format == .plain && InputFormat.namesCompressed(input.name) {
      throw IngestFailure(
        .notCompressed, "cannot read input", path: input.name, offset: 0,
        found: count == 0 ? "an empty file" : "bytes \(Self.hexadecimal(first.prefix(4)))",
        expected: "gzip (1f 8b) or zstd (28 b5 2f fd)",
        remedy: "the file is damaged or misnamed; fetch it again or rename it")
    }
    do throws(CompressionFailure) {
      decompressor = format == .plain ? nil : try StreamDecompressor(format)
    } catch { throw .decompressing(error, name: input.name) }
    canSeek =
      format == .plain && input.path != "-" && FileSystem.status(input.path)?.kind == .file
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }

  /// Puts the next bytes into `output`, at least one; 0 at the end of a sound input.
  func read(into output: UnsafeMutableRawBufferPointer) throws(IngestFailure) -> Int {
    guard let decompressor else { return try readPlain(into: output) }
    while true {
      if start < count || outputPending {
        let taken: (read: Int, written: Int)
        do throws(CompressionFailure) {
          taken = try decompressor.decompress(
            UnsafeRawBufferPointer(start: buffer.base + start, count: count - start), into: output)
        } catch { throw .decompressing(error, name: name) }
        start += taken.read
        outputPending = taken.written == output.count
        if taken.written > 0 { return taken.written }
        if taken.read == 0 && start < count { throw stuck(decompressor) }
        continue
      }
      if fileEnded {
        do throws(CompressionFailure) {
          try decompressor.finish()
        } catch { throw .decompressing(error, name: name) }
        return 0
      }
      try refill()
    }
  }

  /// Goes to a place of a plain file, or to its end if that comes first; see `canSeek`.
  ///
  /// - Returns: The place reached.
  func seek(to offset: Int) throws(IngestFailure) -> Int {
    let end = lseek(file.number, 0, SEEK_END)
    let goal = min(offset, max(0, end))
    guard end >= 0, lseek(file.number, goal, SEEK_SET) == goal else {
      throw IngestFailure(
        .unreadable, "cannot read input", path: name, offset: goal,
        found: String(cString: strerror(errno)).lowercased())
    }
    start = 0
    count = 0
    fileEnded = false
    return goal
  }

  private func readPlain(into output: UnsafeMutableRawBufferPointer) throws(IngestFailure) -> Int {
    if start < count {
      let taken = min(output.count, count - start)
      output.copyMemory(from: UnsafeRawBufferPointer(start: buffer.base + start, count: taken))
      start += taken
      return taken
    }
    do throws(FileFailure) {
      let taken = try file.read(into: output)
      consumedBytes += taken
      return taken
    } catch { throw .reading(error, name: name) }
  }

  private func refill() throws(IngestFailure) {
    start = 0
    count = 0
    do throws(FileFailure) {
      count = try file.read(
        into: UnsafeMutableRawBufferPointer(start: buffer.base, count: buffer.capacity))
    } catch { throw .reading(error, name: name) }
    consumedBytes += count
    fileEnded = count == 0
  }

  private func stuck(_ decompressor: StreamDecompressor) -> IngestFailure {
    IngestFailure(
      .corrupt, "cannot read input", path: name, offset: decompressor.consumedBytes,
      found: "bytes that decompress to nothing", remedy: "the file is damaged; fetch it again")
  }
}
