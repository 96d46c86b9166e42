import CSIMD
import Glibc

/// Where one document ends and the next begins: after each separator, found from left to right,
/// none overlapping the one before.
struct DocumentBoundary {
  /// Length of the separator in bytes; 0 if the whole input is one document.
  let byteCount: Int
  /// Whether two matches can overlap (`\n\n` in `\n\n\n`). Then matches depend on where the
  /// search began, and the search must begin at a document.
  let overlapsItself: Bool
  private let separator: [UInt8]

  /// A nil or empty separator never matches.
  init(_ separator: [UInt8]?) {
    let separator = separator ?? []
    self.separator = separator
    byteCount = separator.count
    overlapsItself = (1..<max(1, separator.count)).contains { shift in
      separator.dropFirst(shift).elementsEqual(separator.dropLast(shift))
    }
  }

  static let newline = DocumentBoundary([0x0A])

  /// Where the first separator in `[from, to)` ends; nil if none lies there whole.
  func firstEnd(_ base: UnsafeRawPointer, from: Int, to: Int) -> Int? {
    guard byteCount > 0, to - from >= byteCount else { return nil }
    if byteCount == 1 {
      guard let hit = memchr(base + from, Int32(separator[0]), to - from) else { return nil }
      return UnsafeRawPointer(hit) - base + 1
    }
    return separator.withUnsafeBytes { wanted -> Int? in
      guard let start = wanted.baseAddress else { return nil }
      var i = from
      while i <= to - byteCount {
        guard let hit = memchr(base + i, Int32(separator[0]), to - byteCount - i + 1) else {
          return nil
        }
        i = UnsafeRawPointer(hit) - base
        if memcmp(base + i, start, byteCount) == 0 { return i + byteCount }
        i += 1
      }
      return nil
    }
  }

  /// Where the last separator in `[from, to)` ends; nil if none lies there whole.
  ///
  /// - Parameter from: The start of a document, or a place no match begins before.
  func lastEnd(_ base: UnsafeRawPointer, from: Int, to: Int) -> Int? {
    guard byteCount > 0, to > from else { return nil }
    if byteCount == 1 {
      return lastByteEnd(base, from: from, to: to)
    }
    var last: Int?
    while let end = firstEnd(base, from: last ?? from, to: to) { last = end }
    return last
  }

  /// Where the first separator that ends at or after `target` ends, searching `[from, to)`.
  ///
  /// - Parameter from: As for `lastEnd`.
  func firstEnd(_ base: UnsafeRawPointer, from: Int, to: Int, atOrAfter target: Int) -> Int? {
    if !overlapsItself {
      return firstEnd(base, from: max(from, target - byteCount), to: to)
    }
    var end = firstEnd(base, from: from, to: to)
    while let found = end, found < target { end = firstEnd(base, from: found, to: to) }
    return end
  }

  /// Backwards in blocks of 16; glibc's `memrchr` is not visible to Swift.
  private func lastByteEnd(_ base: UnsafeRawPointer, from: Int, to: Int) -> Int? {
    let wanted = separator[0]
    var i = to
    while i - 16 >= from {
      i -= 16
      let mask = csimd_equal16(base + i, wanted)
      if mask != 0 { return i + 32 - mask.leadingZeroBitCount }
    }
    while i > from {
      i -= 1
      if base.load(fromByteOffset: i, as: UInt8.self) == wanted { return i + 1 }
    }
    return nil
  }
}
