import CSIMD

/// A pre-tokenizer pattern written by hand: where the pretoken that starts at an index ends.
///
/// The pretokens of a scheme cover the whole text. The end lies past the index.
protocol Scheme {
  /// Where the pretoken starting at `index` (below `text.end`) ends.
  static func end(_ text: ScanText, from index: Int) -> Int
}

private let letter = CharacterClasses.letter
private let number = CharacterClasses.number
private let space = CharacterClasses.space
private let newline = CharacterClasses.newline
private let upper = CharacterClasses.upper
private let lower = CharacterClasses.lower
private let han = CharacterClasses.han

/// Ends of whitespace runs, which all patterns treat alike.
enum Whitespace {
  /// `\s+(?!\S)|\s+`: all of the run at the end of the text, else all but its last character.
  @inline(__always)
  static func end(_ text: ScanText, from index: Int) -> Int {
    var at = index
    var last = index
    while at < text.end {
      let next = text.character(at: at)
      if !next.has(space) { break }
      last = at
      at &+= next.length
    }
    return at == text.end || last == index ? at : last
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`, or with `\s++$` before it.
  @inline(__always)
  static func endWithNewlines(_ text: ScanText, from index: Int, wholeAtEnd: Bool) -> Int {
    var at = index
    var last = index
    var afterNewline = index
    while at < text.end {
      let next = text.character(at: at)
      if !next.has(space) { break }
      last = at
      at &+= next.length
      if next.has(newline) { afterNewline = at }
    }
    if wholeAtEnd && at == text.end { return at }
    if afterNewline != index { return afterNewline }
    return at == text.end || last == index ? at : last
  }
}

/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
enum GPT2Scheme: Scheme {
  @inline(__always)
  static func end(_ text: ScanText, from index: Int) -> Int {
    let contraction = text.contraction(at: index)
    if contraction > 0 { return index &+ contraction }
    var at = index
    var first = text.character(at: index)
    if text[index] == 0x20 && index &+ 1 < text.end {
      let second = text.character(at: index &+ 1)
      if second.has(space) { return Whitespace.end(text, from: index) }
      at = index &+ 1
      first = second
    }
    let next = at &+ first.length
    if first.has(letter) { return text.letters(from: next) }
    if first.has(number) { return text.run(of: number, from: next) }
    if first.has(space) { return Whitespace.end(text, from: at) }
    return text.run(without: letter | number | space, from: next)
  }
}

/// The limits that tell the cl100k family apart.
protocol CL100KLimits {
  /// Digits in one pretoken.
  static var digits: Int { get }
  /// Whether whitespace that reaches the end of the text is one pretoken, newlines or not.
  static var wholeAtEnd: Bool { get }
}
/// `\p{N}{1,3}`, as in tokenizer.json files and for Llama 3.
enum ThreeDigits: CL100KLimits {
  static var digits: Int { 3 }
  static var wholeAtEnd: Bool { false }
}
/// `\p{N}{1,3}+` and `\s++$`, as tiktoken has cl100k.
enum ThreeDigitsWholeEnd: CL100KLimits {
  static var digits: Int { 3 }
  static var wholeAtEnd: Bool { true }
}
/// `\p{N}`, as Qwen 2 has it.
enum OneDigit: CL100KLimits {
  static var digits: Int { 1 }
  static var wholeAtEnd: Bool { false }
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|`
/// `\s*[\r\n]+|\s+(?!\S)|\s+`
enum CL100KScheme<Limits: CL100KLimits>: Scheme {
  @inline(__always)
  static func end(_ text: ScanText, from index: Int) -> Int {
    let contraction = text.caselessContraction(at: index)
    if contraction > 0 { return index &+ contraction }
    let first = text.character(at: index)
    let next = index &+ first.length
    if first.has(letter) { return text.letters(from: next) }
    if first.has(number) { return Digits.end(text, from: next, more: Limits.digits - 1) }
    var second = ScanText.Character(bits: space, length: 0)
    if next < text.end {
      second = text.character(at: next)
      if second.has(letter) && !first.has(newline) {
        return text.letters(from: next &+ second.length)
      }
    }
    if !first.has(space) { return Symbols.end(text, from: next) }
    if text[index] == 0x20 && !second.has(letter | number | space) {
      return Symbols.end(text, from: next &+ second.length)
    }
    return Whitespace.endWithNewlines(text, from: index, wholeAtEnd: Limits.wholeAtEnd)
  }
}

private enum Digits {
  /// Where up to `more` further numbers end.
  @inline(__always)
  static func end(_ text: ScanText, from index: Int, more: Int) -> Int {
    var at = index
    var left = more
    while left > 0 && at < text.end {
      let next = text.character(at: at)
      if !next.has(number) { break }
      at &+= next.length
      left &-= 1
    }
    return at
  }
}

private enum Symbols {
  /// Where `[^\s\p{L}\p{N}]*[\r\n]*` ends, or with `/` among the newlines.
  @inline(__always)
  static func end(_ text: ScanText, from index: Int, slashes: Bool = false) -> Int {
    var at = text.run(without: letter | number | space, from: index)
    while at < text.end {
      let byte = text[at]
      guard byte == 0x0A || byte == 0x0D || slashes && byte == 0x2F else { break }
      at &+= 1
    }
    return at
  }
}

/// The words of o200k and Kimi: capitals and then small letters, with a contraction after them.
private enum CasedWord {
  /// `[^\r\n\p{L}\p{N}]?U*L+c?|[^\r\n\p{L}\p{N}]?U+L*c?`, or -1. With `exceptHan`, U and L are
  /// without Han.
  @inline(__always)
  static func end(_ text: ScanText, from index: Int, first: ScanText.Character, exceptHan: Bool)
    -> Int
  {
    var prefixed = -1
    var bare = -1
    if !first.has(letter | number | newline) {
      prefixed = index &+ first.length
      if first.has(upper) { bare = index }
    } else if first.has(letter) {
      bare = index
    }
    var at = -1
    if prefixed >= 0 { at = withSmall(text, from: prefixed, exceptHan: exceptHan) }
    if at < 0 && bare >= 0 { at = withSmall(text, from: bare, exceptHan: exceptHan) }
    if at < 0 && prefixed >= 0 { at = capitals(text, from: prefixed, exceptHan: exceptHan) }
    if at < 0 && bare >= 0 { at = capitals(text, from: bare, exceptHan: exceptHan) }
    return at < 0 ? -1 : at &+ text.caselessContraction(at: at)
  }

  /// The same for a word with one capital at most, by a map of L; -1 if it is none, or if that needs
  /// a closer look.
  @inline(__always)
  static func simpleEnd(
    _ text: ScanText, _ map: UnsafeMutablePointer<csimd_letter_map>, from index: Int,
    first: ScanText.Character
  ) -> Int {
    var at = index
    var head = first
    if !head.has(letter | number | newline | upper) {
      at &+= head.length
      if at == text.end { return -1 }
      head = text.character(at: at)
    }
    if !head.has(upper | lower) { return -1 }
    at &+= head.length
    let end = csimd_letters_end(map, at)
    if end == text.end { return end }
    if !text.character(at: end).has(upper) { return end &+ text.caselessContraction(at: end) }
    // Before a capital, a word ends after a letter that is in L only. In doubt it is not.
    let last = text[end &- 1]
    return end > at && last &- 0x61 < 26 ? end : -1
  }

  /// `U*L+`, or -1. When the capitals are followed by no small letter, they are given back until
  /// one that is in L too: the last such position is all that has to be remembered.
  @inline(__always)
  private static func withSmall(_ text: ScanText, from index: Int, exceptHan: Bool) -> Int {
    var at = index
    var afterBoth = -1
    while at < text.end {
      let next = text.character(at: at)
      if !next.has(upper) || exceptHan && next.has(han) { break }
      at &+= next.length
      if next.has(lower) { afterBoth = at }
    }
    let start = at
    if at < text.end { at = text.smallLetters(from: at) }
    while at < text.end {
      let next = text.character(at: at)
      if !next.has(lower) || exceptHan && next.has(han) { break }
      at &+= next.length
    }
    return at > start ? at : afterBoth
  }

  /// `U+L*` where `U*L+` did not match, so that no L follows; or -1.
  @inline(__always)
  private static func capitals(_ text: ScanText, from index: Int, exceptHan: Bool) -> Int {
    var at = index
    while at < text.end {
      let next = text.character(at: at)
      if !next.has(upper) || exceptHan && next.has(han) { break }
      at &+= next.length
    }
    return at > index ? at : -1
  }
}

/// The pattern of o200k_base; see `CasedWord`. Symbols take `/` among the newlines after them.
enum O200KScheme: Scheme {
  @inline(__always)
  static func end(_ text: ScanText, from index: Int) -> Int {
    let first = text.character(at: index)
    if let map = text.letterMap {
      let end = CasedWord.simpleEnd(text, map, from: index, first: first)
      if end >= 0 { return end }
    }
    let word = CasedWord.end(text, from: index, first: first, exceptHan: false)
    if word >= 0 { return word }
    return Rest.end(text, from: index, first: first, slashes: true)
  }
}

/// The pattern of Kimi K2: runs of Han first, then as o200k without Han.
enum KimiScheme: Scheme {
  @inline(__always)
  static func end(_ text: ScanText, from index: Int) -> Int {
    let first = text.character(at: index)
    if first.has(han) { return text.run(of: han, from: index &+ first.length) }
    let word = CasedWord.end(text, from: index, first: first, exceptHan: true)
    if word >= 0 { return word }
    return Rest.end(text, from: index, first: first, slashes: false)
  }
}

private enum Rest {
  /// `\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+` where no word matched.
  @inline(__always)
  static func end(_ text: ScanText, from index: Int, first: ScanText.Character, slashes: Bool)
    -> Int
  {
    let next = index &+ first.length
    if first.has(number) { return Digits.end(text, from: next, more: 2) }
    if !first.has(space) { return Symbols.end(text, from: next, slashes: slashes) }
    if text[index] == 0x20 && next < text.end {
      let second = text.character(at: next)
      if !second.has(letter | number | space) {
        return Symbols.end(text, from: next &+ second.length, slashes: slashes)
      }
    }
    return Whitespace.endWithNewlines(text, from: index, wholeAtEnd: false)
  }
}
