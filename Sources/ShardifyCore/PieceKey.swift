/// Where a piece stands in the order of its language: the document's key, then the piece's number.
///
/// The document's key is a hash of the store key and the content hash, so the order is random,
/// the same for every run of the program, and independent of where a document came from.
public struct PieceKey: Hashable, Comparable, Sendable {
  /// The first eight bytes of the document's key.
  public let high: UInt64
  /// The next eight bytes of the document's key.
  public let low: UInt64
  /// The number of the piece in its document, from 0.
  public let piece: UInt32

  /// Joins the parts.
  public init(high: UInt64, low: UInt64, piece: UInt32) {
    self.high = high
    self.low = low
    self.piece = piece
  }

  public static func < (a: PieceKey, b: PieceKey) -> Bool {
    if a.high != b.high { return a.high < b.high }
    if a.low != b.low { return a.low < b.low }
    return a.piece < b.piece
  }
}

/// The secret-free random constant of a token store, from which every document's key is made.
public struct StoreKey: Hashable, Sendable, CustomStringConvertible {
  /// Sixteen bytes.
  public let bytes: [UInt8]

  /// Makes the key of a store from its seed: the first 16 bytes of SHA-256 of
  /// `shardify store key v1` and the seed as eight bytes, least significant first.
  public init(seed: UInt64) {
    var message = Array("shardify store key v1".utf8)
    message.appendLittleEndian(seed)
    bytes = Array(SHA256.of(message).bytes[..<16])
  }

  /// Reads 32 hexadecimal digits.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hex.bytes(hex), bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// The key of a document: the first 16 bytes of SHA-256(store key, content hash).
  public func key(of content: ContentHash) -> PieceKey {
    let (high, low) = digest(tag: 0, content)
    return PieceKey(high: high, low: low, piece: 0)
  }

  /// A number that says whether a document is held out: uniform over all 64-bit integers.
  public func holdoutRank(of content: ContentHash) -> UInt64 { digest(tag: 1, content).high }

  private func digest(tag: UInt8, _ content: ContentHash) -> (high: UInt64, low: UInt64) {
    withUnsafeTemporaryAllocation(byteCount: 33, alignment: 8) { message in
      message.copyBytes(from: bytes)
      message.storeBytes(of: content.high.bigEndian, toByteOffset: 16, as: UInt64.self)
      message.storeBytes(of: content.low.bigEndian, toByteOffset: 24, as: UInt64.self)
      message[32] = tag
      return SHA256.of(UnsafeRawBufferPointer(message)).leading128
    }
  }

  /// Thirty-two hexadecimal digits.
  public var description: String { Hex.string(bytes) }
}
