import CLanguageModel
import CSIMD

/// Reads a text in parts as the symbols that `clm_find_ngrams` takes, and the features of its words.
///
/// The symbols are those of `LetterReader`, one boundary between words. Text that is known to be UTF-8
/// is taken in blocks of 64 bytes: where its sequences begin is known from compare masks, and nothing in
/// the loop over them branches on the text. Blocks with combining marks, and text that may not be UTF-8, are
/// read by `LetterReader`. For one thread at a time.
final class SymbolReader {
  /// Symbols before the first that belong to the text before it.
  private static let context = 4
  /// Room that the kernels need beyond the last symbol.
  private static let room = 16

  private var reader: LetterReader
  private var table: clm_symbol_table
  private var tableCode = 0
  private var state = clm_symbol_state()
  private let symbolMemory: UnsafeMutablePointer<UInt32>
  private let wordMemory: UnsafeMutablePointer<UInt64>
  /// The last bytes of a text, and zeros.
  private let block: UnsafeMutablePointer<UInt8>
  private let maxOrder: Int
  private let usesWords: Bool

  /// How many symbols the last part had, and how many of the features of words.
  private(set) var count = 0
  private(set) var wordCount = 0
  /// The polynomial of the letters of the open word, and how many those are.
  private var word: UInt64 = 0
  private var length: UInt64 = 0

  /// Letters and marks read so far.
  var letters: Int { reader.letters &+ Int(state.letters) }
  /// Digits, punctuation and symbols read so far.
  var others: Int { reader.others &+ Int(state.others) }
  /// The symbols of the last part; four that were before it stand before them.
  var symbols: UnsafePointer<UInt32> { UnsafePointer(symbolMemory + Self.context) }
  /// The features of the words that ended in the last part.
  var words: UnsafePointer<UInt64> { UnsafePointer(wordMemory) }

  /// Reads parts of at most `partBytes` bytes.
  init(_ characters: CharacterTable, maxOrder: Int, usesWords: Bool, partBytes: Int) {
    reader = LetterReader(characters)
    table = SymbolTable.of(scriptCode: 0, characters).pointers
    (self.maxOrder, self.usesWords) = (maxOrder, usesWords)
    let most = Self.context + partBytes + Self.room
    symbolMemory = .allocate(capacity: most)
    symbolMemory.initialize(repeating: LetterReader.boundary, count: most)
    wordMemory = .allocate(capacity: most)
    wordMemory.initialize(repeating: 0, count: most)
    block = .allocate(capacity: Int(CLM_BLOCK_BYTES))
    block.initialize(repeating: 0, count: Int(CLM_BLOCK_BYTES))
  }

  deinit {
    symbolMemory.deallocate()
    wordMemory.deallocate()
    block.deallocate()
  }

  /// Forgets all text, and reads texts of the script with this code from now on.
  func reset(scriptCode: Int) {
    if scriptCode != tableCode {
      table = SymbolTable.of(scriptCode: scriptCode, reader.table).pointers
      tableCode = scriptCode
    }
    reader.reset(scriptCode: scriptCode)
    state = clm_symbol_state()
    (count, wordCount, word, length) = (0, 0, 0, 0)
    symbolMemory.update(repeating: LetterReader.boundary, count: Self.context)
  }

  /// Reads code points from `place` until it reaches or passes `stop`.
  func read(
    _ base: UnsafePointer<UInt8>, _ place: inout Int, stop: Int, end: Int, isUTF8: Bool
  ) {
    keepContext()
    if isUTF8 {
      while place < stop { readBlock(base, &place, stop: stop, end: end) }
    } else {
      readSlowly(base, &place, stop: stop, end: end)
    }
    readWords()
  }

  /// Ends the text: the last word gets its boundary.
  func finish() {
    keepContext()
    take(LetterReader.boundary)
    readWords()
  }

  /// The last symbols stand before those that will be read.
  private func keepContext() {
    symbolMemory.update(from: symbolMemory + count, count: Self.context)
    count = 0
  }

  /// Reads the code points of UTF-8 text that begin in the 64 bytes from `place`, before `stop`.
  private func readBlock(
    _ base: UnsafePointer<UInt8>, _ place: inout Int, stop: Int, end: Int
  ) {
    var from = base + place
    if end &- place < Int(CLM_BLOCK_BYTES) {
      block.update(repeating: 0, count: Int(CLM_BLOCK_BYTES))
      block.update(from: from, count: end &- place)
      from = UnsafePointer(block)
    }
    let width = min(64, stop &- place)
    let found = csimd_sequences64(from)
    let leads = found.leads & UInt64.max >> UInt64(64 &- width)
    guard leads != 0 else {
      place &+= width
      return
    }
    let last = 63 &- leads.leadingZeroBitCount
    let lead = from[last]
    let next = last &+ (lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4)
    // A mark is joined to the letter before it, which may be the last of this block.
    guard found.marks == 0, from[next] | 1 != 0xCD else {
      readSlowly(base, &place, stop: place &+ width, end: end)
      return
    }
    place &+= next
    count &+= clm_read_symbols(&table, from, leads, &state, symbolMemory + Self.context + count)
  }

  private func readSlowly(
    _ base: UnsafePointer<UInt8>, _ place: inout Int, stop: Int, end: Int
  ) {
    while place < stop { take(reader.next(base, &place, end)) }
  }

  private func take(_ symbol: UInt32) {
    let isLetter: UInt64 = symbol != LetterReader.boundary ? 1 : 0
    symbolMemory[Self.context &+ count] = symbol
    count &+= Int(isLetter | state.inside)
    state.inside = isLetter
  }

  /// Writes the features of the words that end in the part read last.
  private func readWords() {
    wordCount = 0
    guard usesWords else { return }
    let least = UInt64(max(maxOrder &- 1, 1))
    let lengths = UInt64(NgramExtractor.longestWord) &- least &+ 1
    var (word, length) = (word, length)
    var out = wordMemory
    let symbols = symbols
    for number in 0..<count {
      let symbol = symbols[number]
      let isLetter: UInt64 = symbol != LetterReader.boundary ? 1 : 0
      let mask = 0 &- isLetter
      out.pointee = word
      out += Int((1 &- isLetter) & (length &- least < lengths ? 1 : 0))
      word = word &* (NgramExtractor.step & mask) &+ (UInt64(symbol) & mask)
      length = (length &+ 1) & mask
    }
    wordCount = out - wordMemory
    for number in 0..<wordCount {
      wordMemory[number] = NgramExtractor.feature(ofWord: wordMemory[number])
    }
    (self.word, self.length) = (word, length)
  }
}
