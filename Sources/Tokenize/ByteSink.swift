/// Bytes in memory that grows. Not for two threads at once.
final class ByteSink {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int) {
    self.capacity = max(64, capacity)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  /// What was appended. Valid until the next append.
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

  func removeAll() { count = 0 }

  func removeLast(_ length: Int) { count = max(0, count - length) }

  /// Makes room for so many more bytes and returns where the next one goes; then call `advance`.
  @inline(__always)
  func reserve(_ length: Int) -> UnsafeMutablePointer<UInt8> {
    if count &+ length > capacity { grow(length) }
    return base + count
  }

  /// Counts bytes written up to `end` after `reserve`.
  @inline(__always)
  func advance(to end: UnsafeMutablePointer<UInt8>) { count = end - base }

  @inline(__always)
  func append(_ bytes: UnsafePointer<UInt8>, _ length: Int) {
    if count &+ length > capacity { grow(length) }
    (base + count).update(from: bytes, count: length)
    count &+= length
  }

  @inline(__always)
  func append(_ byte: UInt8) {
    if count == capacity { grow(1) }
    base[count] = byte
    count &+= 1
  }

  @inline(__always)
  func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer {
      if let base = $0.baseAddress { append(base, $0.count) }
    }
  }

  private func grow(_ extra: Int) {
    capacity = (count + extra) * 2
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
  }
}
