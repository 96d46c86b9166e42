/// Where a copy stands in the dataset: x in [0, 1), in fixed point; `docs/ring.md`.
///
/// The dataset is the copies of all languages by place, ties by language tag, then along the ring.
public struct Place: Comparable, Hashable, Sendable {
  /// Multiples of 2^-64.
  public let raw: UInt64

  /// Takes a stored value.
  @inlinable
  public init(raw: UInt64) { self.raw = raw }

  /// The place of the copy that occupies tokens [a, b) of a quota of Q:
  /// x = floor((a·2^64 + u·(min(b, Q) - a)) / Q).
  ///
  /// Always below 2^64, since u < 2^64. Along a ring places never fall: the copy after this one
  /// has at least floor(b·2^64 / Q).
  ///
  /// - Parameters: 0 <= a < b, a < Q; `u` from `Ring.jitter`.
  @inlinable
  public init(start a: Int, end b: Int, quota: Int, jitter u: UInt64) {
    precondition(a >= 0 && a < quota && b > a)
    let length = UInt64(min(b, quota) - a)
    let (high, low) = u.multipliedFullWidth(by: length)
    // high < length, so a + high < min(b, Q) <= Q: the division cannot overflow.
    raw = UInt64(quota).dividingFullWidth((UInt64(a) + high, low)).quotient
  }

  /// The shard of `count` that holds this place: floor(x·count / 2^64).
  @inlinable
  public func shard(of count: Int) -> Int {
    Int(raw.multipliedFullWidth(by: UInt64(count)).high)
  }

  @inlinable
  public static func < (a: Place, b: Place) -> Bool { a.raw < b.raw }
}
