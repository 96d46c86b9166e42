import ShardifyCore

/// The copies of one language in dataset order, from any coordinate on.
///
/// A copy belongs to the dataset if its start lies below the quota. So a language gives at least
/// its quota, less than one piece more, and a larger quota gives the same copies and then more.
public struct RingWalk: Sequence, IteratorProtocol, Sendable {
  /// Where each piece ends on pass 0; the last is the length of the ring. Shape [pieces].
  private let ends: [Int]
  private let quota: Int
  private var upcoming: RingCopy

  /// Starts at the first copy that ends after `coordinate`.
  ///
  /// - Parameters:
  ///   - pieceTokens: Tokens of each piece in ring order; each at least 1.
  ///   - quota: Tokens of the language in the dataset.
  ///   - coordinate: From `Ring.firstCoordinate` to begin at a shard; 0 for the beginning.
  /// - Throws: `invalidSupply` if a piece has no tokens, or there are none or too many.
  public init(
    pieceTokens: [Int], quota: Int, from coordinate: Int = 0
  ) throws(BalanceFailure) {
    var ends: [Int] = []
    var sum = 0
    for (ordinal, tokens) in pieceTokens.enumerated() {
      guard tokens > 0, tokens <= Quotas.largestTotal - sum else {
        throw .plan(
          .invalidSupply, found: "piece \(ordinal) of the ring has \(tokens) tokens after \(sum)",
          expected: "at least 1, and at most \(Quotas.largestTotal) in all",
          remedy: "verify the store")
      }
      sum += tokens
      ends.append(sum)
    }
    guard quota <= Quotas.largestTotal, quota <= 0 || sum > 0 else {
      throw .plan(
        .invalidSupply, found: "a quota of \(quota) tokens from a ring of \(sum)",
        expected: "pieces")
    }
    self.ends = ends
    self.quota = quota
    let from = Swift.max(0, coordinate)
    guard sum > 0, from < quota else {
      upcoming = RingCopy(ordinal: 0, pass: 0, start: quota, end: quota)
      return
    }
    let (pass, offset) = from.quotientAndRemainder(dividingBy: sum)
    let ordinal = Self.firstEnd(after: offset, in: ends)
    upcoming = RingCopy(
      ordinal: ordinal, pass: pass, start: pass * sum + (ordinal == 0 ? 0 : ends[ordinal - 1]),
      end: pass * sum + ends[ordinal])
  }

  /// The next copy; nil when the quota is reached.
  public mutating func next() -> RingCopy? {
    guard upcoming.start < quota else { return nil }
    let copy = upcoming
    let isLast = copy.ordinal + 1 == ends.count
    upcoming.ordinal = isLast ? 0 : copy.ordinal + 1
    upcoming.pass += isLast ? 1 : 0
    upcoming.start = copy.end
    let length = isLast ? ends[0] : ends[copy.ordinal + 1] - ends[copy.ordinal]
    upcoming.end = copy.end + length
    return copy
  }

  private static func firstEnd(after offset: Int, in ends: [Int]) -> Int {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] > offset { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
