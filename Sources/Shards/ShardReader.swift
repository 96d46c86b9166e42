import Compression
import Files
import ShardifyCore

/// One frame of a shard.
public struct ShardFrame: Sendable, Equatable {
  /// The number of its first token in the shard.
  public var firstToken: Int
  /// Tokens in the frame.
  public var tokenCount: Int
  /// Where it starts in the file.
  public var offset: Int
  /// Its compressed size.
  public var sizeBytes: Int
}

/// Reads a shard from its own tables, without the manifest. Not for two threads at once.
public final class ShardReader {
  /// The file.
  public let path: String
  /// Its facts.
  public let header: ShardHeader
  /// Its frames of tokens, in order.
  public let frames: [ShardFrame]
  /// Its pieces, in token order.
  public let pieces: ShardPieces
  /// The text of the plan it was written by.
  public let planText: [UInt8]
  /// The file's size.
  public let fileSizeBytes: Int
  private let file: FileDescriptor
  private let zstd: ZstdDecompressor
  /// Compressed bytes of the frame read last; kept for its memory.
  private var packed: [UInt8] = []
  /// What mends a dataset with a shard that is damaged. It is removed first, so that the balance need
  /// not notice that it is.
  public static func remedy(_ path: String) -> String {
    "rm \(path), then run the same balance again, which writes it anew"
  }

  /// Opens a shard and reads its tables.
  public init(path: String) throws(ShardsFailure) {
    let file = try files { () throws(FileFailure) in try FileDescriptor.readRegular(path) }
    let size = try files { () throws(FileFailure) in try file.fileSizeBytes() }
    let entries = try ShardReader.seekEntries(file, size, path)
    let data = entries.prefix { $0.raw > 0 }
    let tables = Array(entries.dropFirst(data.count))
    guard tables.count == 3, tables.allSatisfy({ $0.raw == 0 }) else {
      throw ShardReader.corrupt(
        path, size, "\(tables.count) tables in the seek table", expected: "3")
    }
    let zstd = try ShardReader.decompressor()
    let header = try ShardReader.header(file, tables[0], path)
    let width = header.tokenWidthBytes
    var frames: [ShardFrame] = []
    var token = 0
    for entry in data {
      guard entry.raw % width == 0, entry.raw / width <= header.frameTokens,
        token % header.frameTokens == 0
      else {
        throw ShardReader.corrupt(path, entry.offset, "a frame of \(entry.raw) bytes")
      }
      frames.append(
        ShardFrame(
          firstToken: token, tokenCount: entry.raw / width, offset: entry.offset,
          sizeBytes: entry.size))
      token += entry.raw / width
    }
    guard token == header.tokenCount else {
      throw ShardReader.corrupt(
        path, size, "\(token) tokens in the seek table", expected: "\(header.tokenCount)")
    }
    let pieces = try ShardReader.table(
      file, tables[1], .shardPieces, path, zstd,
      limitBytes: 4 + ShardPieces.bytesPerPiece * max(header.tokenCount, 1))
    guard SHA256.of(pieces) == header.pieces, let pieces = ShardPieces(bytes: pieces),
      ShardReader.agree(pieces, header)
    else {
      throw ShardReader.corrupt(path, tables[1].offset, "a piece table that does not match")
    }
    planText = try ShardReader.table(
      file, tables[2], .shardPlan, path, zstd, limitBytes: 256 << 20)
    guard SHA256.of(planText) == header.plan else {
      throw ShardReader.corrupt(path, tables[2].offset, "a plan that is not the header's")
    }
    self.path = path
    self.header = header
    self.frames = frames
    self.pieces = pieces
    self.file = file
    self.zstd = zstd
    fileSizeBytes = size
  }

  /// Appends the ids of a frame.
  ///
  /// - Throws: `.corrupt` also for an id that is not in the vocabulary.
  public func readFrame(_ number: Int, into out: TokenBuffer) throws(ShardsFailure) {
    let frame = frames[number]
    let raw = try rawFrame(number)
    let target = out.reserve(frame.tokenCount)
    let limit = TokenID(clamping: header.vocabularySize)
    var largest: TokenID = 0
    raw.withUnsafeBytes { bytes in
      if header.tokenWidthBytes == 2 {
        for index in 0..<frame.tokenCount {
          let id = TokenID(
            bytes.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self).littleEndian)
          target[index] = id
          largest = max(largest, id)
        }
      } else {
        for index in 0..<frame.tokenCount {
          let id = bytes.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self).littleEndian
          target[index] = id
          largest = max(largest, id)
        }
      }
    }
    guard largest < limit || frame.tokenCount == 0 else {
      throw ShardReader.corrupt(
        path, frame.offset, "token id \(largest)", expected: "below \(limit)")
    }
    out.advance(by: frame.tokenCount)
  }

  /// Decompresses the raw bytes of a frame's tokens into `target`, which has exactly their size. Ids
  /// are not looked at.
  public func readFrame(
    _ number: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(ShardsFailure) {
    let frame = frames[number]
    precondition(target.count == frame.tokenCount * header.tokenWidthBytes, "room for the frame")
    if packed.count < frame.sizeBytes { packed = [UInt8](repeating: 0, count: frame.sizeBytes) }
    var fileFailure: FileFailure?
    var failure: CompressionFailure?
    var read = 0
    packed.withUnsafeMutableBytes { all in
      let room = UnsafeMutableRawBufferPointer(rebasing: all[..<frame.sizeBytes])
      do throws(FileFailure) { read = try file.read(into: room, at: frame.offset) } catch {
        fileFailure = error
      }
      guard read == frame.sizeBytes else { return }
      do throws(CompressionFailure) {
        try zstd.decompress(UnsafeRawBufferPointer(room), into: target)
      } catch { failure = error }
    }
    if let fileFailure { throw .file(fileFailure) }
    guard read == frame.sizeBytes else {
      throw ShardsFailure(
        .truncated, "cannot read shard", path: path, offset: frame.offset, found: "\(read) bytes",
        expected: "\(frame.sizeBytes)", remedy: ShardReader.remedy(path))
    }
    if let failure {
      throw .compression(
        failure, "cannot read shard", path: path, offset: frame.offset,
        remedy: ShardReader.remedy(path))
    }
  }

  /// The raw bytes of a frame's tokens.
  public func rawFrame(_ number: Int) throws(ShardsFailure) -> [UInt8] {
    let frame = frames[number]
    let bytes = try ShardReader.bytes(file, path, at: frame.offset, count: frame.sizeBytes)
    let count = frame.tokenCount * header.tokenWidthBytes
    var out: [UInt8] = []
    var failure: CompressionFailure?
    bytes.withUnsafeBytes {
      do throws(CompressionFailure) { out = try zstd.decompress($0, limitBytes: count) } catch {
        failure = error
      }
    }
    if let failure {
      throw .compression(
        failure, "cannot read shard", path: path, offset: frame.offset,
        remedy: ShardReader.remedy(path))
    }
    guard out.count == count else {
      throw ShardReader.corrupt(
        path, frame.offset, "\(out.count) bytes of tokens", expected: "\(count)")
    }
    return out
  }

  private struct Entry {
    var offset: Int
    var size: Int
    var raw: Int
  }

  private static func seekEntries(
    _ file: borrowing FileDescriptor, _ size: Int, _ path: String
  ) throws(ShardsFailure) -> [Entry] {
    let least = SkippableFrame.headerBytes + SeekTable.footerBytes
    guard size >= least else {
      throw ShardsFailure(
        .truncated, "cannot read shard", path: path, found: "\(size) bytes",
        expected: "at least \(least)", remedy: remedy(path))
    }
    let end = try bytes(file, path, at: size - SeekTable.footerBytes, count: SeekTable.footerBytes)
    let (count, descriptor, magic) = end.withUnsafeBytes {
      (
        Int($0.loadUnaligned(as: UInt32.self).littleEndian), $0[4],
        $0.loadUnaligned(fromByteOffset: 5, as: UInt32.self).littleEndian
      )
    }
    guard magic == SeekTable.magic else {
      let found = String(magic, radix: 16, uppercase: true)
      throw ShardsFailure(
        .truncated, "cannot read shard", path: path, offset: size - 4,
        found: "seek-table magic 0x\(String(repeating: "0", count: 8 - found.count))\(found)",
        expected: "0x8F92EAB1", remedy: "the file is truncated; \(remedy(path))")
    }
    guard descriptor == 0 else {
      throw corrupt(path, size - 5, "seek-table descriptor \(descriptor)", expected: "0")
    }
    let tableBytes = least + count * 8
    guard tableBytes <= size else {
      throw corrupt(path, size - 9, "\(count) frames in the seek table", expected: "fewer")
    }
    let table = try bytes(file, path, at: size - tableBytes, count: tableBytes)
    var entries: [Entry] = []
    var offset = 0
    let whole: Bool = table.withUnsafeBytes {
      guard let payload = SkippableFrame.payload(.seekTable, in: $0) else { return false }
      var reader = ByteReader(payload)
      for _ in 0..<count {
        guard let packed = reader.read(UInt32.self), let raw = reader.read(UInt32.self) else {
          return false
        }
        entries.append(Entry(offset: offset, size: Int(packed), raw: Int(raw)))
        offset += Int(packed)
      }
      return offset == size - tableBytes
    }
    guard whole else {
      throw corrupt(path, size - tableBytes, "a seek table that does not match the file")
    }
    return entries
  }

  private static func header(
    _ file: borrowing FileDescriptor, _ entry: Entry, _ path: String
  ) throws(ShardsFailure) -> ShardHeader {
    let bytes = try bytes(file, path, at: entry.offset, count: entry.size)
    let decoded = bytes.withUnsafeBytes { all in
      SkippableFrame.payload(.shardHeader, in: all).map { ShardHeader.decode($0) } ?? .malformed
    }
    switch decoded {
    case .header(let header): return header
    case .version(let version):
      throw ShardsFailure(
        .version, "cannot read shard", path: path, found: "format version \(version)",
        expected: "version 1 or 2",
        remedy: "use the shardify that wrote it, or balance again")
    case .malformed: throw corrupt(path, entry.offset, "a malformed header")
    }
  }

  private static func table(
    _ file: borrowing FileDescriptor, _ entry: Entry, _ kind: SkippableFrame.Kind, _ path: String,
    _ zstd: ZstdDecompressor, limitBytes: Int
  ) throws(ShardsFailure) -> [UInt8] {
    let bytes = try bytes(file, path, at: entry.offset, count: entry.size)
    var out: [UInt8]?
    var failure: CompressionFailure?
    bytes.withUnsafeBytes {
      guard let payload = SkippableFrame.payload(kind, in: $0) else { return }
      do throws(CompressionFailure) {
        out = try zstd.decompress(payload, limitBytes: limitBytes)
      } catch { failure = error }
    }
    if let failure {
      throw .compression(
        failure, "cannot read shard", path: path, offset: entry.offset, remedy: remedy(path))
    }
    guard let out else { throw corrupt(path, entry.offset, "a table of another kind") }
    return out
  }

  private static func agree(_ pieces: ShardPieces, _ header: ShardHeader) -> Bool {
    var tokens = 0
    for index in 0..<pieces.count {
      let piece = pieces[index]
      if piece.languageIndex >= header.languages.count || piece.tokenCount == 0 { return false }
      tokens += piece.tokenCount
    }
    return tokens == header.tokenCount
  }

  private static func decompressor() throws(ShardsFailure) -> ZstdDecompressor {
    do throws(CompressionFailure) {
      return try ZstdDecompressor()
    } catch {
      throw ShardsFailure(.file, error.what, found: error.found)
    }
  }

  private static func bytes(
    _ file: borrowing FileDescriptor, _ path: String, at offset: Int, count: Int
  ) throws(ShardsFailure) -> [UInt8] {
    try readExactly(
      file, path, at: offset, count: count, what: "cannot read shard", remedy: remedy(path))
  }

  private static func corrupt(
    _ path: String, _ offset: Int, _ found: String, expected: String? = nil
  ) -> ShardsFailure {
    ShardsFailure(
      .corrupt, "cannot read shard", path: path, offset: offset, found: found, expected: expected,
      remedy: remedy(path))
  }
}

extension ShardReader {
  /// The SHA-256 of the whole file, read from the disk.
  public func fileDigest() throws(ShardsFailure) -> SHA256.Digest {
    let file = try files { () throws(FileFailure) in try FileDescriptor.readRegular(path) }
    var hash = SHA256()
    var offset = 0
    while offset < fileSizeBytes {
      let part = try readExactly(
        file, path, at: offset, count: min(1 << 20, fileSizeBytes - offset),
        what: "cannot read shard", remedy: ShardReader.remedy(path))
      hash.update(part)
      offset += part.count
    }
    return hash.finish()
  }
}
