/// One JSON object on one line, its members in the order they were added.
public struct JSONLine: Sendable {
  private var members = ""

  /// Makes an empty object.
  public init() {}

  /// The object.
  public var text: String { "{\(members)}" }

  /// Adds a string.
  public mutating func add(_ name: String, _ value: String) { put(name, Self.quoted(value)) }
  /// Adds an integer.
  public mutating func add(_ name: String, _ value: Int) { put(name, "\(value)") }
  /// Adds a number; one that is not finite becomes null.
  public mutating func add(_ name: String, _ value: Double) {
    put(name, value.isFinite ? "\(value)" : "null")
  }
  /// Adds integers.
  public mutating func add(_ name: String, _ values: [Int]) {
    put(name, "[\(values.map { "\($0)" }.joined(separator: ","))]")
  }
  /// Adds an object.
  public mutating func add(_ name: String, _ value: JSONLine) { put(name, value.text) }
  /// Adds a list of objects.
  public mutating func add(_ name: String, _ values: [JSONLine]) {
    put(name, "[\(values.map(\.text).joined(separator: ","))]")
  }

  private mutating func put(_ name: String, _ value: String) {
    if !members.isEmpty { members += "," }
    members += "\(Self.quoted(name)):\(value)"
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }
}
