/// JSON written in one line, keys in the order given.
public indirect enum JSONText {
  case text(String)
  case number(Int)
  case real(Double)
  case bool(Bool)
  case list([JSONText])
  case object([(String, JSONText)])

  /// An object as text.
  public static func line(_ members: [(String, JSONText)]) -> String {
    JSONText.object(members).description
  }

  /// A string in quotes.
  public static func quoted(_ text: String) -> String {
    var out: [UInt8] = [UInt8(ascii: "\"")]
    appendEscaped(Array(text.utf8), to: &out)
    out.append(UInt8(ascii: "\""))
    return String(decoding: out, as: UTF8.self)
  }

  /// Escapes the bytes of valid UTF-8.
  public static func appendEscaped(_ bytes: [UInt8], to out: inout [UInt8]) {
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""): out += Array(#"\""#.utf8)
      case UInt8(ascii: "\\"): out += Array(#"\\"#.utf8)
      case 10: out += Array(#"\n"#.utf8)
      case 13: out += Array(#"\r"#.utf8)
      case 9: out += Array(#"\t"#.utf8)
      case 0..<32:
        let digits = Array("0123456789abcdef".utf8)
        out += Array(#"\u00"#.utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: out.append(byte)
      }
    }
  }

  public var description: String {
    switch self {
    case .text(let text): JSONText.quoted(text)
    case .number(let number): "\(number)"
    case .real(let number): number.isFinite ? "\(number)" : "null"
    case .bool(let value): value ? "true" : "false"
    case .list(let items): "[" + items.map(\.description).joined(separator: ",") + "]"
    case .object(let members):
      "{"
        + members.map { JSONText.quoted($0) + ":" + $1.description }.joined(separator: ",") + "}"
    }
  }
}
