/// Row numbers in memory that is kept from word to word.
final class FastTextRows {
  private(set) var base: UnsafeMutablePointer<Int32>
  private(set) var count = 0
  private var capacity = 256

  init() { base = .allocate(capacity: capacity) }

  deinit { base.deallocate() }

  func removeAll() { count = 0 }

  @inline(__always)
  func append(_ row: Int32) {
    if count == capacity { grow() }
    base[count] = row
    count &+= 1
  }

  private func grow() {
    let larger = UnsafeMutablePointer<Int32>.allocate(capacity: 2 * capacity)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
    capacity *= 2
  }

  /// Keeps the rows for which `body` gives a row, as that.
  @inline(__always)
  func replace(_ body: (Int32) -> Int32?) {
    var kept = 0
    for i in 0..<count {
      guard let row = body(base[i]) else { continue }
      base[kept] = row
      kept &+= 1
    }
    count = kept
  }

  /// Keeps the rows for which `body` gives 1 and drops those for which it gives 0, without a branch.
  @inline(__always)
  func filter(_ body: (Int32) -> UInt64) {
    var kept = 0
    for i in 0..<count {
      let row = base[i]
      base[kept] = row
      kept &+= Int(body(row))
    }
    count = kept
  }

  /// Adds an offset to every row; what no longer is a row number is left out.
  func shift(by offset: Int32) {
    replace { row in
      let (sum, overflow) = row.addingReportingOverflow(offset)
      return overflow || sum < 0 ? nil : sum
    }
  }
}
