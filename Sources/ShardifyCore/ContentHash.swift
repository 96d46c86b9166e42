/// The name of a document by its content: the first 128 bits of the SHA-256 of its bytes.
///
/// Two documents with the same exact bytes have the same hash, and nothing else of a document
/// enters into it.
public struct ContentHash: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The first eight bytes, most significant first.
  public let high: UInt64
  /// The next eight bytes, most significant first.
  public let low: UInt64

  /// Joins two halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Hashes the bytes of a document.
  public init(of bytes: UnsafeRawBufferPointer) {
    (high, low) = SHA256.of(bytes).leading128
  }

  /// Reads 32 hexadecimal digits.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hex.bytes(hex) else { return nil }
    self.init(bytes: bytes)
  }

  /// Takes 16 bytes; nil if there are not 16.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Thirty-two hexadecimal digits.
  public var description: String { Hex.string(bytes) }

  /// Sixteen bytes, as hashed.
  public var bytes: [UInt8] {
    [high, low].flatMap { half in
      (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
    }
  }

  public static func < (a: ContentHash, b: ContentHash) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }
}
