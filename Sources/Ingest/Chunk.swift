/// Whole documents of one unit, as they lie in the input.
///
/// A unit is a fixed range of `unitBytes` of the decompressed input; a document belongs to the
/// unit in which it starts. A chunk never spans two units.
public struct Chunk: Sendable {
  /// The unit's number, from 0.
  public let unit: Int
  /// Where the first byte lies in the decompressed input.
  public let offset: Int
  /// Bytes of documents, separators counted.
  public let byteCount: Int
  /// How documents lie in it; never `.automatic`.
  public let format: InputFormat
  /// Documents dropped here because they were too long to hold; then there are no bytes.
  public let rejects: [Reject]
  /// Whether no further document of the input starts in this unit.
  public let isLastOfUnit: Bool

  let storage: PaddedBytes

  init(
    unit: Int, offset: Int, byteCount: Int, format: InputFormat, rejects: [Reject] = [],
    isLastOfUnit: Bool, storage: PaddedBytes
  ) {
    self.unit = unit
    self.offset = offset
    self.byteCount = byteCount
    self.format = format
    self.rejects = rejects
    self.isLastOfUnit = isLastOfUnit
    self.storage = storage
  }

  /// A chunk of bytes in hand, for tests and for text that comes from no file.
  public init(_ bytes: [UInt8], format: InputFormat, unit: Int = 0, offset: Int = 0) {
    let storage = bytes.withUnsafeBytes { PaddedBytes(copying: $0) }
    self.init(
      unit: unit, offset: offset, byteCount: bytes.count, format: format, isLastOfUnit: true,
      storage: storage)
  }

  /// Memory the chunk holds, in bytes: at least `byteCount`.
  public var memoryBytes: Int { storage.capacity }

  /// Gives the bytes; they are valid inside `body` only.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return body(UnsafeRawBufferPointer(start: storage.base, count: byteCount))
  }
}
