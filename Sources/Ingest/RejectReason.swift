/// Why a document was not taken. The numbers are stored: never change one, only add.
public enum RejectReason: UInt8, CaseIterable, Sendable {
  /// The line is not well-formed JSON.
  case notJSON = 0
  /// The line is JSON, but no object.
  case notAnObject = 1
  /// The object lacks the text field.
  case missingText = 2
  /// The text field is no string.
  case textNotString = 3
  /// Bytes that are not UTF-8, or half of a surrogate pair in a wanted field.
  case invalidUTF8 = 4
  /// The text is empty or only white space.
  case emptyText = 5
  /// The line or document is longer than allowed.
  case tooLong = 6
  /// A numeric field holds something other than a finite number or null.
  case numericFieldInvalid = 7
  /// A NUL character in plain text, in a wanted field, or bare in a JSON line.
  case nulByte = 8

  /// The name in tables and reports; it never changes.
  public var name: String {
    switch self {
    case .notJSON: "not_json"
    case .notAnObject: "not_an_object"
    case .missingText: "missing_text"
    case .textNotString: "text_not_string"
    case .invalidUTF8: "invalid_utf8"
    case .emptyText: "empty_text"
    case .tooLong: "too_long"
    case .numericFieldInvalid: "numeric_field_invalid"
    case .nulByte: "nul_byte"
    }
  }
}
