/// Extended grapheme clusters, as far as a character map needs them.
enum Graphemes {
  /// Whether a character neither joins the one before it nor the one after it, unless that one
  /// joins it: most letters of Latin, Greek, Cyrillic, kana, Han and Hangul.
  private static func isSimple(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x20..<0x7F, 0xC0..<0x300, 0x370..<0x483, 0x48A..<0x590, 0x3041...0x3096,
      0x30A1...0x30FA, 0x4E00...0x9FFF, 0xAC00...0xD7A3:
      true
    default: false
    }
  }

  /// The end of a cluster of one simple character before another; nil if it is not so simple.
  private static func simpleEnd(_ base: UnsafePointer<UInt8>, _ count: Int, _ start: Int) -> Int? {
    let length = UTF8Check.length(base, at: start, end: count)
    let end = start + length
    guard length > 0, end < count,
      isSimple(UTF8Check.scalar(base, at: start, length: length))
    else { return nil }
    let next = UTF8Check.length(base, at: end, end: count)
    guard next > 0, isSimple(UTF8Check.scalar(base, at: end, length: next)) else { return nil }
    return end
  }

  /// Where the cluster that starts at `start` ends.
  ///
  /// Runs of ASCII are settled at once; for the rest the standard library cuts a short window.
  static func end(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = text.baseAddress else { return text.count }
    let lead = base[start]
    if let end = simpleEnd(base, text.count, start) { return end }
    if lead < 0x80 {
      guard start + 1 < text.count else { return start + 1 }
      if base[start + 1] < 0x80 {
        return lead == 0x0D && base[start + 1] == 0x0A ? start + 2 : start + 1
      }
    }
    var limit = min(text.count, start + 64)
    while limit > start + 1 && limit < text.count && base[limit] & 0xC0 == 0x80 { limit -= 1 }
    let window = UnsafeBufferPointer(rebasing: text[start..<limit])
    let string = String(decoding: window, as: UTF8.self)
    guard let first = string.first else { return start + 1 }
    let count = first.utf8.count
    let isWhole = UTF8Check.firstError(UnsafeRawBufferPointer(window), 0..<window.count) == nil
    return isWhole
      ? min(limit, start + count)
      : start + max(1, UTF8Check.length(base, at: start, end: text.count))
  }
}
