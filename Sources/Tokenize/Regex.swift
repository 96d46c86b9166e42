import ShardifyCore

/// A pattern of the kind pre-tokenizers use, matched by backtracking, leftmost-first like the
/// reference engines, over pinned Unicode 16 classes.
///
/// Anchors and repetitions mean what they mean in the syntax of the reference: Ruby's for
/// `tokenizer.json`, Rust's for `.tiktoken` files.
///
/// Knows: literals, `.`, classes with ranges, negation, nesting and `&&`, `\p{..}` of the general
/// categories in the tables, `\s \S \d \D`, groups, `(?i:..)`, `?`, `*`, `+`, `{n,m}` each
/// greedy, lazy or possessive, `(?=..)`, `(?!..)`, `^`, `$`, `\z`. All else is refused by name.
struct Regex: Sendable {
  indirect enum Node: Sendable {
    case empty
    case set(ScalarSet)
    case sequence([Node])
    case alternatives([Node])
    case `repeat`(Node, min: Int, max: Int, mode: Mode)
    case look(Node, isNegative: Bool)
    /// At the start, or after a newline that is not the last character: Ruby's `^`.
    case startOfLine
    case startOfText
    case endOfText
    /// At the end, or before any newline: Ruby's `$`.
    case endOfLine
  }

  /// Whose syntax a pattern is in. In Rust's, `^` and `$` are the ends of the text, not of lines,
  /// and a counted repetition may be lazy or possessive.
  enum Syntax: Sendable { case ruby, rust }

  /// How much a repetition takes.
  enum Mode: Sendable { case greedy, lazy, possessive }

  /// The pattern as written.
  let source: [UInt8]
  private let root: Node

  /// Compiles a pattern; `path` names the file in errors.
  init(_ source: [UInt8], path: String, syntax: Syntax = .ruby) throws(TokenizeFailure) {
    self.source = source
    var parser = RegexParser(source, path: path, syntax: syntax)
    root = try parser.parse()
  }

  /// What matches in valid UTF-8, in order, without overlap or empty matches.
  ///
  /// Backtracking has a budget for the whole text; past it nothing matches any more. The references
  /// give up on such text too (Oniguruma and fancy-regex stop with an error).
  func matches(_ text: ScanText) -> [Range<Int>] {
    let matcher = matcher(of: text)
    var out: [Range<Int>] = []
    var at = 0
    while at < text.end, let match = firstMatch(text, from: at, matcher) {
      if !match.isEmpty { out.append(match) }
      at = max(match.upperBound, at + 1)
      while at < text.end, match.isEmpty, text[at] & 0xC0 == 0x80 { at += 1 }
    }
    return out
  }

  /// Steps that a text may take: so many, and so many more for each byte.
  private static let freeSteps = 1 << 24
  private static let stepsPerByte = 1024

  /// A matcher with the budget of a text.
  func matcher(of text: ScanText) -> RegexMatcher {
    RegexMatcher(text, steps: Self.freeSteps + text.end &* Self.stepsPerByte)
  }

  /// The first match at or after `start`; nil if there is none.
  func firstMatch(_ text: ScanText, from start: Int, _ matcher: RegexMatcher)
    -> Range<Int>?
  {
    var at = start
    while at <= text.end {
      let end = matcher.match(root, at: at)
      if matcher.isSpent { return nil }
      if let end { return at..<end }
      guard at < text.end else { return nil }
      at += max(1, UTF8Check.length(text.base, at: at, end: text.end))
    }
    return nil
  }
}

/// Runs a pattern over one text, with a budget of steps. Depth of recursion is bounded by the pattern, not by the text: repetitions of
/// single characters are loops.
final class RegexMatcher {
  private let text: ScanText
  private var steps: Int

  init(_ text: ScanText, steps: Int) {
    self.text = text
    self.steps = steps
  }

  /// Whether the steps are used up; nothing matches then, and what matched last is not to be used.
  var isSpent: Bool { steps < 0 }

  func match(_ node: Regex.Node, at index: Int) -> Int? {
    run(node, index) { $0 }
  }

  /// The code point at an index and its length; a bad byte is U+FFFD of length 1.
  private func scalar(at index: Int) -> (value: UInt32, length: Int)? {
    guard index < text.end else { return nil }
    let length = UTF8Check.length(text.base, at: index, end: text.end)
    if length == 0 { return (0xFFFD, 1) }
    return (UTF8Check.scalar(text.base, at: index, length: length), length)
  }

  private func run(_ node: Regex.Node, _ index: Int, _ next: (Int) -> Int?) -> Int? {
    steps &-= 1
    if steps < 0 { return nil }
    switch node {
    case .empty: return next(index)
    case .set(let set):
      guard let scalar = scalar(at: index), set.contains(scalar.value) else { return nil }
      return next(index + scalar.length)
    case .sequence(let parts): return sequence(parts[...], index, next)
    case .alternatives(let options):
      for option in options {
        if let end = run(option, index, next) { return end }
      }
      return nil
    case .repeat(.set(let set), let min, let max, let mode):
      return repeatSet(set, min, max, mode, index, next)
    case .repeat(let body, let min, let max, let mode):
      if mode == .possessive {
        guard let end = repeated(body, min, max, .greedy, index, 0, { $0 }) else { return nil }
        return next(end)
      }
      return repeated(body, min, max, mode, index, 0, next)
    case .look(let body, let isNegative):
      let found = run(body, index) { $0 } != nil
      return found != isNegative ? next(index) : nil
    case .startOfLine:
      let isAfterNewline = index > 0 && index < text.end && text[index - 1] == 0x0A
      return index == 0 || isAfterNewline ? next(index) : nil
    case .startOfText: return index == 0 ? next(index) : nil
    case .endOfText: return index == text.end ? next(index) : nil
    case .endOfLine: return index == text.end || text[index] == 0x0A ? next(index) : nil
    }
  }

  private func sequence(_ parts: ArraySlice<Regex.Node>, _ index: Int, _ next: (Int) -> Int?)
    -> Int?
  {
    guard let first = parts.first else { return next(index) }
    return run(first, index) { sequence(parts.dropFirst(), $0, next) }
  }

  private func repeatSet(
    _ set: ScalarSet, _ min: Int, _ max: Int, _ mode: Regex.Mode, _ index: Int,
    _ next: (Int) -> Int?
  ) -> Int? {
    var at = index
    var count = 0
    let wanted = mode == .lazy ? min : max
    while count < wanted, let scalar = scalar(at: at), set.contains(scalar.value) {
      at += scalar.length
      count += 1
    }
    steps &-= count
    guard count >= min, steps >= 0 else { return nil }
    if mode == .possessive { return next(at) }
    while true {
      if let end = next(at) { return end }
      steps &-= 1
      if steps < 0 { return nil }
      if mode == .lazy {
        guard count < max, let scalar = scalar(at: at), set.contains(scalar.value) else {
          return nil
        }
        at += scalar.length
        count += 1
      } else {
        guard count > min else { return nil }
        at -= 1
        // Step over one character: a bad byte is alone, a continuation byte belongs to a lead.
        while at > index, text[at] & 0xC0 == 0x80, !isAlone(at) { at -= 1 }
        count -= 1
      }
    }
  }

  /// Whether the byte at an index is no part of a well-formed sequence.
  private func isAlone(_ index: Int) -> Bool {
    for back in 1...3 where index - back >= 0 {
      let length = UTF8Check.length(text.base, at: index - back, end: text.end)
      if length > back { return false }
      if text[index - back] & 0xC0 != 0x80 { return true }
    }
    return true
  }

  private func repeated(
    _ body: Regex.Node, _ min: Int, _ max: Int, _ mode: Regex.Mode, _ index: Int, _ count: Int,
    _ next: (Int) -> Int?
  ) -> Int? {
    func again() -> Int? {
      steps &-= 1
      guard steps >= 0 else { return nil }
      guard count < max, count < RegexParser.maxGroupRepeats else { return nil }
      return run(body, index) { end in
        guard end > index || count < min else { return nil }
        return repeated(body, min, max, mode, end, count + 1, next)
      }
    }
    if count < min { return again() }
    if mode == .lazy { return next(index) ?? again() }
    return again() ?? next(index)
  }
}
