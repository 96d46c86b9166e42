import Compression
import Files
import ShardifyCore

/// What was written of one shard.
public struct ShardSummary: Sendable, Equatable {
  /// Tokens and pieces of one language.
  public struct Part: Sendable, Equatable {
    /// The language's number in the header.
    public var languageIndex: Int
    /// Tokens.
    public var tokens = 0
    /// Pieces.
    public var pieces = 0
    /// Documents of which the first piece is here, for the first time in the dataset.
    public var documents = 0
    /// UTF-8 bytes of text.
    public var bytes = 0

    /// Makes an empty part.
    public init(languageIndex: Int) { self.languageIndex = languageIndex }
  }

  /// Tokens in the shard.
  public var tokenCount: Int
  /// Pieces in the shard.
  public var pieceCount: Int
  /// The file's size.
  public var fileSizeBytes: Int
  /// The SHA-256 of the file.
  public var fileDigest: SHA256.Digest
  /// The SHA-256 of its raw tokens.
  public var payloadDigest: SHA256.Digest
  /// The languages in the shard, by number.
  public var parts: [Part]

  /// Makes a summary; see the properties.
  public init(
    tokenCount: Int, pieceCount: Int, fileSizeBytes: Int, fileDigest: SHA256.Digest,
    payloadDigest: SHA256.Digest, parts: [Part]
  ) {
    self.tokenCount = tokenCount
    self.pieceCount = pieceCount
    self.fileSizeBytes = fileSizeBytes
    self.fileDigest = fileDigest
    self.payloadDigest = payloadDigest
    self.parts = parts
  }

  /// Adds up the parts of a shard.
  ///
  /// - Parameter isFirstLap: Whether the dataset gives a piece for the first time.
  public static func parts(
    of pieces: [ShardPiece], languages: Int,
    isFirstLap: (ShardPiece) -> Bool = { $0.pass == 0 }
  ) -> [Part] {
    var parts = (0..<languages).map { Part(languageIndex: $0) }
    for piece in pieces where piece.languageIndex < languages {
      parts[piece.languageIndex].tokens += piece.tokenCount
      parts[piece.languageIndex].pieces += 1
      parts[piece.languageIndex].bytes += piece.byteCount
      if piece.flags.contains(.first) && isFirstLap(piece) {
        parts[piece.languageIndex].documents += 1
      }
    }
    return parts.filter { $0.pieces > 0 }
  }
}

/// Writes one shard: frames of a fixed number of tokens, then the tables.
public final class ShardWriter {
  /// Tokens in every frame but the last.
  public static let frameTokens = 1 << 18

  private var file: FileWriter
  private var header: ShardHeader
  private let planText: [UInt8]
  private let compressor: ZstdCompressor
  private let isFirstLap: (ShardPiece) -> Bool
  private var payload = SHA256()
  private var pending: [UInt8] = []
  private var compressed: [UInt8] = []
  private var seekTable: [(compressed: Int, raw: Int)] = []
  private var pieces: [ShardPiece] = []

  /// Opens the file under a temporary name.
  ///
  /// - Parameters:
  ///   - planText: The text whose SHA-256 the header holds as its plan.
  ///   - isFirstLap: Whether the dataset gives a piece for the first time: what documents are
  ///     counted by.
  public init(
    path: String, header: ShardHeader, planText: [UInt8], compressor: ZstdCompressor,
    isFirstLap: @escaping (ShardPiece) -> Bool = { $0.pass == 0 }
  ) throws(ShardsFailure) {
    guard header.languages.count <= 1 << 16 else {
      throw ShardsFailure(
        .file, "cannot write shard", path: path, found: "\(header.languages.count) languages",
        expected: "at most \(1 << 16)", remedy: "take fewer into the mixture")
    }
    self.header = header
    self.planText = planText
    self.compressor = compressor
    self.isFirstLap = isFirstLap
    file = try FileWriter(path: path)
    pending.reserveCapacity(2 * ShardWriter.frameTokens * header.tokenWidthBytes)
  }

  /// Appends a piece; `tokens` adds its ids as stored to the array it is given.
  public func append(
    _ piece: ShardPiece, tokens: (inout [UInt8]) throws(ShardsFailure) -> Void
  ) throws(ShardsFailure) {
    let before = pending.count
    try tokens(&pending)
    precondition(pending.count - before == piece.tokenCount * header.tokenWidthBytes)
    pieces.append(piece)
    header.tokenCount += piece.tokenCount
    try flush(ending: false)
  }

  /// Writes the tables and publishes the file.
  public func finish() throws(ShardsFailure) -> ShardSummary {
    try flush(ending: true)
    let pieceTable = ShardPieces.encode(pieces)
    header.payload = payload.finish()
    header.pieces = SHA256.of(pieceTable)
    var tables: [[UInt8]] = [SkippableFrame.encode(.shardHeader, header.encode())]
    for (kind, raw) in [
      (SkippableFrame.Kind.shardPieces, pieceTable), (.shardPlan, planText),
    ] {
      var table: [UInt8] = []
      try compress(raw, to: &table)
      tables.append(SkippableFrame.encode(kind, table))
    }
    for table in tables {
      seekTable.append((table.count, 0))
      try file.write(table)
    }
    try file.write(encodedSeekTable())
    let size = file.offset
    let digest = try file.publish()
    return ShardSummary(
      tokenCount: header.tokenCount, pieceCount: pieces.count, fileSizeBytes: size,
      fileDigest: digest, payloadDigest: header.payload,
      parts: ShardSummary.parts(
        of: pieces, languages: header.languages.count, isFirstLap: isFirstLap))
  }

  /// The seek table of the Zstandard seekable format, without checksums: the frames carry theirs.
  private func encodedSeekTable() -> [UInt8] {
    var table: [UInt8] = []
    for entry in seekTable {
      table.appendLittleEndian(UInt32(entry.compressed))
      table.appendLittleEndian(UInt32(entry.raw))
    }
    table.appendLittleEndian(UInt32(seekTable.count))
    table.append(0)
    table.appendLittleEndian(SeekTable.magic)
    return SkippableFrame.encode(.seekTable, table)
  }

  private func compress(_ raw: [UInt8], to out: inout [UInt8]) throws(ShardsFailure) {
    do throws(CompressionFailure) {
      try compressor.compressBytes(raw, appendingTo: &out)
    } catch {
      throw ShardsFailure(.file, error.what, path: file.path, found: error.found)
    }
  }

  private func flush(ending: Bool) throws(ShardsFailure) {
    let full = ShardWriter.frameTokens * header.tokenWidthBytes
    var start = 0
    while pending.count - start >= full || (ending && pending.count > start) {
      let end = min(start + full, pending.count)
      compressed.removeAll(keepingCapacity: true)
      var failure: CompressionFailure?
      pending.withUnsafeBytes {
        let frame = UnsafeRawBufferPointer(rebasing: $0[start..<end])
        payload.update(frame)
        do throws(CompressionFailure) {
          try compressor.compress(frame, appendingTo: &compressed)
        } catch { failure = error }
      }
      if let failure {
        throw ShardsFailure(.file, failure.what, path: file.path, found: failure.found)
      }
      seekTable.append((compressed.count, end - start))
      try file.write(compressed)
      start = end
    }
    if start > 0 { pending.removeSubrange(..<start) }
  }
}

/// The Zstandard seekable format's constants.
enum SeekTable {
  static let magic: UInt32 = 0x8F92_EAB1
  /// Frame count, descriptor, magic.
  static let footerBytes = 9
}
