import CZstd
import ShardifyCore

/// zstd frames in memory.
public enum Zstd {
  /// The library's version: 1.5.4 is 10504.
  public static var libraryVersion: Int { Int(czstd_version()) }

  /// The library's version with dots.
  public static var libraryVersionText: String {
    let v = libraryVersion
    return "\(v / 10_000).\(v / 100 % 100).\(v % 100)"
  }

  /// The decompressed size a frame claims; nil if it claims none.
  ///
  /// - Throws: `.corrupt` if the bytes do not start a frame.
  public static func contentSize(
    of frame: UnsafeRawBufferPointer
  ) throws(CompressionFailure) -> Int? {
    let claimed = czstd_frame_content_size(frame.baseAddress, frame.count)
    if claimed == -2 {
      throw CompressionFailure(.corrupt, "cannot read zstd frame", found: "not a zstd frame")
    }
    return claimed < 0 ? nil : Int(claimed)
  }
}

/// Writes zstd frames: one call, one frame, with content size and checksum. Not for two threads
/// at once.
public final class ZstdCompressor {
  private let context: OpaquePointer
  /// Room for a frame in the worst case, used again for the next.
  private var room: UnsafeMutableRawBufferPointer

  /// - Parameter level: 1 to 22; negative levels are faster.
  public init(level: Int) throws(CompressionFailure) {
    guard let context = czstd_compressor_make(Int32(level)) else {
      throw CompressionFailure(.library, "cannot start zstd", found: "no memory")
    }
    self.context = context
    room = .allocate(byteCount: 0, alignment: 16)
  }

  deinit {
    czstd_compressor_free(context)
    room.deallocate()
  }

  /// Appends one frame that holds `bytes`; returns the frame's size.
  @discardableResult
  public func compress(
    _ bytes: UnsafeRawBufferPointer, appendingTo output: inout [UInt8]
  ) throws(CompressionFailure) -> Int {
    let bound = czstd_bound(bytes.count)
    if room.count < bound {
      room.deallocate()
      room = .allocate(byteCount: bound, alignment: 16)
    }
    var reason: UnsafePointer<CChar>?
    let written = czstd_compress(
      context, room.baseAddress, bound, bytes.baseAddress, bytes.count, &reason)
    guard written != Int(bitPattern: UInt.max) else {
      throw CompressionFailure(
        .library, "cannot compress", found: reason.map { String(cString: $0) } ?? "zstd failed")
    }
    output.append(
      contentsOf: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<written]))
    return written
  }
}

/// Reads zstd frames. Not for two threads at once.
public final class ZstdDecompressor {
  private let context: OpaquePointer
  /// Room for compressed bytes, for whoever reads them before they are decompressed.
  public var scratch: [UInt8] = []

  /// Makes a context.
  public init() throws(CompressionFailure) {
    guard let context = czstd_decompressor_make() else {
      throw CompressionFailure(.library, "cannot start zstd", found: "no memory")
    }
    self.context = context
  }

  deinit { czstd_decompressor_free(context) }

  /// Decompresses one frame into `output`, which must be exactly as large as the content.
  public func decompress(
    _ frame: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(CompressionFailure) {
    var reason: UnsafePointer<CChar>?
    let written = czstd_decompress(
      context, output.baseAddress, output.count, frame.baseAddress, frame.count, &reason)
    guard written != Int(bitPattern: UInt.max) else {
      throw CompressionFailure(
        .corrupt, "cannot read zstd frame",
        found: reason.map { String(cString: $0) } ?? "zstd failed")
    }
    guard written == output.count else {
      throw CompressionFailure(
        .corrupt, "cannot read zstd frame", found: "\(written) bytes",
        expected: "\(output.count) bytes")
    }
  }

  /// Decompresses one frame whose content size is written in it and at most `limitBytes`.
  public func decompress(
    _ frame: UnsafeRawBufferPointer, limitBytes: Int
  ) throws(CompressionFailure) -> [UInt8] {
    guard let count = try Zstd.contentSize(of: frame) else {
      throw CompressionFailure(
        .corrupt, "cannot read zstd frame", found: "no content size", expected: "a content size")
    }
    guard count <= limitBytes else {
      throw CompressionFailure(
        .tooLarge, "cannot read zstd frame", found: "\(count) bytes of content",
        expected: "at most \(limitBytes)")
    }
    var output = [UInt8](repeating: 0, count: count)
    var failure: CompressionFailure?
    output.withUnsafeMutableBytes {
      do throws(CompressionFailure) { try decompress(frame, into: $0) } catch { failure = error }
    }
    if let failure { throw failure }
    return output
  }
}
