import ShardifyCore

/// What a filter may ask of a document; `docs/filters.md` says what each means.
enum FilterColumn: Hashable, Sendable {
  /// The source's name, text.
  case source
  /// The language the store files it under, a tag.
  case language
  /// The label the input gave, a tag; may be missing.
  case inputLanguage
  /// The detector's best label, a tag; may be missing.
  case label
  /// The dominant script.
  case script
  /// The probability of the language it is filed under.
  case confidence
  /// The probability of the best label.
  case labelConfidence
  /// The part of the letters in the dominant script.
  case scriptShare
  /// Tokens of the whole document, the end-of-text id included.
  case tokens
  /// UTF-8 bytes of the whole document.
  case bytes
  /// Unicode scalars of the whole document.
  case chars
  /// A numeric column of the store; may be missing.
  case number(Int)

  /// What values a column has.
  enum Kind: Equatable, Sendable { case text, tag, script, number }

  static let builtIn: [(name: String, column: FilterColumn)] = [
    ("source", .source), ("language", .language), ("input_language", .inputLanguage),
    ("label", .label), ("script", .script), ("confidence", .confidence),
    ("label_confidence", .labelConfidence), ("script_share", .scriptShare), ("tokens", .tokens),
    ("bytes", .bytes), ("chars", .chars),
  ]

  /// What the detector notes, by name: true or false, without a comparison.
  static let flags: [(name: String, bit: UInt8)] = [
    ("mixed", 1), ("short", 2), ("contradiction", 4), ("sampled", 8),
  ]

  var kind: Kind {
    switch self {
    case .source: .text
    case .language, .inputLanguage, .label: .tag
    case .script: .script
    default: .number
    }
  }

  /// Whether a document may have no value here.
  var mayBeMissing: Bool {
    switch self {
    case .inputLanguage, .label, .number: true
    default: false
    }
  }

  /// Whether the value is of the whole document and not of each piece.
  var isLength: Bool { self == .tokens || self == .bytes || self == .chars }
}
