/// Raw memory with 64 bytes of slack behind it, so that 16-byte loads may start at its last byte.
///
/// Whoever fills it is alone with it; once it is part of a `Chunk` it is never written again.
final class PaddedBytes: @unchecked Sendable {
  static let slackBytes = 64
  let base: UnsafeMutableRawPointer
  let capacity: Int

  init(capacity: Int) {
    self.capacity = max(1, capacity)
    base = .allocate(byteCount: self.capacity + Self.slackBytes, alignment: 16)
    (base + self.capacity).initializeMemory(as: UInt8.self, repeating: 0, count: Self.slackBytes)
  }

  /// A copy of bytes.
  convenience init(copying bytes: UnsafeRawBufferPointer, capacity: Int? = nil) {
    self.init(capacity: max(bytes.count, capacity ?? 0))
    if let source = bytes.baseAddress { base.copyMemory(from: source, byteCount: bytes.count) }
  }

  deinit { base.deallocate() }
}
