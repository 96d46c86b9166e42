import Compression
import Files
import ShardifyCore

/// The end of a run: where its tables are.
enum RunFooter {
  static let magic = Array("SHRDRUN\u{1}".utf8)
  /// Payload: names offset, index offset, SHA-256 of names and index frames, version, magic.
  static let payloadBytes = 8 + 8 + 32 + 4 + 8
  static let sizeBytes = payloadBytes + SkippableFrame.headerBytes
}

/// Reads a run: its index at once, piece tables and tokens frame by frame. May be shared between
/// threads; each brings its own decompressor.
public final class RunReader: Sendable {
  /// The file.
  public let path: String
  /// Its frames and facts.
  public let index: RunIndex
  /// The names its tables refer to.
  public let names: RunNames
  /// The frames of each language, in order of the language's tag.
  public let languages: [(language: LanguageTag, frames: Range<Int>)]
  private let file: FileDescriptor
  /// What mends a store with a run that is lost or damaged: in this order, since an ingest takes no
  /// store that names a run it cannot read, and a repair drops none that is there.
  public static func remedy(_ path: String) -> String {
    "\(remove(path))run shardify repair \(storeFolder(path)), then the same ingest again, which reads"
      + " anew what was in it"
  }

  /// Of a run that is there, what comes first.
  private static func remove(_ path: String) -> String {
    FileSystem.status(path) == nil ? "" : "rm \(path), "
  }

  /// The store of `STORE/runs/NAME`.
  private static func storeFolder(_ path: String) -> String {
    let folder = FileSystem.parent(path)
    return folder == "runs" ? "." : FileSystem.parent(folder)
  }

  /// Opens a run and reads its index.
  public init(path: String) throws(ShardsFailure) {
    self.path = path
    let file = try files { () throws(FileFailure) in try FileDescriptor.readRegular(path) }
    let fileSizeBytes = try files { () throws(FileFailure) in try file.fileSizeBytes() }
    let footer = try RunReader.footer(file, fileSizeBytes, path)
    let tables = try RunReader.bytes(
      file, path, at: footer.names,
      count: fileSizeBytes - RunFooter.sizeBytes - footer.names)
    guard SHA256.of(tables) == footer.digest else {
      throw RunReader.corrupt(path, footer.names, "the checksum of its tables differs")
    }
    let split = footer.index - footer.names
    let decoded: (RunNames, RunIndex)? = tables.withUnsafeBytes { all in
      guard
        let names = SkippableFrame.payload(
          .runNames, in: UnsafeRawBufferPointer(rebasing: all[..<split])),
        let index = SkippableFrame.payload(
          .runIndex, in: UnsafeRawBufferPointer(rebasing: all[split...])),
        let names = RunNames.decode(names), let index = RunIndex.decode(index)
      else { return nil }
      return (names, index)
    }
    guard let (names, index) = decoded else {
      throw RunReader.corrupt(path, footer.names, "its tables are malformed")
    }
    try RunReader.check(index, path: path, end: footer.names)
    self.file = file
    self.names = names
    self.index = index
    languages = RunReader.languages(index.frames)
  }

  /// Tokens of all frames.
  public var tokenCount: Int { index.frames.reduce(0) { $0 + $1.tokenCount } }

  /// Documents of all frames.
  public var documentCount: Int { index.frames.reduce(0) { $0 + $1.documentCount } }

  /// The frames of one language.
  public func frames(of language: LanguageTag) -> Range<Int> {
    var low = 0
    var high = languages.count
    while low < high {
      let middle = (low + high) / 2
      if languages[middle].language < language { low = middle + 1 } else { high = middle }
    }
    guard low < languages.count, languages[low].language == language else { return 0..<0 }
    return languages[low].frames
  }

  /// The piece table of a frame.
  public func table(
    of number: Int, with zstd: ZstdDecompressor
  ) throws(ShardsFailure) -> PieceTable {
    let frame = index.frames[number]
    let bytes = try RunReader.bytes(
      file, path, at: frame.tableOffset, count: frame.tableSizeBytes)
    let expected = 8 + frame.pieceCount * (118 + 8 * names.numberColumns.count)
    var raw: [UInt8]?
    var failure: CompressionFailure?
    bytes.withUnsafeBytes {
      guard let payload = SkippableFrame.payload(.runPieces, in: $0) else { return }
      do throws(CompressionFailure) {
        raw = try zstd.decompress(payload, limitBytes: expected)
      } catch { failure = error }
    }
    if let failure {
      throw .compression(
        failure, "cannot read run", path: path, offset: frame.tableOffset,
        remedy: RunReader.remedy(path))
    }
    guard let raw, let table = PieceTable(bytes: raw), table.count == frame.pieceCount,
      table.numberColumns == names.numberColumns.count, agrees(table, frame)
    else {
      throw RunReader.corrupt(
        path, frame.tableOffset, "a piece table that does not match its frame")
    }
    return table
  }

  /// Whether a table holds what its frame says: keys in order, no empty piece, sources with names.
  private func agrees(_ table: PieceTable, _ frame: RunFrame) -> Bool {
    guard table.key(0) == frame.firstKey, table.key(table.count - 1) == frame.lastKey else {
      return false
    }
    var tokens = 0
    for index in 0..<table.count {
      let count = table.tokenCount(index)
      if count == 0 || table.source(index) >= names.sources.count { return false }
      if index > 0 && !(table.key(index - 1) < table.key(index)) { return false }
      tokens += count
    }
    return tokens == frame.tokenCount
  }

  /// Puts the tokens of a frame, as stored, at the front of an array, which is made larger if it
  /// must be.
  func readTokens(
    of number: Int, with zstd: ZstdDecompressor, into room: inout [UInt8]
  ) throws(ShardsFailure) {
    let frame = index.frames[number]
    let count = frame.tokenCount * index.tokenWidthBytes
    try readExactly(
      file, path, at: frame.tokensOffset, count: frame.tokensSizeBytes, into: &zstd.scratch,
      what: "cannot read run", remedy: RunReader.remedy(path))
    if room.count < count { room = [UInt8](repeating: 0, count: count) }
    var failure: CompressionFailure?
    zstd.scratch.withUnsafeBytes { packed in
      room.withUnsafeMutableBytes {
        do throws(CompressionFailure) {
          try zstd.decompress(
            UnsafeRawBufferPointer(rebasing: packed[..<frame.tokensSizeBytes]),
            into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
        } catch { failure = error }
      }
    }
    if let failure {
      throw .compression(
        failure, "cannot read run", path: path, offset: frame.tokensOffset,
        remedy: RunReader.remedy(path))
    }
  }

  /// The tokens of a frame, as stored.
  public func tokens(
    of number: Int, with zstd: ZstdDecompressor
  ) throws(ShardsFailure) -> [UInt8] {
    var out: [UInt8] = []
    try readTokens(of: number, with: zstd, into: &out)
    return out
  }

  private static func corrupt(
    _ path: String, _ offset: Int, _ found: String, expected: String? = nil
  ) -> ShardsFailure {
    ShardsFailure(
      .corrupt, "cannot read run", path: path, offset: offset, found: found, expected: expected,
      remedy: remedy(path))
  }

  private static func bytes(
    _ file: borrowing FileDescriptor, _ path: String, at offset: Int, count: Int
  ) throws(ShardsFailure) -> [UInt8] {
    try readExactly(
      file, path, at: offset, count: count, what: "cannot read run", remedy: remedy(path))
  }

  private static func footer(
    _ file: borrowing FileDescriptor, _ fileSizeBytes: Int, _ path: String
  ) throws(ShardsFailure) -> (names: Int, index: Int, digest: SHA256.Digest) {
    guard fileSizeBytes >= RunFooter.sizeBytes else {
      throw ShardsFailure(
        .truncated, "cannot read run", path: path, found: "\(fileSizeBytes) bytes",
        expected: "at least \(RunFooter.sizeBytes)", remedy: remedy(path))
    }
    let start = fileSizeBytes - RunFooter.sizeBytes
    let bytes = try bytes(file, path, at: start, count: RunFooter.sizeBytes)
    guard Array(bytes.suffix(8)) == RunFooter.magic else {
      throw corrupt(path, start, "no run footer", expected: "a file written by ingest, whole")
    }
    let parts: (UInt64, UInt64, SHA256.Digest, UInt32)? = bytes.withUnsafeBytes {
      guard let payload = SkippableFrame.payload(.runFooter, in: $0) else { return nil }
      var reader = ByteReader(payload)
      guard let names = reader.read(UInt64.self), let index = reader.read(UInt64.self),
        let digest = reader.take(32), let digest = SHA256.Digest(bytes: digest),
        let version = reader.read(UInt32.self)
      else { return nil }
      return (names, index, digest, version)
    }
    guard let (names, index, digest, version) = parts else {
      throw corrupt(path, start, "a malformed footer")
    }
    guard version == RunIndex.formatVersion else {
      throw ShardsFailure(
        .version, "cannot read run", path: path, found: "format version \(version)",
        expected: "version \(RunIndex.formatVersion)",
        remedy: "use the shardify that wrote it, or ingest again")
    }
    guard names < index, index < UInt64(start) else {
      throw corrupt(path, start, "table offsets \(names) and \(index)", expected: "below \(start)")
    }
    return (Int(names), Int(index), digest)
  }

  /// Checks that frames lie inside the file and are in order, before anything trusts them.
  private static func check(
    _ index: RunIndex, path: String, end: Int
  ) throws(ShardsFailure) {
    var previous: RunFrame?
    for (number, frame) in index.frames.enumerated() {
      let tokensEnd = frame.tokensOffset + frame.tokensSizeBytes
      let tableEnd = frame.tableOffset + frame.tableSizeBytes
      let ordered =
        previous.map {
          ($0.language, $0.lastKey) < (frame.language, frame.firstKey)
        } ?? true
      guard tokensEnd <= end, tableEnd <= end, ordered, !(frame.lastKey < frame.firstKey) else {
        throw corrupt(path, end, "frame \(number) is out of order or outside the file")
      }
      previous = frame
    }
  }

  private static func languages(
    _ frames: [RunFrame]
  ) -> [(language: LanguageTag, frames: Range<Int>)] {
    var out: [(language: LanguageTag, frames: Range<Int>)] = []
    var start = 0
    for end in 1..<(frames.count + 1) where !frames.isEmpty {
      if end == frames.count || frames[end].language != frames[start].language {
        out.append((frames[start].language, start..<end))
        start = end
      }
    }
    return out
  }
}
