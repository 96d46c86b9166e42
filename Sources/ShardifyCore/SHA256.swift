import CCrypto

/// SHA-256 of bytes given in parts.
public struct SHA256: ~Copyable {
  private let state: OpaquePointer?

  /// Starts a message.
  public init() { state = ccrypto_sha256_make() }

  deinit { ccrypto_sha256_free(state) }

  /// Adds bytes to the message.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    ccrypto_sha256_update(state, bytes.baseAddress, bytes.count)
  }

  /// Adds bytes to the message.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Ends the message and readies the state for the next.
  public mutating func finish() -> Digest {
    var digest = Digest()
    withUnsafeMutableBytes(of: &digest.words) {
      ccrypto_sha256_final(state, $0.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    return digest
  }

  /// The digest of one run of bytes.
  public static func of(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var digest = Digest()
    withUnsafeMutableBytes(of: &digest.words) {
      ccrypto_sha256_of(
        bytes.baseAddress, bytes.count, $0.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    return digest
  }

  /// The digest of one run of bytes.
  public static func of(_ bytes: [UInt8]) -> Digest { bytes.withUnsafeBytes { of($0) } }

  /// Thirty-two bytes.
  public struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The bytes as four integers in memory order.
    fileprivate var words: InlineWords = InlineWords()

    fileprivate init() {}

    /// Takes 32 bytes; nil if there are not 32.
    public init?(bytes: some Collection<UInt8>) {
      guard bytes.count == 32 else { return nil }
      withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// Reads 64 hexadecimal digits.
    public init?(hex: some StringProtocol) {
      guard let bytes = Hex.bytes(hex), let digest = Digest(bytes: bytes) else { return nil }
      self = digest
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
      var copy = words
      return withUnsafeBytes(of: &copy) { Array($0) }
    }

    /// The first 16 bytes, as the integers a content hash is made of.
    public var leading128: (high: UInt64, low: UInt64) {
      (UInt64(bigEndian: words.a), UInt64(bigEndian: words.b))
    }

    /// Sixty-four hexadecimal digits.
    public var description: String { Hex.string(bytes) }

    fileprivate struct InlineWords: Hashable, Sendable {
      var a: UInt64 = 0
      var b: UInt64 = 0
      var c: UInt64 = 0
      var d: UInt64 = 0
    }
  }
}

/// Hexadecimal digits.
public enum Hex {
  /// Two small digits a byte.
  public static func string(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    for byte in bytes {
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// Reads pairs of digits; nil if anything else is there.
  public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    var out: [UInt8] = []
    var high: UInt8?
    for unit in text.utf8 {
      let digit: UInt8
      switch unit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = unit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = unit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = unit - UInt8(ascii: "A") + 10
      default: return nil
      }
      if let first = high {
        out.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil ? out : nil
  }
}
