/// Escapes in JSON strings.
enum JSONEscapes {
  /// The length of the escape (of both halves of a surrogate pair) at `index`; nil if it is bad.
  static func length(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int? {
    guard index + 1 < bytes.count else { return nil }
    switch bytes[index + 1] {
    case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return 2
    case 0x75:
      guard let unit = unit(bytes, at: index) else { return nil }
      if unit < 0xD800 || unit > 0xDFFF { return 6 }
      guard unit < 0xDC00, let low = self.unit(bytes, at: index + 6), low >= 0xDC00, low < 0xE000
      else { return nil }
      return 12
    default: return nil
    }
  }

  /// The value of `\u` and four digits at `index`.
  private static func unit(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt32? {
    guard index + 6 <= bytes.count, bytes[index] == 0x5C, bytes[index + 1] == 0x75 else {
      return nil
    }
    var value: UInt32 = 0
    for offset in 2..<6 {
      switch bytes[index + offset] {
      case let digit where digit >= 0x30 && digit <= 0x39: value = value << 4 | UInt32(digit - 0x30)
      case let digit where digit | 0x20 >= 0x61 && digit | 0x20 <= 0x66:
        value = value << 4 | UInt32((digit | 0x20) - 0x61 + 10)
      default: return nil
      }
    }
    return value
  }

  /// Appends the text of a string whose escapes have been checked.
  static func appendUnescaped(_ raw: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    var at = 0
    while at < raw.count {
      guard raw[at] == 0x5C, at + 1 < raw.count else {
        out.append(raw[at])
        at += 1
        continue
      }
      switch raw[at + 1] {
      case 0x62: out.append(0x08)
      case 0x66: out.append(0x0C)
      case 0x6E: out.append(0x0A)
      case 0x72: out.append(0x0D)
      case 0x74: out.append(0x09)
      case 0x75:
        var scalar = unit(raw, at: at) ?? 0xFFFD
        at += 4
        if scalar >= 0xD800 && scalar < 0xDC00 {
          let low = unit(raw, at: at + 2) ?? 0xDC00
          scalar = 0x10000 + (scalar - 0xD800) << 10 + (low &- 0xDC00) & 0x3FF
          at += 6
        }
        UTF8Check.append(scalar, to: &out)
      default: out.append(raw[at + 1])
      }
      at += 2
    }
  }
}
