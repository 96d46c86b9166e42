import ShardifyCore

/// The piece table of one frame of a run, as columns; `docs/token-store.md` has the layout.
public final class PieceTable: Sendable {
  /// Pieces in the table.
  public let count: Int
  /// Numeric columns in the table.
  public let numberColumns: Int
  private let bytes: [UInt8]
  private let starts: [Int]

  /// Bytes a piece takes in each column, in the order of the columns.
  static let widths = [8, 8, 4, 8, 8, 4, 4, 4, 1, 4, 4, 8, 8, 4, 2, 1, 8, 8, 8, 2, 2, 2, 8]

  /// Takes a decompressed table; nil if its size is not what its counts ask for.
  public init?(bytes: [UInt8]) {
    let header: (UInt32, UInt32)? = bytes.withUnsafeBytes {
      var reader = ByteReader($0)
      guard let count = reader.read(UInt32.self), let columns = reader.read(UInt32.self) else {
        return nil
      }
      return (count, columns)
    }
    guard let (count, columns) = header, columns <= 64, count <= RunFrame.mostTokens else {
      return nil
    }
    self.count = Int(count)
    numberColumns = Int(columns)
    var starts: [Int] = []
    var place = 8
    for width in PieceTable.widths + Array(repeating: 8, count: numberColumns) {
      starts.append(place)
      place += width * self.count
    }
    guard place == bytes.count else { return nil }
    self.starts = starts
    self.bytes = bytes
  }

  /// Lays rows out as columns.
  ///
  /// - Parameter numbers: The numeric columns, shape [rows, columns], flat.
  public static func encode(_ rows: [PieceRow], numbers: [Double], columns: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(8 + rows.count * (118 + 8 * columns))
    out.appendLittleEndian(UInt32(rows.count))
    out.appendLittleEndian(UInt32(columns))
    for row in rows { out.appendLittleEndian(row.key.high) }
    for row in rows { out.appendLittleEndian(row.key.low) }
    for row in rows { out.appendLittleEndian(row.key.piece) }
    for row in rows { out.appendLittleEndian(row.content.high) }
    for row in rows { out.appendLittleEndian(row.content.low) }
    for row in rows { out.appendLittleEndian(row.tokenCount) }
    for row in rows { out.appendLittleEndian(row.byteCount) }
    for row in rows { out.appendLittleEndian(row.scalarCount) }
    for row in rows { out.append(row.flags.rawValue) }
    for row in rows { out.appendLittleEndian(row.source) }
    for row in rows { out.appendLittleEndian(row.input) }
    for row in rows { out.appendLittleEndian(row.offset) }
    for row in rows { out.appendLittleEndian(row.idHash) }
    for row in rows { out.appendLittleEndian(row.script.rawValue) }
    for row in rows { out.appendLittleEndian(row.scriptShare) }
    for row in rows { out.append(row.detectionFlags) }
    for row in rows { out.appendLittleEndian(row.labels.0) }
    for row in rows { out.appendLittleEndian(row.labels.1) }
    for row in rows { out.appendLittleEndian(row.labels.2) }
    for row in rows { out.appendLittleEndian(row.probabilities.0) }
    for row in rows { out.appendLittleEndian(row.probabilities.1) }
    for row in rows { out.appendLittleEndian(row.probabilities.2) }
    for row in rows { out.appendLittleEndian(row.inputLanguage) }
    for column in 0..<columns {
      for row in rows.indices {
        out.appendLittleEndian(numbers[row * columns + column].bitPattern)
      }
    }
    return out
  }

  private func load<T: FixedWidthInteger>(_ column: Int, _ index: Int) -> T {
    precondition(index >= 0 && index < count, "piece out of range")
    return bytes.withUnsafeBytes {
      T(
        littleEndian: $0.loadUnaligned(
          fromByteOffset: starts[column] + index * MemoryLayout<T>.size, as: T.self))
    }
  }

  /// The key of a piece.
  public func key(_ index: Int) -> PieceKey {
    PieceKey(high: load(0, index), low: load(1, index), piece: load(2, index))
  }

  /// The content hash of a piece's document.
  public func content(_ index: Int) -> ContentHash {
    ContentHash(high: load(3, index), low: load(4, index))
  }

  /// The tokens of a piece.
  public func tokenCount(_ index: Int) -> Int { Int(load(5, index) as UInt32) }

  /// The UTF-8 bytes of a piece.
  public func byteCount(_ index: Int) -> Int { Int(load(6, index) as UInt32) }

  /// The Unicode scalars of a piece.
  public func scalarCount(_ index: Int) -> Int { Int(load(7, index) as UInt32) }

  /// Where the piece stands in its document.
  public func flags(_ index: Int) -> PieceFlags { PieceFlags(rawValue: load(8, index)) }

  /// The source's number among the run's names.
  public func source(_ index: Int) -> Int { Int(load(9, index) as UInt32) }

  /// The dominant script.
  public func script(_ index: Int) -> UInt32 { load(13, index) }

  /// The part of the letters in the dominant script, in 1/10,000.
  public func scriptShare(_ index: Int) -> Int { Int(load(14, index) as UInt16) }

  /// What the detector noted.
  public func detectionFlags(_ index: Int) -> UInt8 { load(15, index) }

  /// The detector's label number `rank` of three, as a tag; 0 for none.
  public func label(_ index: Int, rank: Int) -> UInt64 { load(16 + rank, index) }

  /// The probability of the detector's label number `rank` of three, in 1/10,000.
  public func probability(_ index: Int, rank: Int) -> Int { Int(load(19 + rank, index) as UInt16) }

  /// Whether a piece is of the document that `key` names.
  func isOf(_ key: PieceKey, _ index: Int) -> Bool {
    load(0, index) == key.high && load(1, index) == key.low
  }

  /// The hash of the document's id.
  public func idHash(_ index: Int) -> UInt64 { load(12, index) }

  /// The label the input gave, 0 for none.
  public func inputLanguage(_ index: Int) -> UInt64 { load(22, index) }

  /// A numeric column's value.
  public func number(_ index: Int, column: Int) -> Double {
    Double(bitPattern: load(PieceTable.widths.count + column, index))
  }

  /// A piece with all its columns.
  public func row(_ index: Int, language: LanguageTag) -> PieceRow {
    PieceRow(
      language: language, key: key(index), content: content(index), tokenCount: load(5, index),
      byteCount: load(6, index), scalarCount: load(7, index), flags: flags(index),
      source: load(9, index), input: load(10, index), offset: load(11, index),
      idHash: idHash(index), script: ScriptTag(unchecked: load(13, index)),
      scriptShare: load(14, index), detectionFlags: load(15, index),
      labels: (load(16, index), load(17, index), load(18, index)),
      probabilities: (load(19, index), load(20, index), load(21, index)),
      inputLanguage: inputLanguage(index))
  }
}
