import ShardifyCore

/// One copy of a piece in a shard.
public struct ShardPiece: Sendable, Equatable {
  /// The language's number in the header.
  public var languageIndex: Int
  /// First, last piece of its document.
  public var flags: PieceFlags
  /// Which pass over its language this copy belongs to, from 0.
  public var pass: Int
  /// The number of the piece in its document.
  public var piece: Int
  /// Tokens, with the end-of-text id.
  public var tokenCount: Int
  /// UTF-8 bytes of text.
  public var byteCount: Int
  /// The document's content hash.
  public var content: ContentHash

  /// Makes a piece; see the properties.
  public init(
    languageIndex: Int, flags: PieceFlags, pass: Int, piece: Int, tokenCount: Int, byteCount: Int,
    content: ContentHash
  ) {
    self.languageIndex = languageIndex
    self.flags = flags
    self.pass = pass
    self.piece = piece
    self.tokenCount = tokenCount
    self.byteCount = byteCount
    self.content = content
  }
}

/// The piece table of a shard, as columns; `docs/shard-format.md` has the layout. Pieces are in
/// the order of their tokens.
public final class ShardPieces: Sendable {
  /// Pieces in the shard.
  public let count: Int
  private let bytes: [UInt8]

  /// Bytes of a piece over all columns: language 2, flags 1, pass 4, piece 4, tokens 4, bytes 4,
  /// content 8 + 8.
  static let bytesPerPiece = 35

  init?(bytes: [UInt8]) {
    guard bytes.count >= 4 else { return nil }
    let count = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt32.self).littleEndian) }
    guard bytes.count == 4 + count * ShardPieces.bytesPerPiece else { return nil }
    self.count = count
    self.bytes = bytes
  }

  /// Lays pieces out as columns.
  static func encode(_ pieces: [ShardPiece]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(4 + pieces.count * bytesPerPiece)
    out.appendLittleEndian(UInt32(pieces.count))
    for piece in pieces { out.appendLittleEndian(UInt16(piece.languageIndex)) }
    for piece in pieces { out.append(piece.flags.rawValue) }
    for piece in pieces { out.appendLittleEndian(UInt32(clamping: piece.pass)) }
    for piece in pieces { out.appendLittleEndian(UInt32(piece.piece)) }
    for piece in pieces { out.appendLittleEndian(UInt32(piece.tokenCount)) }
    for piece in pieces { out.appendLittleEndian(UInt32(piece.byteCount)) }
    for piece in pieces { out.appendLittleEndian(piece.content.high) }
    for piece in pieces { out.appendLittleEndian(piece.content.low) }
    return out
  }

  /// A piece by its place in the shard.
  public subscript(index: Int) -> ShardPiece {
    precondition(index >= 0 && index < count, "piece out of range")
    return bytes.withUnsafeBytes { all in
      func load<T: FixedWidthInteger>(_ bytesBefore: Int) -> T {
        T(
          littleEndian: all.loadUnaligned(
            fromByteOffset: 4 + bytesBefore * count + index * MemoryLayout<T>.size, as: T.self))
      }
      let tokens: UInt32 = load(11)
      let textBytes: UInt32 = load(15)
      return ShardPiece(
        languageIndex: Int(load(0) as UInt16), flags: PieceFlags(rawValue: load(2)),
        pass: Int(load(3) as UInt32), piece: Int(load(7) as UInt32), tokenCount: Int(tokens),
        byteCount: Int(textBytes), content: ContentHash(high: load(19), low: load(27)))
    }
  }
}
