import ShardifyCore

/// Parses a pattern into nodes.
struct RegexParser {
  /// Groups repeat at most this often, which bounds the depth of recursion.
  static let maxGroupRepeats = 1000
  private static let maxDepth = 32
  private static let maxRepeat = 1000

  private let scalars: [UInt32]
  private let path: String
  private let source: [UInt8]
  private let syntax: Regex.Syntax
  private var at = 0
  private var depth = 0
  private var ignoresCase = false

  init(_ source: [UInt8], path: String, syntax: Regex.Syntax) {
    self.source = source
    self.syntax = syntax
    self.path = path
    scalars = UTF8Check.scalars(source)
  }

  /// The whole pattern.
  mutating func parse() throws(TokenizeFailure) -> Regex.Node {
    let node = try alternatives()
    guard at == scalars.count else { throw refused("an unmatched )") }
    return node
  }

  private func refused(_ part: String) -> TokenizeFailure {
    .unsupported(path, "\(part) in pattern \(quoted(source, limit: 60))")
  }

  private func peek(_ character: Unicode.Scalar, ahead: Int = 0) -> Bool {
    at + ahead < scalars.count && scalars[at + ahead] == character.value
  }

  private mutating func take(_ text: String) -> Bool {
    let wanted = text.unicodeScalars.map(\.value)
    guard scalars[at...].starts(with: wanted) else { return false }
    at += wanted.count
    return true
  }

  private mutating func alternatives() throws(TokenizeFailure) -> Regex.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maxDepth else { throw refused("nesting deeper than \(Self.maxDepth)") }
    var options = [try sequence()]
    while take("|") { options.append(try sequence()) }
    return options.count == 1 ? options[0] : .alternatives(options)
  }

  private mutating func sequence() throws(TokenizeFailure) -> Regex.Node {
    var parts: [Regex.Node] = []
    while at < scalars.count, !peek("|"), !peek(")") {
      let atom = try self.atom()
      parts.append(try quantified(atom))
    }
    return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
  }

  private mutating func quantified(_ atom: Regex.Node) throws(TokenizeFailure) -> Regex.Node {
    var low = 0
    var high = Int.max
    let isCounted = peek("{")
    if take("?") {
      high = 1
    } else if take("*") {
    } else if take("+") {
      low = 1
    } else if let range = try counts() {
      (low, high) = range
    } else {
      return atom
    }
    if syntax == .ruby && isCounted && (peek("+") || peek("?") && low == high) {
      throw refused("a repeated repetition")
    }
    let mode: Regex.Mode = take("?") ? .lazy : take("+") ? .possessive : .greedy
    if peek("?") || peek("*") || peek("+") { throw refused("a repeated repetition") }
    return .repeat(atom, min: low, max: high, mode: mode)
  }

  /// `{n}`, `{n,}` or `{n,m}`; nil if there is none.
  private mutating func counts() throws(TokenizeFailure) -> (Int, Int)? {
    guard peek("{") else { return nil }
    at += 1
    guard let low = number() else { throw refused("a { without a number") }
    var high = low
    if take(",") { high = number() ?? Int.max }
    guard take("}"), low <= high, low <= Self.maxRepeat, high == Int.max || high <= Self.maxRepeat
    else { throw refused("a repetition count") }
    return (low, high)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while at < scalars.count, scalars[at] >= 0x30, scalars[at] <= 0x39, (value ?? 0) < 100_000 {
      value = (value ?? 0) * 10 + Int(scalars[at] - 0x30)
      at += 1
    }
    return value
  }

  private mutating func atom() throws(TokenizeFailure) -> Regex.Node {
    if take("(") { return try group() }
    if take("[") { return .set(ScalarSet(try characterClass())) }
    if take("^") { return syntax == .ruby ? .startOfLine : .startOfText }
    if take("$") { return syntax == .ruby ? .endOfLine : .endOfText }
    if take(".") { return .set(ScalarSet(ScalarRanges([0x0A...0x0A]).inverted)) }
    if take("\\z") { return .endOfText }
    if peek("\\") { return .set(ScalarSet(try folded(try escape()))) }
    if peek("*") || peek("+") || peek("?") { throw refused("a repetition of nothing") }
    let scalar = scalars[at]
    at += 1
    return .set(ScalarSet(try folded(ScalarRanges([scalar...scalar]))))
  }

  private mutating func group() throws(TokenizeFailure) -> Regex.Node {
    let saved = ignoresCase
    defer { ignoresCase = saved }
    if take("?!") { return .look(try closed(), isNegative: true) }
    if take("?=") { return .look(try closed(), isNegative: false) }
    if take("?i:") {
      ignoresCase = true
      try refuseFoldedPairs()
    } else if take("?:") {
    } else if peek("?") {
      throw refused("a group that starts with ?")
    }
    return try closed()
  }

  /// With `(?i:` some pairs of letters would match one ligature, or ß.
  private func refuseFoldedPairs() throws(TokenizeFailure) {
    let small = scalars[at...].prefix { $0 != 0x29 }.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 32 : $0 }
    for (first, second) in zip(small, small.dropFirst()) {
      let isPair = first == 0x73 && (second == 0x73 || second == 0x74)
      let isLigature = first == 0x66 && [0x66, 0x69, 0x6C].contains(second)
      if isPair || isLigature { throw refused("letters that fold together in (?i:") }
    }
  }

  private mutating func closed() throws(TokenizeFailure) -> Regex.Node {
    let node = try alternatives()
    guard take(")") else { throw refused("an open (") }
    return node
  }

  /// With `(?i:`, ASCII letters match both cases, and s also U+017F, k also U+212A.
  private func folded(_ set: ScalarRanges) throws(TokenizeFailure) -> ScalarRanges {
    guard ignoresCase else { return set }
    guard set.ranges.allSatisfy({ $0.upperBound < 0x80 }) else {
      throw refused("more than ASCII in (?i:")
    }
    var extra: [ClosedRange<UInt32>] = []
    for letter in UInt32(0x61)...0x7A where set.contains(letter) || set.contains(letter - 32) {
      extra += [letter...letter, letter - 32...letter - 32]
    }
    if set.contains(0x73) || set.contains(0x53) { extra.append(0x17F...0x17F) }
    if set.contains(0x6B) || set.contains(0x4B) { extra.append(0x212A...0x212A) }
    return ScalarRanges(set.ranges + extra)
  }

  private mutating func escape() throws(TokenizeFailure) -> ScalarRanges {
    at += 1
    guard at < scalars.count, let name = Unicode.Scalar(scalars[at]) else {
      throw refused("a \\ at the end")
    }
    at += 1
    switch name {
    case "s": return ScalarRanges(table: UnicodeTables.space)
    case "S": return ScalarRanges(table: UnicodeTables.space).inverted
    case "d": return ScalarRanges(table: UnicodeTables.decimalDigit)
    case "D": return ScalarRanges(table: UnicodeTables.decimalDigit).inverted
    case "n": return ScalarRanges([0x0A...0x0A])
    case "r": return ScalarRanges([0x0D...0x0D])
    case "t": return ScalarRanges([0x09...0x09])
    case "f": return ScalarRanges([0x0C...0x0C])
    case "v": return ScalarRanges([0x0B...0x0B])
    case "p": return try property()
    case "P": return try property().inverted
    case "x", "u": return try codePoint(name)
    case let other where other.isASCII && !other.properties.isAlphabetic && !("0"..."9" ~= other):
      return ScalarRanges([other.value...other.value])
    default: throw refused("\\\(name)")
    }
  }

  private mutating func codePoint(_ name: Unicode.Scalar) throws(TokenizeFailure) -> ScalarRanges {
    let braced = take("{")
    var value: UInt32 = 0
    var digits = 0
    while at < scalars.count, digits < (braced ? 6 : name == "x" ? 2 : 4),
      let scalar = Unicode.Scalar(scalars[at]), scalar.isASCII,
      let digit = Character(scalar).hexDigitValue
    {
      value = value << 4 | UInt32(digit)
      digits += 1
      at += 1
    }
    guard digits > 0, value < 0x110000, !braced || take("}") else { throw refused("\\\(name)") }
    return ScalarRanges([value...value])
  }

  private mutating func property() throws(TokenizeFailure) -> ScalarRanges {
    var name = ""
    if take("{") {
      while at < scalars.count, !peek("}") {
        name.unicodeScalars.append(Unicode.Scalar(scalars[at]) ?? " ")
        at += 1
      }
      guard take("}") else { throw refused("an open \\p{") }
    } else if at < scalars.count {
      name.unicodeScalars.append(Unicode.Scalar(scalars[at]) ?? " ")
      at += 1
    }
    let inverted = name.hasPrefix("^")
    guard let table = Self.properties(inverted ? String(name.dropFirst()) : name) else {
      throw refused("\\p{\(name)}")
    }
    let set = ScalarRanges(table: table)
    return inverted ? set.inverted : set
  }

  private static func properties(_ name: String) -> StaticString? {
    switch name {
    case "L", "Letter": UnicodeTables.letter
    case "Lu": UnicodeTables.uppercase
    case "Ll": UnicodeTables.lowercase
    case "Lt": UnicodeTables.titlecase
    case "Lm": UnicodeTables.modifierLetter
    case "Lo": UnicodeTables.otherLetter
    case "M", "Mark": UnicodeTables.mark
    case "N", "Number": UnicodeTables.number
    case "Nd": UnicodeTables.decimalDigit
    case "P", "Punctuation": UnicodeTables.punctuation
    case "S", "Symbol": UnicodeTables.symbol
    case "Han": UnicodeTables.han
    default: nil
    }
  }

  /// After `[`, to its `]`.
  private mutating func characterClass() throws(TokenizeFailure) -> ScalarRanges {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maxDepth else { throw refused("nesting deeper than \(Self.maxDepth)") }
    let inverted = take("^")
    var set: [ClosedRange<UInt32>] = []
    var left: ScalarRanges?
    var isFirst = true
    while isFirst || !peek("]") {
      guard at < scalars.count else { throw refused("an open [") }
      isFirst = false
      if take("&&") {
        let part = ScalarRanges(set)
        left = left.map { $0.intersection(part) } ?? part
        set = []
        continue
      }
      set += try member().ranges
    }
    at += 1
    var result = try folded(ScalarRanges(set))
    if let left { result = try folded(left).intersection(result) }
    return inverted ? result.inverted : result
  }

  /// One member of a class: a nested class, an escape, a character or a range.
  private mutating func member() throws(TokenizeFailure) -> ScalarRanges {
    if peek("[") && peek(":", ahead: 1) { throw refused("[: :]") }
    if take("[") { return try characterClass() }
    let low: ScalarRanges
    if peek("\\") {
      low = try escape()
    } else {
      low = ScalarRanges([scalars[at]...scalars[at]])
      at += 1
    }
    guard peek("-"), !peek("]", ahead: 1), at + 1 < scalars.count, let first = low.ranges.first,
      low.ranges.count == 1, first.lowerBound == first.upperBound
    else { return low }
    at += 1
    let high: ScalarRanges
    if peek("\\") {
      high = try escape()
    } else {
      high = ScalarRanges([scalars[at]...scalars[at]])
      at += 1
    }
    guard let last = high.ranges.first, high.ranges.count == 1,
      last.lowerBound == last.upperBound, first.lowerBound <= last.lowerBound
    else { throw refused("a range in []") }
    return ScalarRanges([first.lowerBound...last.lowerBound])
  }
}
