import ShardifyCore
import Synchronization

/// The ids of a decompressed frame, as wide as a shard stores them; filled once, then only read.
public final class FrameTokens: @unchecked Sendable {
  /// Ids.
  public let count: Int
  /// Bytes of each: 2 or 4.
  public let widthBytes: Int
  private let base: UnsafeMutableRawPointer
  private let pool: FramePool?

  /// Makes room for ids; what is in it is not defined.
  public convenience init(count: Int, widthBytes: Int) {
    self.init(count: count, widthBytes: widthBytes, pool: nil)
  }

  init(count: Int, widthBytes: Int, pool: FramePool?) {
    precondition(count >= 0 && (widthBytes == 2 || widthBytes == 4), "a frame of ids")
    self.count = count
    self.widthBytes = widthBytes
    self.pool = pool
    let size = max(4, count * widthBytes)
    base = pool?.take(size) ?? .allocate(byteCount: size, alignment: 64)
  }

  deinit {
    if let pool { pool.give(base, max(4, sizeBytes)) } else { base.deallocate() }
  }

  /// Memory taken.
  public var sizeBytes: Int { count * widthBytes }

  /// The ids as bytes, little-endian: to be filled by whoever made the value, before others see it.
  public var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: sizeBytes)
  }

  /// The largest id; 0 if there is none.
  public var largest: TokenID {
    if widthBytes == 2 {
      let ids = base.assumingMemoryBound(to: UInt16.self)
      var largest: UInt16 = 0
      for place in 0..<count { largest = max(largest, ids[place].littleEndian) }
      return TokenID(largest)
    }
    let ids = base.assumingMemoryBound(to: UInt32.self)
    var largest: UInt32 = 0
    for place in 0..<count { largest = max(largest, ids[place].littleEndian) }
    return largest
  }

  /// Copies the ids of a range of places.
  public func copy(_ range: Range<Int>, to target: UnsafeMutablePointer<TokenID>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "inside the frame")
    if widthBytes == 2 {
      let ids = base.assumingMemoryBound(to: UInt16.self) + range.lowerBound
      for place in 0..<range.count { target[place] = TokenID(ids[place].littleEndian) }
    } else {
      let ids = base.assumingMemoryBound(to: UInt32.self) + range.lowerBound
      for place in 0..<range.count { target[place] = ids[place].littleEndian }
    }
  }
}

/// Memory of frames that are gone, for those to come: most have one size, and the system clears
/// pages that it hands out anew.
final class FramePool: Sendable {
  private let spare = Mutex<[(Int, SendablePointer)]>([])
  private static let limit = 4

  private struct SendablePointer: @unchecked Sendable { var base: UnsafeMutableRawPointer }

  deinit {
    for (_, memory) in spare.withLock({ $0 }) { memory.base.deallocate() }
  }

  /// Memory held.
  var sizeBytes: Int { spare.withLock { $0.reduce(0) { $0 + $1.0 } } }

  func take(_ sizeBytes: Int) -> UnsafeMutableRawPointer? {
    spare.withLock { spare in
      guard let place = spare.lastIndex(where: { $0.0 == sizeBytes }) else { return nil }
      return spare.remove(at: place).1.base
    }
  }

  func give(_ base: UnsafeMutableRawPointer, _ sizeBytes: Int) {
    let memory = SendablePointer(base: base)
    let isKept = spare.withLock { spare in
      if spare.count >= FramePool.limit { return false }
      spare.append((sizeBytes, memory))
      return true
    }
    if !isKept { base.deallocate() }
  }
}
