import ShardifyCore

/// Tokens that are found in the text before the model sees it, leftmost and then longest first.
struct AddedTokens: Sendable {
  /// One such token.
  struct Token: Sendable, Equatable {
    /// What stands in the text.
    var text: [UInt8]
    var id: TokenID
    /// Only where special tokens are asked for; others always.
    var isSpecial = true
    /// Takes the whitespace before it.
    var stripsLeft = false
    /// Takes the whitespace after it.
    var stripsRight = false
    /// Not inside a word.
    var isSingleWord = false
    /// Looked for after the normalizer, not before.
    var isNormalized = false
  }

  /// The tokens, in the order of the file.
  let tokens: [Token]
  private let trie: ByteTrie

  init(_ tokens: [Token]) {
    self.tokens = tokens
    hasOrdinary = tokens.contains { !$0.isSpecial }
    var trie = ByteTrie()
    for (index, token) in tokens.enumerated() where !token.text.isEmpty {
      trie.insert(token.text, value: Int32(index))
    }
    trie.finish()
    self.trie = trie
  }

  /// Whether nothing is found: there are no tokens, or only special ones that are not asked for.
  func isIdle(special: Bool) -> Bool { tokens.isEmpty || !special && !hasOrdinary }

  private let hasOrdinary: Bool

  /// A token in the text, or text between two of them.
  struct Part {
    var range: Range<Int>
    /// The token, or nil for text.
    var id: TokenID?
  }

  /// Splits text at the tokens; gives each part to `body` in order.
  ///
  /// A token that is found and not wanted still covers its text, as in the reference.
  func split(
    _ text: UnsafeBufferPointer<UInt8>, special: Bool, _ body: (Part) -> Void
  ) {
    var from = 0
    var at = 0
    while let match = trie.firstMatch(text, from: at) {
      let token = tokens[Int(match.value)]
      at = match.range.upperBound
      guard accepts(token, text, match.range, special: special) else { continue }
      var range = match.range
      if token.stripsLeft {
        range = max(from, Edges.spaceStart(text, before: range.lowerBound))..<range.upperBound
      }
      if token.stripsRight {
        range = range.lowerBound..<Edges.spaceEnd(text, after: range.upperBound)
      }
      if range.lowerBound > from { body(Part(range: from..<range.lowerBound, id: nil)) }
      body(Part(range: range, id: token.id))
      from = range.upperBound
      at = max(at, from)
    }
    if from < text.count { body(Part(range: from..<text.count, id: nil)) }
  }

  private func accepts(
    _ token: Token, _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, special: Bool
  ) -> Bool {
    if token.isSpecial && !special { return false }
    guard token.isSingleWord else { return true }
    return !Edges.endsWithWord(text, before: range.lowerBound)
      && !Edges.startsWithWord(text, after: range.upperBound)
  }
}

/// What stands beside a place in valid UTF-8.
private enum Edges {
  private static let wordRanges =
    ScalarRanges(table: UnicodeTables.letter)
    .union(ScalarRanges(table: UnicodeTables.mark))
    .union(ScalarRanges(table: UnicodeTables.decimalDigit))
    .union(
      ScalarRanges([
        0x5F...0x5F, 0x200C...0x200D, 0x203F...0x2040, 0x2054...0x2054,
        0x2160...0x2188, 0x24B6...0x24E9, 0x3007...0x3007, 0x3021...0x3029, 0x3038...0x303A,
        0xFE33...0xFE34, 0xFE4D...0xFE4F, 0xFF3F...0xFF3F,
      ]))
  private static let spaces = ScalarRanges(table: UnicodeTables.hfSpace)

  private static func before(_ text: UnsafeBufferPointer<UInt8>, _ index: Int)
    -> (scalar: UInt32, start: Int)?
  {
    guard let base = text.baseAddress, index > 0 else { return nil }
    var start = index - 1
    while start > 0 && index - start < 4 && base[start] & 0xC0 == 0x80 { start -= 1 }
    let length = UTF8Check.length(base, at: start, end: index)
    guard length == index - start else { return nil }
    return (UTF8Check.scalar(base, at: start, length: length), start)
  }

  private static func after(_ text: UnsafeBufferPointer<UInt8>, _ index: Int)
    -> (scalar: UInt32, end: Int)?
  {
    guard let base = text.baseAddress, index < text.count else { return nil }
    let length = UTF8Check.length(base, at: index, end: text.count)
    guard length > 0 else { return nil }
    return (UTF8Check.scalar(base, at: index, length: length), index + length)
  }

  static func endsWithWord(_ text: UnsafeBufferPointer<UInt8>, before index: Int) -> Bool {
    before(text, index).map { wordRanges.contains($0.scalar) } ?? false
  }

  static func startsWithWord(_ text: UnsafeBufferPointer<UInt8>, after index: Int) -> Bool {
    after(text, index).map { wordRanges.contains($0.scalar) } ?? false
  }

  static func spaceStart(_ text: UnsafeBufferPointer<UInt8>, before index: Int) -> Int {
    var at = index
    while let previous = before(text, at), spaces.contains(previous.scalar) { at = previous.start }
    return at
  }

  static func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, after index: Int) -> Int {
    var at = index
    while let next = after(text, at), spaces.contains(next.scalar) { at = next.end }
    return at
  }
}
