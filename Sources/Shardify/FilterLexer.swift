import ShardifyCore

/// Cuts the text of a filter into words.
struct FilterLexer {
  enum Token: Equatable {
    /// A bare word: a name, a keyword or a literal.
    case word(String)
    /// A name in backquotes.
    case name(String)
    /// A text in quotes.
    case text(String)
    case number(Double)
    /// `=`, `<=`, `(`, `,` and the like.
    case sign(String)
    case end

    /// The token for a message.
    var shown: String {
      switch self {
      case .word(let text), .sign(let text): text
      case .name(let text): "`\(text)`"
      case .text(let text): "\"\(text)\""
      case .number(let number): "\(number)"
      case .end: "the end"
      }
    }
  }

  private let scalars: [Unicode.Scalar]
  private var place = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  private static let signs = ["==", "!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","]

  /// The next token and the column it begins at, from 1.
  mutating func next() throws(FilterProblem) -> (token: Token, column: Int) {
    while place < scalars.count, scalars[place].properties.isWhitespace { place += 1 }
    let column = place + 1
    guard place < scalars.count else { return (.end, column) }
    let first = scalars[place]
    switch first {
    case "'", "\"": return (.text(try quoted(first, column)), column)
    case "`": return (.name(try quoted(first, column)), column)
    case _ where Self.isWordStart(first):
      return (.word(take { Self.isWordStart($0) || ("0"..."9").contains($0) }), column)
    case "0"..."9", ".", "-", "+": return (.number(try number(column)), column)
    default:
      for sign in Self.signs where starts(with: sign) {
        place += sign.unicodeScalars.count
        return (.sign(sign), column)
      }
      throw FilterProblem(
        column: column, found: "the character \(String(first).debugDescription)",
        expected: "a name, a value, a comparison or a parenthesis")
    }
  }

  private static func isWordStart(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
  }

  private func starts(with sign: String) -> Bool {
    var at = place
    for scalar in sign.unicodeScalars {
      guard at < scalars.count, scalars[at] == scalar else { return false }
      at += 1
    }
    return true
  }

  private mutating func take(_ isPart: (Unicode.Scalar) -> Bool) -> String {
    var text = String.UnicodeScalarView()
    while place < scalars.count, isPart(scalars[place]) {
      text.append(scalars[place])
      place += 1
    }
    return String(text)
  }

  /// A quote inside is written twice.
  private mutating func quoted(
    _ quote: Unicode.Scalar, _ column: Int
  ) throws(FilterProblem) -> String {
    var text = String.UnicodeScalarView()
    place += 1
    while place < scalars.count {
      if scalars[place] == quote {
        place += 1
        guard place < scalars.count, scalars[place] == quote else { return String(text) }
      }
      text.append(scalars[place])
      place += 1
    }
    throw FilterProblem(
      column: column, found: "a quote that is not closed", expected: "another \(quote)")
  }

  private mutating func number(_ column: Int) throws(FilterProblem) -> Double {
    let text = take { scalar in
      ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
        || scalar == "." || scalar == "-" || scalar == "+" || scalar == "_"
    }
    guard let number = MixtureReader.number(text.filter { $0 != "_" }) else {
      throw FilterProblem(column: column, found: text, expected: "a number such as 0.65 or 200")
    }
    return number
  }
}

/// What is wrong with a filter, and at which column.
struct FilterProblem: Error {
  var column: Int
  var found: String
  var expected: String
  var remedy: String?
}
