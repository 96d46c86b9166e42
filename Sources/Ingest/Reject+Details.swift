/// Rejects that are made in more than one place, or need some wording.
extension Reject {
  /// A document longer than allowed; `byteCount` is its length without the separator.
  static func tooLong(_ byteCount: Int, limitBytes: Int, offset: Int) -> Reject {
    Reject(
      reason: .tooLong, offset: offset,
      detail: "\(byteCount) bytes, expected at most \(limitBytes)")
  }

  /// A byte that is not UTF-8; `place` counts from the document's start.
  static func invalidUTF8(_ byte: UInt8, at place: Int, offset: Int) -> Reject {
    Reject(
      reason: .invalidUTF8, offset: offset,
      detail: "\(hexadecimal(byte)) at byte \(place) of the document is not UTF-8")
  }

  /// A line that is no JSON, or holds a bare NUL where JSON ends.
  static func syntax(_ line: JSONLine, base: UnsafeRawPointer, offset: Int) -> Reject {
    let place = line.at - base
    guard line.at < line.end else {
      return Reject(
        reason: .notJSON, offset: offset, detail: "the line ends, expected \(line.expected)")
    }
    let found = line.at.load(as: UInt8.self)
    if found == 0 {
      return Reject(
        reason: .nulByte, offset: offset, detail: "a NUL byte at byte \(place) of the document")
    }
    return Reject(
      reason: .notJSON, offset: offset,
      detail: "\(shown(found)) at byte \(place) of the document, expected \(line.expected)")
  }

  /// A visible ASCII character in quotes, any other byte in hexadecimal.
  private static func shown(_ byte: UInt8) -> String {
    (0x21...0x7E).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : hexadecimal(byte)
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
