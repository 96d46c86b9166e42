/// A set of code points as sorted, disjoint, closed ranges.
struct ScalarRanges: Equatable, Sendable {
  /// The ranges, in order.
  private(set) var ranges: [ClosedRange<UInt32>]

  /// Takes ranges in any order; joins those that touch.
  init(_ ranges: [ClosedRange<UInt32>]) {
    var joined: [ClosedRange<UInt32>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, range.lowerBound <= last.upperBound &+ 1 {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    self.ranges = joined
  }

  /// Reads a generated table: (gap since the last end, length - 1) pairs.
  init(table: StaticString) {
    var reader = TableReader(table)
    var next: UInt32 = 0
    var ranges: [ClosedRange<UInt32>] = []
    while let gap = reader.next(), let extra = reader.next() {
      ranges.append(next &+ gap...next &+ gap &+ extra)
      next = next &+ gap &+ extra &+ 1
    }
    self.ranges = ranges
  }

  /// Whether the set holds a code point.
  func contains(_ scalar: UInt32) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= scalar
  }

  /// Every code point of either set.
  func union(_ other: ScalarRanges) -> ScalarRanges { ScalarRanges(ranges + other.ranges) }

  /// Every code point that is not in the set.
  var inverted: ScalarRanges {
    var out: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if range.lowerBound > next { out.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= 0x10FFFF { out.append(next...0x10FFFF) }
    return ScalarRanges(out)
  }

  /// Every code point of both sets.
  func intersection(_ other: ScalarRanges) -> ScalarRanges {
    inverted.union(other.inverted).inverted
  }
}

/// Reads the integers of a generated table.
struct TableReader {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ table: StaticString) {
    let text = UnsafeRawBufferPointer(start: table.utf8Start, count: table.utf8CodeUnitCount)
    bytes = Base64.decode(text) ?? []
  }

  /// The next integer, or nil at the end.
  mutating func next() -> UInt32? {
    var value: UInt32 = 0
    var shift: UInt32 = 0
    while offset < bytes.count, shift < 32 {
      let byte = bytes[offset]
      offset += 1
      value |= UInt32(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}
