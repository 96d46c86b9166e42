extension Array where Element == UInt8 {
  /// Appends an integer, least significant byte first.
  public mutating func appendLittleEndian<T: FixedWidthInteger>(_ value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// Appends a string as its length in four bytes and its UTF-8.
  public mutating func appendLengthPrefixed(_ text: some StringProtocol) {
    appendLittleEndian(UInt32(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}

/// Reads fixed-width little-endian integers from bytes that are not trusted: past the end it
/// gives nil, and never reads.
public struct ByteReader {
  /// All the bytes.
  public let bytes: UnsafeRawBufferPointer
  /// Where the next read starts.
  public private(set) var offset = 0

  /// Starts at the first byte.
  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Bytes not yet read.
  public var remaining: Int { bytes.count - offset }

  /// The next integer, or nil at the end.
  @inlinable
  public mutating func read<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
    guard let slice = take(MemoryLayout<T>.size) else { return nil }
    return T(littleEndian: slice.loadUnaligned(as: T.self))
  }

  /// The next `count` bytes, or nil if there are fewer.
  public mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= remaining else { return nil }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// A string written by `appendLengthPrefixed`, or nil if it is cut or not UTF-8.
  public mutating func readLengthPrefixed() -> String? {
    guard let count = read(UInt32.self), let slice = take(Int(count)) else { return nil }
    return String(validating: slice, as: UTF8.self)
  }
}
