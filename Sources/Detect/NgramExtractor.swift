/// Turns text into the numbers of its features: n-grams of letters and whole words.
///
/// Text is read by `LetterReader`; what lies between its letters is one boundary. N-grams of one to `maxOrder` symbols lie within a word and its two
/// boundaries. Each is named by a polynomial over its symbols, kept up with one multiplication per
/// order and symbol, and spread over all 64 bits by another. State carries over from call to call, so
/// that a long text can be fed in parts.
///
/// The trainer in `models/trainer` compiles this same file. The scorer finds the rows of the same features with `SymbolReader` and
/// `clm_find_ngrams`, eight symbols at a time; a test compares the two.
struct NgramExtractor {
  /// The most features that one byte of text can give.
  static let mostPerByte = 12
  /// Longer words give no whole-word feature.
  static let longestWord = 24

  static let step: UInt64 = 0xD6E8_FEB8_6659_FD93
  private static let spread: UInt64 = 0x9E37_79B9_7F4A_7C15
  private static let boundary = UInt64(LetterReader.boundary)

  private var reader: LetterReader
  let maxOrder: Int
  let usesWords: Bool

  private var p1: UInt64 = 0
  private var p2: UInt64 = 0
  private var p3: UInt64 = 0
  private var p4: UInt64 = 0
  private var word: UInt64 = 0
  /// Symbols since the last boundary, the boundary included; 0 outside words.
  private var depth = 0

  /// `maxOrder` is 3, 4 or 5.
  init(table: CharacterTable, maxOrder: Int, usesWords: Bool) {
    reader = LetterReader(table)
    self.maxOrder = maxOrder
    self.usesWords = usesWords
  }

  /// Forgets all text, and reads texts of the script with this code from now on.
  mutating func reset(scriptCode: Int) {
    depth = 0
    reader.reset(scriptCode: scriptCode)
  }

  /// Reads code points from `place` until it reaches or passes `stop`, writes the numbers of their
  /// features to `ids` and returns how many. `ids` has room for `mostPerByte` a byte and 12 more.
  mutating func feed(
    _ base: UnsafePointer<UInt8>, _ place: inout Int, stop: Int, end: Int,
    ids: UnsafeMutablePointer<UInt64>
  ) -> Int {
    var state = self
    var out = ids
    while place < stop {
      let symbol = state.reader.next(base, &place, end)
      if symbol == LetterReader.boundary {
        state.close(&out)
      } else {
        state.add(UInt64(symbol), &out)
      }
    }
    self = state
    return out - ids
  }

  /// Ends the text: the last word gets its boundary. Returns how many numbers were written.
  mutating func finish(ids: UnsafeMutablePointer<UInt64>) -> Int {
    var out = ids
    close(&out)
    return out - ids
  }

  @inline(__always)
  private mutating func shift(_ symbol: UInt64) {
    p4 = p3 &* Self.step &+ symbol
    p3 = p2 &* Self.step &+ symbol
    p2 = p1 &* Self.step &+ symbol
    p1 = symbol
    depth &+= 1
  }

  /// The feature of a whole word, of the polynomial over its letters.
  @inline(__always)
  static func feature(ofWord polynomial: UInt64) -> UInt64 {
    feature(polynomial &+ 0x6000_0000_0000_0000)
  }

  @inline(__always)
  private static func feature(_ value: UInt64) -> UInt64 { (value ^ value >> 31) &* spread }

  @inline(__always)
  private func emit(_ value: UInt64, _ out: inout UnsafeMutablePointer<UInt64>) {
    out.pointee = Self.feature(value)
    out += 1
  }

  @inline(__always)
  private mutating func add(_ symbol: UInt64, _ out: inout UnsafeMutablePointer<UInt64>) {
    if depth == 0 {
      p1 = Self.boundary
      word = 0
      depth = 1
    }
    let p5 = p4 &* Self.step &+ symbol
    shift(symbol)
    word = word &* Self.step &+ symbol
    emit(p1 &+ 0x1000_0000_0000_0000, &out)
    emit(p2 &+ 0x2000_0000_0000_0000, &out)
    if depth >= 3 { emit(p3 &+ 0x3000_0000_0000_0000, &out) }
    if depth >= 4, maxOrder >= 4 { emit(p4 &+ 0x4000_0000_0000_0000, &out) }
    if depth >= 5, maxOrder >= 5 { emit(p5 &+ 0x5000_0000_0000_0000, &out) }
  }

  /// A boundary: ends the word, if there is one.
  @inline(__always)
  private mutating func close(_ out: inout UnsafeMutablePointer<UInt64>) {
    guard depth != 0 else { return }
    let length = depth &- 1
    let p5 = p4 &* Self.step &+ Self.boundary
    shift(Self.boundary)
    emit(p3 &+ 0x3000_0000_0000_0000, &out)
    if depth >= 4, maxOrder >= 4 { emit(p4 &+ 0x4000_0000_0000_0000, &out) }
    if depth >= 5, maxOrder >= 5 { emit(p5 &+ 0x5000_0000_0000_0000, &out) }
    if usesWords, length > maxOrder &- 2, length <= Self.longestWord {
      emit(word &+ 0x6000_0000_0000_0000, &out)
    }
    depth = 0
  }
}
