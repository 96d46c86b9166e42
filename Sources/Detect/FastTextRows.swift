/// Row numbers in memory that is kept from word to word.
final class FastTextRows {
  private(set) var base: UnsafeMutablePointer<UInt32>
  var count = 0
  private var capacity = 256

  init() { base = .allocate(capacity: capacity) }

  deinit { base.deallocate() }

  /// The place behind the last row, with room for so many more.
  @inline(__always)
  func end(reserving room: Int) -> UnsafeMutablePointer<UInt32> {
    if count &+ room > capacity { grow(count &+ room) }
    return base + count
  }

  private func grow(_ wanted: Int) {
    while capacity < wanted { capacity *= 2 }
    let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
  }
}
