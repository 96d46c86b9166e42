/// Base64 with padding, as `.tiktoken` files, character maps and the Unicode tables use it.
enum Base64 {
  private static let values: [UInt8] = {
    var table = [UInt8](repeating: 0xFF, count: 256)
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, digit) in digits.utf8.enumerated() { table[Int(digit)] = UInt8(value) }
    return table
  }()

  /// Decodes all of `text`; nil if a byte is no digit, the length is not a multiple of four, or
  /// padding stands elsewhere than at the end.
  static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(text.count / 4 * 3)
    return decode(text, into: &out) ? out : nil
  }

  /// Appends the decoded bytes; false as `decode` gives nil.
  static func decode(_ text: UnsafeRawBufferPointer, into out: inout [UInt8]) -> Bool {
    guard text.count % 4 == 0 else { return false }
    return values.withUnsafeBufferPointer { table in
      var index = 0
      while index < text.count {
        let a = table[Int(text[index])]
        let b = table[Int(text[index + 1])]
        let last = index + 4 == text.count
        let cut = !last || text[index + 3] != 0x3D ? 0 : text[index + 2] == 0x3D ? 2 : 1
        let c = cut == 2 ? 0 : table[Int(text[index + 2])]
        let d = cut >= 1 ? 0 : table[Int(text[index + 3])]
        guard (a | b | c | d) < 64 else { return false }
        out.append(a << 2 | b >> 4)
        if cut < 2 { out.append(b << 4 | c >> 2) }
        if cut < 1 { out.append(c << 6 | d) }
        index += 4
      }
      return true
    }
  }
}
