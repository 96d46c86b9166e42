import ShardifyCore

/// Reads a filter: `confidence >= 0.65 and (source like "wiki*" or tokens > 200)`.
///
/// Size and depth are bounded, so that no text can exhaust memory or the stack.
struct FilterParser {
  /// A filter may have this many bytes.
  static let limitBytes = 64 << 10
  /// Parentheses and `not` may be nested this deep.
  static let limitDepth = 64

  private let numberColumns: [String]
  private var lexer: FilterLexer
  private var token = FilterLexer.Token.end
  private var column = 1
  private var depth = 0

  /// Reads a whole filter.
  ///
  /// - Parameter numberColumns: The numeric columns of the store, in order.
  /// - Throws: `options`, naming the column and what is known.
  static func parse(
    _ text: String, numberColumns: [String]
  ) throws(StageFailure) -> FilterExpression {
    do throws(FilterProblem) {
      guard text.utf8.count <= limitBytes else {
        throw FilterProblem(
          column: 1, found: "\(text.utf8.count) bytes", expected: "at most \(limitBytes)",
          remedy: "use --exclude-hashes for long lists")
      }
      var parser = FilterParser(numberColumns: numberColumns, lexer: FilterLexer(text))
      return try parser.whole()
    } catch {
      let shown = text.utf8.count > 120 ? String(text.unicodeScalars.prefix(100)) + "..." : text
      throw StageFailure(
        .options, "cannot read filter", path: "\(shown.debugDescription) column \(error.column)",
        found: error.found, expected: error.expected, remedy: error.remedy)
    }
  }

  private init(numberColumns: [String], lexer: FilterLexer) {
    self.numberColumns = numberColumns
    self.lexer = lexer
  }

  private mutating func whole() throws(FilterProblem) -> FilterExpression {
    try advance()
    let expression = try disjunction()
    if token != .end { throw problem(expected: "and, or, or the end") }
    return expression
  }

  private mutating func advance() throws(FilterProblem) {
    (token, column) = try lexer.next()
  }

  private func problem(expected: String, remedy: String? = nil) -> FilterProblem {
    FilterProblem(column: column, found: token.shown, expected: expected, remedy: remedy)
  }

  private func isKeyword(_ word: String) -> Bool {
    if case .word(let text) = token { return text.lowercased() == word }
    return false
  }

  private mutating func disjunction() throws(FilterProblem) -> FilterExpression {
    var parts = [try conjunction()]
    while isKeyword("or") {
      try advance()
      parts.append(try conjunction())
    }
    return parts.count == 1 ? parts[0] : .any(parts)
  }

  private mutating func conjunction() throws(FilterProblem) -> FilterExpression {
    var parts = [try term()]
    while isKeyword("and") {
      try advance()
      parts.append(try term())
    }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  private mutating func term() throws(FilterProblem) -> FilterExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.limitDepth else {
      throw problem(expected: "at most \(Self.limitDepth) levels of parentheses and not")
    }
    if isKeyword("not") {
      try advance()
      return .not(try term())
    }
    if token == .sign("(") {
      try advance()
      let inner = try disjunction()
      guard token == .sign(")") else { throw problem(expected: "and, or, or )") }
      try advance()
      return inner
    }
    return try test()
  }

  private mutating func test() throws(FilterProblem) -> FilterExpression {
    if case .word(let word) = token {
      if let flag = FilterColumn.flags.first(where: { $0.name == word }) {
        try advance()
        return .flag(flag.bit)
      }
      if word.lowercased() == "missing" { return try missing() }
    }
    let (column, name) = try self.name()
    var isNegated = false
    if isKeyword("not") {
      try advance()
      isNegated = true
      guard isKeyword("in") || isKeyword("like") else { throw problem(expected: "in or like") }
    }
    let test: FilterExpression
    if isKeyword("in") {
      try advance()
      test = try oneOf(column, name, try list())
    } else if isKeyword("like") {
      try advance()
      test = try like(column, name)
    } else {
      return try comparison(column, name)
    }
    return isNegated ? Self.negated(test, column) : test
  }

  /// Not, but false where there is no value.
  private static func negated(
    _ test: FilterExpression, _ column: FilterColumn
  ) -> FilterExpression {
    column.mayBeMissing ? .all([.not(test), .not(.missing(column))]) : .not(test)
  }

  private mutating func missing() throws(FilterProblem) -> FilterExpression {
    try advance()
    guard token == .sign("(") else { throw problem(expected: "( and a name") }
    try advance()
    let start = self.column
    let (column, name) = try self.name()
    guard column.mayBeMissing else {
      throw FilterProblem(
        column: start, found: "\(name), which every document has",
        expected: "input_language, label or a numeric column")
    }
    guard token == .sign(")") else { throw problem(expected: ")") }
    try advance()
    return .missing(column)
  }

  private mutating func name() throws(FilterProblem) -> (FilterColumn, String) {
    let found: FilterColumn?
    let name: String
    switch token {
    case .word(let word):
      name = word
      let builtIn = FilterColumn.builtIn.first { $0.name == word }?.column
      found = builtIn ?? number(named: word)
    case .name(let word):
      name = word
      found = number(named: word)
    default: throw problem(expected: "a name: \(known)")
    }
    guard let found else {
      throw FilterProblem(
        column: column, found: "unknown name \(token.shown)", expected: "one of \(known)",
        remedy: numberColumns.isEmpty
          ? "numeric columns are kept by shardify ingest --numeric-field" : nil)
    }
    try advance()
    return (found, name)
  }

  private func number(named name: String) -> FilterColumn? {
    numberColumns.firstIndex { $0.utf8.elementsEqual(name.utf8) }.map { .number($0) }
  }

  private var known: String {
    (FilterColumn.builtIn.map(\.name) + numberColumns.map { "`\($0)`" }).joined(separator: ", ")
      + ", not, missing, " + FilterColumn.flags.map(\.name).joined(separator: ", ")
  }
}

// MARK: Comparisons

extension FilterParser {
  private mutating func comparison(
    _ column: FilterColumn, _ name: String
  ) throws(FilterProblem) -> FilterExpression {
    guard case .sign(var sign) = token, sign != "(", sign != ")", sign != "," else {
      throw problem(expected: "a comparison of \(name): =, !=, <, <=, >, >=, in or like")
    }
    if sign == "==" { sign = "=" }
    if sign == "<>" { sign = "!=" }
    guard let comparison = FilterExpression.Comparison(rawValue: sign) else {
      throw problem(expected: "a comparison")
    }
    if column.kind == .number {
      try advance()
      guard case .number(let value) = token else {
        throw problem(expected: "a number to compare \(name) with")
      }
      try advance()
      return .number(column, comparison, value)
    }
    guard comparison == .equal || comparison == .unequal else {
      throw problem(expected: "=, !=, in or like, since \(name) is text")
    }
    try advance()
    let test = try oneOf(column, name, [try value()])
    return comparison == .equal ? test : Self.negated(test, column)
  }

  /// A literal and its column.
  private mutating func value() throws(FilterProblem) -> (FilterLexer.Token, Int) {
    switch token {
    case .word, .text, .number:
      let found = (token, column)
      try advance()
      return found
    default: throw problem(expected: "a value")
    }
  }

  private mutating func list() throws(FilterProblem) -> [(FilterLexer.Token, Int)] {
    guard token == .sign("(") else { throw problem(expected: "( and values with commas") }
    var values: [(FilterLexer.Token, Int)] = []
    repeat {
      try advance()
      values.append(try value())
    } while token == .sign(",")
    guard token == .sign(")") else { throw problem(expected: ", or )") }
    try advance()
    return values
  }

  private func oneOf(
    _ column: FilterColumn, _ name: String, _ values: [(FilterLexer.Token, Int)]
  ) throws(FilterProblem) -> FilterExpression {
    var numbers: [Double] = []
    var codes: [UInt64] = []
    var texts: [FilterExpression.TextTest] = []
    for (token, at) in values {
      func wrong(_ expected: String) -> FilterProblem {
        FilterProblem(column: at, found: token.shown, expected: expected)
      }
      if case .number(let value) = token {
        guard column.kind == .number else { throw wrong("text, since \(name) is text; quote it") }
        numbers.append(value)
        continue
      }
      guard case .word(let text) = Self.asWord(token), column.kind != .number else {
        throw wrong("a number, since \(name) is one")
      }
      switch column.kind {
      case .tag:
        guard let tag = LanguageTag(text) else { throw wrong("a language such as deu_Latn") }
        codes.append(tag.rawValue)
      case .script:
        guard let script = ScriptTag(text) else { throw wrong("a script such as Latn") }
        codes.append(UInt64(script.rawValue))
      default: texts.append(.equal(Array(text.utf8)))
      }
    }
    switch column.kind {
    case .number: return .numberIn(column, numbers.sorted())
    case .tag, .script: return .code(column, codes.sorted())
    case .text: return .text(column, texts)
    }
  }

  private static func asWord(_ token: FilterLexer.Token) -> FilterLexer.Token {
    if case .text(let text) = token { return .word(text) }
    return token
  }

  private mutating func like(
    _ column: FilterColumn, _ name: String
  ) throws(FilterProblem) -> FilterExpression {
    guard column.kind != .number else {
      throw problem(expected: "a comparison, since \(name) is a number")
    }
    guard case .text(let pattern) = token else {
      throw problem(expected: "a pattern in quotes such as \"wiki*\"")
    }
    try advance()
    return .text(column, [.like(WildcardPattern(pattern))])
  }
}
