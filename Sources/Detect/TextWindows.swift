/// Which parts of a text are scored: all of a short one, fixed windows of a long one.
///
/// The windows depend on the length alone, so that equal texts are always read alike: `count`
/// windows of `width` bytes, the first at the start, the last at the end, evenly between. Their
/// edges are moved inwards to whole code points.
struct TextWindows {
  /// A text of at most this many bytes is scored whole.
  static let wholeLimit = 1024
  static let count = 8
  static let width = 128

  /// The parts of `text`, in order.
  static func ranges(of text: UnsafeRawBufferPointer, sampling: Bool) -> [Range<Int>] {
    guard sampling, text.count > wholeLimit else { return [0..<text.count] }
    let span = text.count - width
    return (0..<count).map { number in
      var start = span / (count - 1) * number + span % (count - 1) * number / (count - 1)
      var end = start + width
      while start < end, text[start] & 0xC0 == 0x80 { start += 1 }
      while end > start, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
      return start..<end
    }
  }
}
