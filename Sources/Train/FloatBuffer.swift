/// Floats at a fixed address, zero at first. Who shares one says who writes when.
public final class FloatBuffer: @unchecked Sendable {
  /// The first element.
  public let base: UnsafeMutablePointer<Float>
  /// Elements.
  public let count: Int

  /// Makes a buffer of zeros, aligned to a cache line.
  public init(count: Int) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(1, count) * 4, alignment: 64)
    base = raw.bindMemory(to: Float.self, capacity: max(1, count))
    base.initialize(repeating: 0, count: max(1, count))
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }

  /// The elements.
  public var elements: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }

  func clear() { base.update(repeating: 0, count: count) }
}
