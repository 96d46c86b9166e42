import Compression
import Files
import ShardifyCore

/// Writes one run: pieces come in order of (language, key), and go to frames of one language.
///
/// Frames are compressed on `jobs` threads, a batch at a time; the file does not depend on `jobs`.
public final class RunWriter {
  /// Raw bytes of tokens at which a frame is full.
  public static let frameSizeBytes = 512 << 10

  private var file: FileWriter
  private var index: RunIndex
  private let numberColumns: Int
  private let compressors: [ZstdCompressor]
  private var pending: [PendingFrame] = []
  private var current: PendingFrame?
  private var tables: [[UInt8]] = []
  private var lastKey: (LanguageTag, PieceKey)?

  private struct PendingFrame: Sendable {
    var language: LanguageTag
    var tokens: [UInt8] = []
    var rows: [PieceRow] = []
    var numbers: [Double] = []
  }

  /// Opens the file under a temporary name.
  ///
  /// - Parameter index: The facts of the run; its frames are filled in here.
  public init(
    path: String, index: RunIndex, numberColumns: Int, level: Int, jobs: Int
  ) throws(ShardsFailure) {
    self.index = index
    self.index.frames = []
    self.numberColumns = numberColumns
    file = try FileWriter(path: path)
    var compressors: [ZstdCompressor] = []
    for _ in 0..<max(1, jobs) {
      do throws(CompressionFailure) {
        compressors.append(try ZstdCompressor(level: level))
      } catch {
        throw ShardsFailure(.file, error.what, found: error.found)
      }
    }
    self.compressors = compressors
  }

  /// Appends a piece.
  ///
  /// - Parameters:
  ///   - numbers: One value a numeric column.
  ///   - tokens: The ids as they are stored.
  public func append(
    _ row: PieceRow, numbers: [Double], tokens: UnsafeRawBufferPointer
  ) throws(ShardsFailure) {
    precondition(tokens.count == Int(row.tokenCount) * index.tokenWidthBytes)
    if let (language, key) = lastKey {
      precondition((language, key) < (row.language, row.key), "pieces out of order")
    }
    lastKey = (row.language, row.key)
    if let frame = current,
      frame.language != row.language
        || frame.tokens.count + tokens.count > RunWriter.frameSizeBytes
    {
      try close()
    }
    if current == nil {
      current = PendingFrame(language: row.language)
      current?.tokens.reserveCapacity(RunWriter.frameSizeBytes)
    }
    current?.tokens.append(contentsOf: tokens)
    current?.rows.append(row)
    current?.numbers.append(contentsOf: numbers.prefix(numberColumns))
  }

  /// Writes the tables, publishes the file, and returns what it holds.
  public func finish(names: RunNames, duplicates: Int) throws(ShardsFailure) -> RunIndex {
    try close()
    try flush()
    index.duplicates = duplicates
    for (frame, table) in tables.enumerated() {
      index.frames[frame].tableOffset = file.offset
      index.frames[frame].tableSizeBytes = table.count
      try file.write(table)
    }
    tables = []
    let namesOffset = file.offset
    let namesFrame = SkippableFrame.encode(.runNames, names.encode())
    try file.write(namesFrame)
    let indexOffset = file.offset
    let indexFrame = SkippableFrame.encode(.runIndex, index.encode())
    try file.write(indexFrame)
    var footer: [UInt8] = []
    footer.appendLittleEndian(UInt64(namesOffset))
    footer.appendLittleEndian(UInt64(indexOffset))
    footer.append(contentsOf: SHA256.of(namesFrame + indexFrame).bytes)
    footer.appendLittleEndian(RunIndex.formatVersion)
    footer.append(contentsOf: RunFooter.magic)
    try file.write(SkippableFrame.encode(.runFooter, footer))
    try file.publish()
    return index
  }

  private func close() throws(ShardsFailure) {
    guard let frame = current else { return }
    current = nil
    pending.append(frame)
    if pending.count >= compressors.count * 4 { try flush() }
  }

  /// Compresses the pending frames and writes them in order.
  private func flush() throws(ShardsFailure) {
    if pending.isEmpty { return }
    let frames = pending
    pending.removeAll(keepingCapacity: true)
    let columns = numberColumns
    let results = OrderedResults<(tokens: [UInt8], table: [UInt8])>(count: frames.count)
    nonisolated(unsafe) let compressors = compressors
    do throws(CompressionFailure) {
      try Parallel.run(count: min(compressors.count, frames.count)) {
        (thread: Int) throws(CompressionFailure) in
        var number = thread
        while number < frames.count {
          let compressor = compressors[thread]
          var tokens: [UInt8] = []
          try compressor.compressBytes(frames[number].tokens, appendingTo: &tokens)
          let raw = PieceTable.encode(
            frames[number].rows, numbers: frames[number].numbers, columns: columns)
          var table: [UInt8] = []
          try compressor.compressBytes(raw, appendingTo: &table)
          results.set(number, (tokens, SkippableFrame.encode(.runPieces, table)))
          number += min(compressors.count, frames.count)
        }
      }
    } catch {
      throw ShardsFailure(.file, error.what, path: file.path, found: error.found)
    }
    for (number, result) in results.take().enumerated() {
      guard let result, let first = frames[number].rows.first, let last = frames[number].rows.last
      else { continue }
      let rows = frames[number].rows
      index.frames.append(
        RunFrame(
          language: first.language, tokensOffset: file.offset,
          tokensSizeBytes: result.tokens.count, tableOffset: 0, tableSizeBytes: 0,
          pieceCount: rows.count, documentCount: rows.count { $0.flags.contains(.first) },
          tokenCount: rows.reduce(0) { $0 + Int($1.tokenCount) },
          byteCount: rows.reduce(0) { $0 + Int($1.byteCount) },
          scalarCount: rows.reduce(0) { $0 + Int($1.scalarCount) }, firstKey: first.key,
          lastKey: last.key))
      try file.write(result.tokens)
      tables.append(result.table)
    }
  }
}

extension ZstdCompressor {
  /// Compresses an array.
  func compressBytes(_ bytes: [UInt8], appendingTo out: inout [UInt8]) throws(CompressionFailure) {
    var failure: CompressionFailure?
    bytes.withUnsafeBytes {
      do throws(CompressionFailure) { try compress($0, appendingTo: &out) } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }
}
