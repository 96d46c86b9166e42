import CSIMD
import ShardifyCore

/// What a BERT tokenizer does with each character, so that text can be cut before it is normalized.
final class WordPieceActions: Sendable {
  /// A character of a word that the normalizer leaves as it is; but for ASCII letters, which may be
  /// lowered.
  static let plain: UInt32 = 0xFFFF_FFFE
  /// A character of a word that may change.
  static let hard: UInt32 = 0xFFFF_FFFF
  /// A character that parts words and leaves nothing.
  static let space: UInt32 = 0xFFFF_FFFD

  /// One of these for each code point of the basic plane, or its id if it is a word of its own.
  /// Shape [65536].
  let table: [UInt32]
  let model: WordPieceModel
  let lowercases: Bool

  /// Nil for a tokenizer that does not work as BERT's.
  ///
  /// Cutting first changes nothing: beside a space or a word of its own that no step of the
  /// normalizer changes, the steps work character by character, and no marks change places across
  /// it.
  init?(_ definition: TokenizerDefinition) {
    guard case .wordPiece(let model) = definition.model,
      case .steps(let steps) = definition.pretokenizer, PretokenizerStep.areBert(steps),
      let normalizer = definition.normalizer, normalizer.steps.count == 1,
      case .bert(let bert) = normalizer.steps[0]
    else { return nil }
    self.model = model
    lowercases = bert.lowercases
    let maps = ScalarMaps.shared
    var table = [UInt32](repeating: Self.plain, count: 1 << 16)
    func set(_ ranges: ScalarRanges, _ action: UInt32) {
      for range in ranges.ranges where range.lowerBound < 0x10000 {
        for scalar in range.lowerBound...min(0xFFFF, range.upperBound) {
          table[Int(scalar)] = action
        }
      }
    }
    set(maps.spaces.ranges, Self.space)
    if bert.cleansText { set(maps.bertSpaces.ranges, Self.space) }
    var alone = maps.bertPunctuation.ranges
    if bert.padsHan { alone = alone.union(maps.bertHan.ranges) }
    for range in alone.ranges where range.lowerBound < 0x10000 {
      for scalar in range.lowerBound...min(0xFFFF, range.upperBound) {
        table[Int(scalar)] = model.onlyID(scalar) ?? Self.hard
      }
    }
    // Last, since what changes is none of the above.
    if bert.cleansText { set(maps.bertRemoved.ranges, Self.hard) }
    if bert.lowercases {
      for scalar in maps.lowercase.keys where scalar >= 0x80 && scalar < 0x10000 {
        table[Int(scalar)] = Self.hard
      }
    }
    if bert.stripsAccents {
      set(maps.bertMarks.ranges, Self.hard)
      for scalar in UInt32(0)...0xFFFF where UnicodeForm.nfd.mayChange(scalar) {
        table[Int(scalar)] = Self.hard
      }
    }
    self.table = table
  }
}

extension PretokenizerStep {
  /// Whether steps are those of BertPreTokenizer.
  static func areBert(_ steps: [PretokenizerStep]) -> Bool {
    guard steps.count == 2,
      case .split(.characters(let spaces), .removed, inverted: false) = steps[0],
      case .split(.characters(let marks), .isolated, inverted: false) = steps[1]
    else { return false }
    return spaces == ScalarMaps.shared.spaces && marks == ScalarMaps.shared.bertPunctuation
  }
}

extension WordPieceModel {
  /// The id of a word of one character of the basic plane, or nil if it has not just one.
  fileprivate func onlyID(_ scalar: UInt32) -> TokenID? {
    let last = UInt8(truncatingIfNeeded: scalar & 0x3F | 0x80)
    let middle = UInt8(truncatingIfNeeded: scalar >> 6 & 0x3F | 0x80)
    var bytes = (UInt8(truncatingIfNeeded: scalar >> 12 | 0xE0), middle, last)
    var count = 3
    if scalar < 0x80 { (bytes.0, count) = (UInt8(truncatingIfNeeded: scalar), 1) }
    if scalar >= 0x80 && scalar < 0x800 {
      (bytes, count) = ((UInt8(truncatingIfNeeded: scalar >> 6 | 0xC0), last, 0), 2)
    }
    return withUnsafeBytes(of: bytes) { bytes in
      withUnsafeTemporaryAllocation(of: TokenID.self, capacity: 3) { ids in
        guard let base = bytes.baseAddress, let out = ids.baseAddress else { return nil }
        let word = base.assumingMemoryBound(to: UInt8.self)
        return encode(word, count, into: out) == 1 ? out[0] : nil
      }
    }
  }
}

/// Encodes text for WordPiece as BERT does, word by word, and keeps the ids of words as they are
/// spelled in the text. One per thread.
final class WordPieceEncoder {
  /// Lines of the cache as a power of two: 16 MiB.
  private static let cacheBits = 18

  private struct Word {
    var start: UnsafePointer<UInt8>
    var length: Int
    /// Whether it must go through the normalizer.
    var isHard: Bool
    /// The id, for a word of one character.
    var id: TokenID
  }

  private let actions: WordPieceActions
  private let words = WordBatch(cacheBits: WordPieceEncoder.cacheBits)
  private let places: UnsafeMutablePointer<Word>
  private let lowered: UnsafeMutablePointer<UInt8>

  init(_ actions: WordPieceActions) {
    self.actions = actions
    places = .allocate(capacity: WordBatch.capacity)
    lowered = .allocate(capacity: PieceCache.maxKeyBytes)
  }

  deinit {
    places.deallocate()
    lowered.deallocate()
  }

  /// Appends the ids of text. `normalize` appends those of a word in any spelling.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, into output: TokenBuffer,
    normalize: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    guard let base = text.baseAddress else { return }
    var at = 0
    actions.table.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress else { return }
      while at < text.count {
        at = collect(base, text.count, from: at, table)
        resolve(into: output, normalize)
      }
    }
  }

  /// Adds words until the batch is full or text ends; returns where.
  private func collect(
    _ base: UnsafePointer<UInt8>, _ count: Int, from start: Int, _ table: UnsafePointer<UInt32>
  ) -> Int {
    var at = start
    while at < count && !words.isFull {
      var (action, length) = Self.action(base, count, at, table)
      if action < WordPieceActions.plain {
        if action != WordPieceActions.space {
          places[words.count] = Word(start: base + at, length: 0, isHard: false, id: action)
          words.addNone()
        }
        at &+= length
        continue
      }
      let first = at
      var flags = action
      at &+= length
      while at < count {
        if at &+ 16 <= count {
          let others = ~csimd_letters16(base + at) & 0xFFFF
          at &+= others == 0 ? 16 : others.trailingZeroBitCount
          if others == 0 { continue }
        }
        (action, length) = Self.action(base, count, at, table)
        if action < WordPieceActions.plain { break }
        flags |= action
        at &+= length
      }
      places[words.count] = Word(
        start: base + first, length: at &- first, isHard: flags == WordPieceActions.hard, id: 0)
      words.add(base + first, at &- first, left: count &- first)
    }
    return at
  }

  /// What to do with the character at a place, and its length.
  @inline(__always)
  private static func action(
    _ base: UnsafePointer<UInt8>, _ count: Int, _ at: Int, _ table: UnsafePointer<UInt32>
  ) -> (action: UInt32, length: Int) {
    let byte = base[at]
    if byte < 0x80 { return (table[Int(byte)], 1) }
    let length = UTF8Check.length(base, at: at, end: count)
    if length == 0 || length == 4 { return (WordPieceActions.hard, max(1, length)) }
    return (table[Int(UTF8Check.scalar(base, at: at, length: length))], length)
  }

  /// Writes the ids of the words of the batch.
  private func resolve(into output: TokenBuffer, _ normalize: (UnsafeBufferPointer<UInt8>) -> Void)
  {
    let cache = words.cache
    var out = output.reserve(words.count &* PieceCache.maxIDs)
    for index in 0..<words.count {
      let word = places[index]
      if word.length == 0 {
        out.pointee = word.id
        out += 1
        continue
      }
      let key = words[index]
      let isShort = word.length <= PieceCache.maxKeyBytes
      let slot = isShort ? cache.find(key) : PieceCache.Slot.none
      if slot.isThere {
        out += cache.take(slot, into: out)
        continue
      }
      output.advance(by: out - (output.base + output.count))
      let first = output.count
      if word.isHard || !isShort && actions.lowercases {
        normalize(UnsafeBufferPointer(start: word.start, count: word.length))
      } else {
        let room = output.reserve(word.length)
        output.advance(by: actions.model.encode(spelling(word), word.length, into: room))
      }
      let written = output.count &- first
      if isShort && words.cache.fits(word.length, written) {
        cache.insert(key, output.base + first, written)
      }
      out = output.reserve((words.count &- index) &* PieceCache.maxIDs)
    }
    output.advance(by: out - (output.base + output.count))
    words.removeAll()
  }

  /// A word that is not hard as the model sees it.
  @inline(__always)
  private func spelling(_ word: Word) -> UnsafePointer<UInt8> {
    guard actions.lowercases else { return word.start }
    for place in 0..<word.length {
      let byte = word.start[place]
      lowered[place] = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }
    return UnsafePointer(lowered)
  }
}
