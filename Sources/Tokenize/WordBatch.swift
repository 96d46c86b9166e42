import CSIMD
import ShardifyCore

/// Words waiting to be looked up in a cache of their ids. One per thread.
///
/// Add words until it is full, each asks for its cache line; then take them in order. A word may be
/// marked: a `▁` belongs before its bytes. Characters that stand alone and whose ids are known need
/// not be looked up: `addSingle` keeps the ids, and `takeSingles` gives those between two words.
final class WordBatch {
  static let capacity = 64
  private static let singleCapacity = 256
  /// `takeSingles` may write so many ids more than there are.
  static let singleSlack = 4
  /// Bytes of words that the batch keeps itself, and of one of them.
  private static let ownCapacity = 1 << 14
  static let maxOwnBytes = ownCapacity / 2
  /// In a table of single characters: the character becomes its bytes.
  static let inBytes = TokenTable.none - 1

  let cache: PieceCache
  private(set) var count = 0
  /// At least the bytes of all words with their marks.
  private(set) var byteCount = 0
  /// Ids of single characters.
  private(set) var singleCount = 0
  /// The id of each character below U+10000 that stands alone, or `inBytes`; shape [65536]. Nil if
  /// such are words as others are.
  let singles: UnsafePointer<TokenID>?
  private let byteIDs: UnsafeMutablePointer<TokenID>
  private let singleIDs: UnsafeMutablePointer<TokenID>
  /// How many of them stand before each word.
  private let singlesBefore: UnsafeMutablePointer<Int>
  private let keys: UnsafeMutablePointer<PieceCache.Key>
  private let places: UnsafeMutablePointer<UnsafePointer<UInt8>>
  private let marks: UnsafeMutablePointer<Bool>
  /// `▁`, and room for a word after it.
  private let spelling: UnsafeMutablePointer<UInt8>
  /// Words that are no part of a text, one after the other, and 24 bytes of room.
  private let own: UnsafeMutablePointer<UInt8>
  private var ownCount = 0
  /// 24 bytes of ones, 24 of zeros, and 32 for the last bytes of a text.
  private let masks: UnsafeMutablePointer<UInt8>

  /// For ids below `idLimit`. `singles`: as the property, which must live as long; `byteIDs`: the ids
  /// of bytes, for `inBytes`.
  init(
    cacheBits: Int, idLimit: Int = .max, singles: UnsafePointer<TokenID>? = nil,
    byteIDs: [TokenID] = []
  ) {
    cache = PieceCache(lineCount: 1 << cacheBits, idLimit: idLimit)
    self.singles = singles
    self.byteIDs = .allocate(capacity: 256)
    self.byteIDs.initialize(repeating: 0, count: 256)
    for (byte, id) in byteIDs.prefix(256).enumerated() { self.byteIDs[byte] = id }
    singleIDs = .allocate(capacity: Self.singleCapacity + Self.singleSlack)
    singleIDs.initialize(repeating: 0, count: Self.singleCapacity + Self.singleSlack)
    singlesBefore = .allocate(capacity: Self.capacity + 1)
    singlesBefore.initialize(repeating: 0, count: Self.capacity + 1)
    keys = .allocate(capacity: Self.capacity)
    keys.initialize(repeating: PieceCache.Key(), count: Self.capacity)
    places = .allocate(capacity: Self.capacity)
    marks = .allocate(capacity: Self.capacity)
    spelling = .allocate(capacity: 3 + PieceCache.maxKeyBytes)
    for (place, byte) in SentencePieceText.mark.enumerated() { spelling[place] = byte }
    own = .allocate(capacity: Self.ownCapacity + 24)
    own.initialize(repeating: 0, count: Self.ownCapacity + 24)
    masks = .allocate(capacity: 80)
    masks.initialize(repeating: 0, count: 80)
    masks.update(repeating: 0xFF, count: 24)
  }

  deinit {
    byteIDs.deallocate()
    singleIDs.deallocate()
    singlesBefore.deallocate()
    keys.deallocate()
    places.deallocate()
    marks.deallocate()
    spelling.deallocate()
    own.deallocate()
    masks.deallocate()
  }

  var isFull: Bool { count == Self.capacity }

  /// Adds a word with `left` bytes to the end of the text.
  @inline(__always)
  func add(_ bytes: UnsafePointer<UInt8>, _ length: Int, left: Int) {
    places[count] = bytes
    singlesBefore[count] = singleCount
    marks[count] = false
    byteCount &+= length
    if length > PieceCache.maxKeyBytes {
      keys[count].length = length
    } else if left >= 24 {
      keys[count] = PieceCache.Key(bytes, length, masks)
      cache.locate(&keys[count])
    } else {
      let padded = masks + 48
      padded.update(from: bytes, count: length)
      keys[count] = PieceCache.Key(padded, length, masks)
      cache.locate(&keys[count])
    }
    count &+= 1
  }

  /// Adds a marked word of up to 23 bytes. Its key has a space for the mark, which no other has.
  @inline(__always)
  func addMarked(_ bytes: UnsafePointer<UInt8>, _ length: Int, left: Int) {
    places[count] = bytes
    singlesBefore[count] = singleCount
    marks[count] = true
    byteCount &+= length &+ 3
    if left >= 24 {
      keys[count] = PieceCache.Key(marked: bytes, length, masks)
    } else {
      let padded = masks + 48
      padded.update(from: bytes, count: length)
      keys[count] = PieceCache.Key(marked: padded, length, masks)
    }
    cache.locate(&keys[count])
    count &+= 1
  }

  /// Adds words that start with a `▁` each, or the end of one, and are no part of a text: up to
  /// `maxOwnBytes` bytes, which are cut where nothing reaches across if they are over `uncut`. Calls
  /// `flush` each time the batch is full.
  func addOwn(
    _ bytes: UnsafeBufferPointer<UInt8>, cuts: SafeCuts?, uncut: Int, flush: () -> Void
  ) {
    guard let from = bytes.baseAddress else { return }
    if ownCount &+ bytes.count > Self.ownCapacity { flush() }
    let base = own + ownCount
    base.update(from: from, count: bytes.count)
    let ownEnd = ownCount &+ bytes.count
    var at = 0
    var wordEnd = 0
    while at < bytes.count {
      let isStart = at == wordEnd
      if isStart { wordEnd = MarkedWords.end(base, bytes.count, from: at) }
      var length = wordEnd &- at
      if length > uncut, let cuts { length = cuts.next(base, from: at, to: wordEnd) &- at }
      if isFull { flush() }
      let isMarked =
        isStart && length > 3 && length < PieceCache.maxKeyBytes &+ 3
        && MarkedWords.startsWithOne(base + at, length)
      if isMarked {
        addMarked(base + at + 3, length &- 3, left: 24)
      } else {
        add(base + at, length, left: 24)
      }
      at &+= length
    }
    ownCount = ownEnd
  }

  /// Whether there is no room for another single character.
  var isFullOfSingles: Bool { singleCount > Self.singleCapacity - 3 }

  /// Adds a well-formed character of 1 to 3 bytes whose id in `singles` is given.
  @inline(__always)
  func addSingle(_ id: TokenID, _ bytes: UnsafePointer<UInt8>, _ length: Int) {
    if id != Self.inBytes {
      singleIDs[singleCount] = id
      singleCount &+= 1
      return
    }
    for index in 0..<length { singleIDs[singleCount &+ index] = byteIDs[Int(bytes[index])] }
    singleCount &+= length
  }

  /// Writes the ids of the single characters between the word before `index` and that one, or the
  /// end if it is `count`; returns how many.
  @inline(__always)
  func takeSingles(before index: Int, into out: UnsafeMutablePointer<TokenID>) -> Int {
    let start = index == 0 ? 0 : singlesBefore[index &- 1]
    let length = (index == count ? singleCount : singlesBefore[index]) &- start
    let from = singleIDs + start
    let four = UnsafeRawPointer(from).loadUnaligned(as: SIMD4<TokenID>.self)
    UnsafeMutableRawPointer(out).storeBytes(of: four, as: SIMD4<TokenID>.self)
    var at = Self.singleSlack
    while at < length {
      out[at] = from[at]
      at &+= 1
    }
    return length
  }

  /// Ids of single characters, those before the first word first.
  var singlesToTake: UnsafeBufferPointer<TokenID> {
    UnsafeBufferPointer(start: singleIDs, count: singleCount)
  }

  /// The bytes of a word with its mark, if it has one; valid until this is asked for the next.
  @inline(__always)
  func bytes(_ index: Int) -> (UnsafePointer<UInt8>, count: Int) {
    let length = keys[index].length
    if !marks[index] { return (places[index], length) }
    (spelling + 3).update(from: places[index], count: length &- 1)
    return (UnsafePointer(spelling), length &+ 2)
  }

  /// The bytes of a word after its mark, if it has one.
  @inline(__always)
  func text(_ index: Int) -> (UnsafePointer<UInt8>, count: Int, isMarked: Bool) {
    (places[index], keys[index].length &- (marks[index] ? 1 : 0), marks[index])
  }

  /// Finds the entries of all words, valid until the next insertion; returns a bit for each word that
  /// has none.
  @discardableResult
  func find(_ slots: UnsafeMutablePointer<PieceCache.Slot>) -> UInt64 {
    // As bits: a branch for each word would be mispredicted at most of those that are not there.
    var unseen: UInt64 = 0
    var elsewhere: UInt64 = 0
    for index in 0..<count {
      let key = keys[index]
      let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: index)
      if key.length > PieceCache.maxKeyBytes {
        slots[index] = PieceCache.Slot.none
        unseen |= bit
        continue
      }
      let slot = cache.chooseFirst(key)
      slots[index] = slot
      let missing = UInt64(bitPattern: csimd_either(slot.isThere, 0, Int64(bitPattern: bit)))
      unseen |= missing
      elsewhere |= cache.mayBeElsewhere(key) ? missing : 0
    }
    var left = elsewhere
    while left != 0 {
      cache.prefetchElsewhere(keys[left.trailingZeroBitCount])
      left &= left &- 1
    }
    while elsewhere != 0 {
      let index = elsewhere.trailingZeroBitCount
      slots[index] = cache.findElsewhere(keys[index])
      unseen &= ~(slots[index].isThere ? elsewhere & (0 &- elsewhere) : 0)
      elsewhere &= elsewhere &- 1
    }
    return unseen
  }

  /// Adds a word that is not to be looked up.
  @inline(__always)
  func addNone() {
    keys[count].length = 0
    count &+= 1
  }

  /// The key of a word; of those over 24 bytes only the length counts.
  @inline(__always) subscript(_ index: Int) -> PieceCache.Key { keys[index] }

  func removeAll() {
    count = 0
    singleCount = 0
    byteCount = 0
    ownCount = 0
  }
}

extension PieceCache.Key {
  /// A space and `length` bytes, up to 23; 24 must be readable. `masks`: as in the other.
  @inline(__always)
  init(marked bytes: UnsafePointer<UInt8>, _ length: Int, _ masks: UnsafePointer<UInt8>) {
    let mask = masks + (24 &- length)
    let low = PieceHash.load8(bytes, 0) & PieceHash.load8(mask, 0)
    let middle = PieceHash.load8(bytes, 8) & PieceHash.load8(mask, 8)
    let high = PieceHash.load8(bytes, 16) & PieceHash.load8(mask, 16)
    self.init(
      low << 8 | 0x20, middle << 8 | low >> 56, high << 8 | middle >> 56, length: length &+ 1)
  }
}

/// Where text in which spaces are `▁` parts into words.
enum MarkedWords {
  /// Whether no token has a `▁` after another character, so that nothing reaches across the place
  /// before a `▁`; `▁` itself must be a token.
  static func areApart(_ tokens: TokenTable, where isWanted: (Int) -> Bool) -> Bool {
    guard let mark = tokens.id(of: SentencePieceText.mark), isWanted(Int(mark)) else {
      return false
    }
    for id in 0..<tokens.count where isWanted(id) {
      let bytes = tokens.bytes(of: TokenID(id))
      var wasMark = true
      var at = 0
      while at < bytes.count {
        let isMark = bytes[at] == 0xE2 && bytes[at...].starts(with: SentencePieceText.mark)
        if isMark && !wasMark { return false }
        wasMark = isMark
        at += isMark ? 3 : 1
      }
    }
    return true
  }

  /// Whether a word starts with `▁▁`; no other place of a word holds two of them.
  @inline(__always)
  static func startsWithTwo(_ word: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    count >= 6 && word[0] == 0xE2 && word[1] == 0x96 && word[2] == 0x81 && word[3] == 0xE2
      && word[4] == 0x96 && word[5] == 0x81
  }

  /// Whether a word starts with one `▁` and then another character.
  @inline(__always)
  static func startsWithOne(_ word: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    count > 3 && word[0] == 0xE2 && word[1] == 0x96 && word[2] == 0x81
      && !startsWithTwo(word, count)
  }

  /// Whether there are two `▁` in a row.
  static func holdsTwo(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = bytes.baseAddress else { return false }
    return bytes.indices.contains { startsWithTwo(base + $0, bytes.count - $0) }
  }

  /// Whether bytes are only `▁`.
  static func isRun(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.count % 3 == 0
      && bytes.indices.allSatisfy { bytes[$0] == SentencePieceText.mark[$0 % 3] }
  }

  /// Where the word that starts at `start` ends: before the first `▁` that follows another
  /// character.
  @inline(__always)
  static func end(_ base: UnsafePointer<UInt8>, _ count: Int, from start: Int) -> Int {
    var at = start
    while at &+ 2 < count && base[at] == 0xE2 && base[at &+ 1] == 0x96 && base[at &+ 2] == 0x81 {
      at &+= 3
    }
    while at < count {
      if at &+ 16 <= count {
        let leads = csimd_equal16(base + at, 0xE2)
        at &+= leads == 0 ? 16 : leads.trailingZeroBitCount
        if leads == 0 { continue }
      }
      if base[at] == 0xE2 && at &+ 2 < count && base[at &+ 1] == 0x96 && base[at &+ 2] == 0x81 {
        return at
      }
      at &+= 1
    }
    return count
  }
}
