import CZlib
import CZstd
import ShardifyCore

/// How a stream of bytes is compressed, told by its first bytes.
public enum StreamFormat: Sendable {
  case plain, gzip, zstd

  /// Looks at the first bytes of a file.
  public init(firstBytes: some Collection<UInt8>) {
    let start = Array(firstBytes.prefix(4))
    if start.starts(with: [0x1F, 0x8B]) {
      self = .gzip
    } else if start == [0x28, 0xB5, 0x2F, 0xFD]
      || (start.count == 4 && start[0] & 0xF0 == 0x50 && Array(start[1...]) == [0x2A, 0x4D, 0x18])
    {
      self = .zstd
    } else {
      self = .plain
    }
  }
}

/// Turns compressed bytes that arrive in parts into plain ones: concatenated gzip members or zstd
/// frames. Not for two threads at once.
public final class StreamDecompressor {
  private let format: StreamFormat
  private var zlib: OpaquePointer?
  private var zstd: OpaquePointer?
  private var insideFrame = false
  private let windowLogLimit: Int
  /// Compressed bytes taken so far.
  public private(set) var consumedBytes = 0

  /// Makes a decompressor.
  ///
  /// - Parameter windowLogLimit: A zstd stream that asks for a window above 2^this is refused.
  public init(_ format: StreamFormat, windowLogLimit: Int = 27) throws(CompressionFailure) {
    self.format = format
    self.windowLogLimit = windowLogLimit
    switch format {
    case .plain: break
    case .gzip: zlib = czlib_inflater_make()
    case .zstd:
      zstd = czstd_decompressor_make()
      if let zstd { czstd_limit_window(zstd, Int32(windowLogLimit)) }
    }
    if format != .plain && zlib == nil && zstd == nil {
      throw CompressionFailure(.library, "cannot start decompression", found: "no memory")
    }
  }

  deinit {
    if let zlib { czlib_inflater_free(zlib) }
    if let zstd { czstd_decompressor_free(zstd) }
  }

  /// Decompresses as much as fits.
  ///
  /// - Returns: Bytes taken from `input` and bytes written to `output`. Call again until all input
  ///   is taken *and* less than the room was filled.
  public func decompress(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(CompressionFailure) -> (read: Int, written: Int) {
    var read = 0
    var written = 0
    if format == .plain {
      let count = min(input.count, output.count)
      output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
      consumedBytes += count
      return (count, count)
    }
    var reason: UnsafePointer<CChar>?
    while written < output.count {
      let before = (read, written)
      let state: Int32
      if let zstd {
        state = czstd_stream(
          zstd, output.baseAddress, output.count, &written, input.baseAddress, input.count, &read,
          &reason)
      } else {
        state = czlib_inflate(
          zlib, output.baseAddress, output.count, &written, input.baseAddress, input.count, &read,
          &reason)
      }
      if state < 0 {
        if let reason, String(cString: reason).contains("too much memory") {
          throw CompressionFailure(
            .tooLarge, "cannot decompress", offset: consumedBytes + read,
            found: "a zstd window over \(1 << windowLogLimit) bytes", expected: "a smaller one",
            remedy: "compress the file again without --long, or pipe zstd -dc into -")
        }
        throw CompressionFailure(
          .corrupt, "cannot decompress", offset: consumedBytes + read,
          found: reason.map { String(cString: $0) } ?? "corrupt data")
      }
      if state == 0 {
        insideFrame = false
        if let zlib { czlib_inflater_reset(zlib) }
        if read == input.count { break }
      } else {
        if (read, written) == before { break }
        insideFrame = true
      }
    }
    consumedBytes += read
    return (read, written)
  }

  /// To be called when the input has ended.
  ///
  /// - Throws: `.truncated` if a frame or member had not.
  public func finish() throws(CompressionFailure) {
    if insideFrame {
      throw CompressionFailure(
        .truncated, "cannot decompress", offset: consumedBytes,
        found: "the input ends inside a \(format == .gzip ? "gzip member" : "zstd frame")",
        expected: "its end", remedy: "the file is truncated; fetch it again")
    }
  }
}
