import ShardifyCore

/// Reads the parts of a fastText model from bytes that are not trusted.
///
/// Source: the file layout of fastText 0.9.2 (Bojanowski et al. 2017, arXiv:1607.04606; Joulin et
/// al. 2016, arXiv:1612.03651 for the quantised form).
struct FastTextReader {
  static let magic: Int32 = 793_712_314

  let path: String
  private let bytes: UnsafeRawBufferPointer
  private var reader: ByteReader

  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
    reader = ByteReader(bytes)
  }

  var offset: Int { reader.offset }
  var remaining: Int { reader.remaining }

  /// The next integer.
  mutating func read<T: FixedWidthInteger>(_ what: String) throws(DetectFailure) -> T {
    guard let value = reader.read(T.self) else { throw truncated(what) }
    return value
  }

  /// A count that must lie in `range`.
  mutating func count<T: FixedWidthInteger>(
    _ what: String, as type: T.Type, in range: ClosedRange<Int>
  ) throws(DetectFailure) -> Int {
    let at = offset
    let value: T = try read(what)
    guard let count = Int(exactly: value), range.contains(count) else {
      throw corrupt("\(what) \(value)", "\(range.lowerBound) to \(range.upperBound)", at: at)
    }
    return count
  }

  /// A truth value in one byte.
  mutating func flag(_ what: String) throws(DetectFailure) -> Bool {
    try count(what, as: UInt8.self, in: 0...1) == 1
  }

  /// The next `count` bytes.
  mutating func take(_ count: Int, _ what: String) throws(DetectFailure) -> UnsafeRawBufferPointer {
    guard let slice = reader.take(count) else { throw truncated(what) }
    return slice
  }

  /// `first` times `second` times `width` bytes; a product that does not fit is an error.
  mutating func take(
    _ first: Int, times second: Int, width: Int, _ what: String
  ) throws(DetectFailure) -> UnsafeRawBufferPointer {
    let (cells, overflow) = first.multipliedReportingOverflow(by: second)
    let (size, again) = cells.multipliedReportingOverflow(by: width)
    guard !overflow, !again, size <= remaining else { throw truncated(what) }
    return try take(size, what)
  }

  /// Bytes up to the next zero, which is passed over.
  mutating func zeroTerminated(_ what: String) throws(DetectFailure) -> Range<Int> {
    let start = offset
    guard let end = bytes[start...].firstIndex(of: 0) else { throw truncated(what) }
    _ = reader.take(end - start + 1)
    return start..<end
  }

  func corrupt(_ found: String, _ expected: String, at: Int? = nil) -> DetectFailure {
    DetectFailure(
      .corrupt, "cannot read language model", path: path, offset: at ?? offset, found: found,
      expected: expected, remedy: "fetch the model again")
  }

  func truncated(_ what: String) -> DetectFailure {
    DetectFailure(
      .truncated, "cannot read language model", path: path, offset: offset,
      found: "\(remaining) bytes left", expected: what, remedy: "fetch the model again")
  }
}
