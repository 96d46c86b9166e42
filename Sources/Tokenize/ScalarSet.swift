/// A set of code points with quick membership: a bit for each ASCII character, ranges for others.
struct ScalarSet: Sendable, Equatable {
  private let low: UInt64
  private let high: UInt64
  /// The set.
  let ranges: ScalarRanges

  init(_ ranges: ScalarRanges) {
    self.ranges = ranges
    var low: UInt64 = 0
    var high: UInt64 = 0
    for scalar in UInt32(0)..<64 where ranges.contains(scalar) { low |= 1 << UInt64(scalar) }
    for scalar in UInt32(64)..<128 where ranges.contains(scalar) {
      high |= 1 << UInt64(scalar - 64)
    }
    self.low = low
    self.high = high
  }

  init(table: StaticString) { self.init(ScalarRanges(table: table)) }

  /// Whether the set holds a code point.
  @inline(__always)
  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return low >> UInt64(scalar) & 1 != 0 }
    if scalar < 128 { return high >> UInt64(scalar - 64) & 1 != 0 }
    return ranges.contains(scalar)
  }
}
