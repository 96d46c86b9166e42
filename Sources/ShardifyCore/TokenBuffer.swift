/// Token ids in memory that grows: what encoders append to. Not for two threads at once.
public final class TokenBuffer {
  /// The first id. Valid until the next call that may grow the buffer.
  public private(set) var base: UnsafeMutablePointer<TokenID>
  /// Ids in the buffer.
  public private(set) var count = 0
  /// Ids there is room for.
  public private(set) var capacity: Int

  /// Makes an empty buffer.
  public init(capacity: Int = 1 << 16) {
    self.capacity = max(16, capacity)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  /// Makes room for `extra` more ids and returns where the next one goes.
  ///
  /// Write there, then call `advance(by:)` with how many were written.
  @discardableResult
  public func reserve(_ extra: Int) -> UnsafeMutablePointer<TokenID> {
    if count + extra > capacity {
      capacity = max(count + extra, capacity * 2)
      let larger = UnsafeMutablePointer<TokenID>.allocate(capacity: capacity)
      larger.update(from: base, count: count)
      base.deallocate()
      base = larger
    }
    return base + count
  }

  /// Counts ids written after `reserve`.
  public func advance(by written: Int) { count += written }

  /// Appends one id.
  public func append(_ id: TokenID) {
    reserve(1).pointee = id
    count += 1
  }

  /// Forgets all ids after the first `kept`.
  public func truncate(to kept: Int) { count = min(count, max(0, kept)) }

  /// The ids.
  public var ids: UnsafeBufferPointer<TokenID> { UnsafeBufferPointer(start: base, count: count) }
}
