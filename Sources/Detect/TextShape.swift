import CSIMD

/// What a text looks like: prose, or code, markup, tables, encoded bytes.
///
/// Prose is words with one space between them; code, markup and lists are words with symbols between.
/// Counted in blocks of 64 bytes with compare masks, over all of the text.
struct TextShape: Equatable {
  /// Bytes that are not space, below which a text is not judged.
  static let leastBytes = 40
  /// A run of so many ASCII bytes without space is no word: a link, encoded bytes, a packed program.
  static let longRun = 25

  /// Bytes that are not space.
  private(set) var dark = 0
  /// Bytes from 0x80: letters of other scripts, accents.
  private(set) var high = 0
  private(set) var digits = 0
  /// ASCII but for letters, digits, space and `. , ' - ! ?`.
  private(set) var symbols = 0
  /// Runs of letters, and of those the ones that follow another after a single space.
  private(set) var words = 0
  private(set) var joined = 0
  /// Bytes in runs of at least `longRun` ASCII bytes without space.
  private(set) var longRuns = 0

  private var lastLetter: UInt64 = 0
  private var letterThenSpace: UInt64 = 0
  private var run = 0

  init(_ text: UnsafeRawBufferPointer) {
    guard let base = text.baseAddress else { return }
    var place = 0
    while place &+ 64 <= text.count {
      take(csimd_shape64(base + place))
      place &+= 64
    }
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 16) { rest in
      rest.initializeMemory(as: UInt8.self, repeating: 0x20)
      if place < text.count {
        rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: text[place...]))
      }
      if let last = UnsafeRawPointer(rest.baseAddress) { take(csimd_shape64(last)) }
    }
    endRun()
    (lastLetter, letterThenSpace) = (0, 0)
  }

  /// Whether the text is not language. Fitted on 8,267 documents of the corpus and 1,322 files of code,
  /// markup and data; docs/languages.md has the figures.
  var isNotLanguage: Bool {
    guard dark >= Self.leastBytes, high * 10 < dark * 4 else { return false }
    // Mostly links, encoded bytes or numbers, and few words that follow one another.
    if joined * 20 < words * 7, longRuns * 2 > dark || digits * 5 > dark * 2 { return true }
    // Above a tenth of symbols, a fifth in a short text: one sentence may name many functions. And above
    // a quarter of the share of words that follow another.
    let least = dark < 200 ? 5 : 10
    return symbols * least > dark && symbols * 4 * max(words, 1) > joined * dark
  }

  @inline(__always)
  private mutating func take(_ block: csimd_shape) {
    let letters = block.letters | block.high
    dark &+= block.dark.nonzeroBitCount
    high &+= block.high.nonzeroBitCount
    digits &+= block.digits.nonzeroBitCount
    symbols &+= block.symbols.nonzeroBitCount
    let starts = letters & ~(letters &<< 1 | lastLetter)
    words &+= starts.nonzeroBitCount
    let ended = (letters &<< 1 | lastLetter) & block.blanks
    joined &+= (starts & (ended &<< 1 | letterThenSpace)).nonzeroBitCount
    lastLetter = letters &>> 63
    letterThenSpace = ended &>> 63
    countRuns(block.dark & ~block.high)
  }

  @inline(__always)
  private mutating func countRuns(_ dark: UInt64) {
    if dark == .max {
      run &+= 64
      return
    }
    var (rest, left) = (dark, 64)
    while left > 0 {
      let ones = min((~rest).trailingZeroBitCount, left)
      run &+= ones
      left &-= ones
      guard left > 0 else { return }
      endRun()
      rest = rest &>> UInt64(ones)
      let zeros = min(rest.trailingZeroBitCount, left)
      left &-= zeros
      rest = zeros < 64 ? rest &>> UInt64(zeros) : 0
    }
  }

  @inline(__always)
  private mutating func endRun() {
    if run >= Self.longRun { longRuns &+= run }
    run = 0
  }
}
