import ShardifyCore

/// A condition on documents, read and typed; `docs/filters.md` has the language.
indirect enum FilterExpression: Equatable, Sendable {
  /// Both hold, or all of more; true if there is none.
  case all([FilterExpression])
  /// One holds at least.
  case any([FilterExpression])
  case not(FilterExpression)
  /// A number compared; false where there is none.
  case number(FilterColumn, Comparison, Double)
  /// A number that is one of a list, ascending.
  case numberIn(FilterColumn, [Double])
  /// A tag or script that is one of a list, ascending; false where there is none.
  case code(FilterColumn, [UInt64])
  /// A text, tag or script that matches one of several tests; false where there is none.
  case text(FilterColumn, [TextTest])
  /// A test of source names, by its number in a list; not in what a parser gives.
  case source(Int)
  /// A mark of the detector.
  case flag(UInt8)
  /// Whether there is no value.
  case missing(FilterColumn)

  enum Comparison: String, Sendable {
    case equal = "="
    case unequal = "!="
    case below = "<"
    case atMost = "<="
    case above = ">"
    case atLeast = ">="

    func holds(_ a: Double, _ b: Double) -> Bool {
      switch self {
      case .equal: a == b
      // A NaN is a missing value, of which no comparison holds.
      case .unequal: a < b || a > b
      case .below: a < b
      case .atMost: a <= b
      case .above: a > b
      case .atLeast: a >= b
      }
    }
  }

  enum TextTest: Hashable, Sendable {
    case equal([UInt8])
    case like(WildcardPattern)

    func holds(_ text: [UInt8]) -> Bool {
      switch self {
      case .equal(let wanted): text == wanted
      case .like(let pattern): pattern.matches(text)
      }
    }
  }

  /// Whether any part asks for the length of the document.
  var needsLength: Bool {
    switch self {
    case .all(let parts), .any(let parts): parts.contains(where: \.needsLength)
    case .not(let part): part.needsLength
    case .number(let column, _, _), .numberIn(let column, _): column.isLength
    default: false
    }
  }
}
