import Files
import ShardifyCore

/// What can go wrong when a tokenizer is read or used.
public enum TokenizeFailureCode: Equatable, Sendable {
  /// The file cannot be read.
  case unreadable
  /// The file is not in a form this module knows.
  case unknownFormat
  /// The file breaks the rules of its format.
  case malformed
  /// The file is sound, and asks for something this module does not do.
  case unsupported
  /// The definition contradicts itself: ids twice, merges of unknown tokens, gaps.
  case inconsistent
  /// A pattern is needed, or is not known.
  case pattern
  /// An id is not in the vocabulary.
  case unknownID
}

/// The error of this module.
public typealias TokenizeFailure = ModuleFailure<TokenizeFailureCode>

extension ModuleFailure where Code == TokenizeFailureCode {
  /// The failure of a definition file: `what` is always that it cannot be loaded.
  static func load(
    _ code: TokenizeFailureCode, _ path: String, at offset: Int? = nil, _ found: String,
    expected: String? = nil, remedy: String? = nil
  ) -> TokenizeFailure {
    TokenizeFailure(
      code, "cannot load tokenizer", path: path, offset: offset, found: found, expected: expected,
      remedy: remedy)
  }

  /// A part of a definition that this module does not do; named, never skipped.
  static func unsupported(_ path: String, _ part: String, remedy: String? = nil) -> TokenizeFailure
  {
    .load(.unsupported, path, "\(part) is not supported", remedy: remedy)
  }
}

/// Shortens bytes of a file for an error message, and makes them printable.
func quoted(_ bytes: some Collection<UInt8>, limit: Int = 40) -> String {
  let text = String(decoding: bytes.prefix(limit), as: UTF8.self)
  var out = "\""
  for scalar in text.unicodeScalars {
    out +=
      scalar.value < 0x20 || scalar.value == 0x7F
      ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
  }
  return out + (bytes.count > limit ? "...\"" : "\"")
}
