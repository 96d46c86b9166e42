import CSIMD
import ShardifyCore

/// Cuts text into words, and these where no piece reaches across, before SentencePiece's normalizer
/// has seen it, so that only words seen first are normalized.
///
/// It can where the normalizer works word by word: no rule reaches over a space, and each word gets
/// a `▁` before it. Words of characters that no rule touches are taken as they are; in the others
/// the normalizer is asked.
final class SentencePieceWords: Sendable {
  private enum Action {
    static let plain: UInt8 = 0
    /// A character that may change, alone or with the one before.
    static let hard: UInt8 = 1
    /// A character that is a space or becomes one.
    static let space: UInt8 = 2
    /// `▁` itself, which the end of a text is rid of, unless it becomes a space.
    static let mark: UInt8 = 3
    /// A character that becomes another one, whatever stands beside it.
    static let replaced: UInt8 = 4
  }

  /// Shorter words of characters of three bytes are not cut.
  private static let uncut = 12
  /// Steps of the search for what the rules match; more are in no known map.
  private static let budget = 1 << 24

  private let normalizer: SentencePieceNormalizer
  private let cuts: SafeCuts?
  /// An `Action` for each code point of the basic plane. Shape [65536].
  private let actions: [UInt8]
  /// What characters of that action become, packed; 0 for all others. Shape [65536].
  private let replacements: [UInt32]
  /// Whether no rule touches ASCII letters.
  private let areLettersPlain: Bool
  /// For each ASCII character, after which others nothing reaches to it: shape [128 x 2].
  private let apart: [UInt64]
  /// ASCII letters and plain characters of two and three bytes; nil if not all of the letters are.
  fileprivate let plain: LetterTable?

  /// Nil if the normalizer does not work word by word. `hasMap`: plain characters are found by a
  /// map, where the processor has the instructions.
  init?(_ normalizer: SentencePieceNormalizer, cuts: SafeCuts?, hasMap: Bool = true) {
    guard normalizer.addsDummyPrefix, !normalizer.spaceIsSuffix, normalizer.escapesSpaces,
      normalizer.userDefined == nil,
      var actions = Self.actions(normalizer.charsMap)
    else { return nil }
    let replacements = Self.replacements(&actions, normalizer.charsMap)
    self.replacements = replacements
    self.normalizer = normalizer
    self.cuts = cuts
    self.actions = actions
    areLettersPlain = (0x41...0x5A).allSatisfy {
      actions[$0] == Action.plain && actions[$0 | 0x20] == Action.plain
    }
    plain = areLettersPlain && hasMap ? LetterTable { actions[$0] == Action.plain } : nil
    var apart = [UInt64](repeating: 0, count: 256)
    if let cuts {
      for left in UInt32(0)..<128 {
        for right in UInt32(0)..<128 where cuts.isCut(left, right) {
          apart[Int(right << 1 | left >> 6)] |= 1 << UInt64(left & 63)
        }
      }
    }
    self.apart = apart
  }

  private static func actions(_ map: CharsMap?) -> [UInt8]? {
    var actions = [UInt8](repeating: Action.plain, count: 1 << 16)
    var isApart = true
    if let map {
      guard map.isRegular else { return nil }
      let isWhole = map.forEachCharacter(budget: budget) { scalar, isSpace, isStart in
        if isSpace && isStart { isApart = false }
        let action = isStart || scalar < 0x80 ? Action.hard : Action.replaced
        if scalar < 0x10000 { actions[Int(scalar)] = isSpace ? Action.space : action }
      } later: { scalar in
        if scalar < 0x10000 { actions[Int(scalar)] = Action.hard }
      }
      guard isWhole, isApart, !map.startsKey(0x20), actions[0x20] != Action.hard
      else { return nil }
    }
    actions[0x20] = Action.space
    if actions[0x2581] == Action.plain { actions[0x2581] = Action.mark }
    return actions
  }

  /// What replaced characters become; those that become no plain character are hard.
  private static func replacements(_ actions: inout [UInt8], _ map: CharsMap?) -> [UInt32] {
    var replacements = [UInt32](repeating: 0, count: actions.count)
    guard let map else { return replacements }
    let all = actions
    for scalar in actions.indices where all[scalar] == Action.replaced {
      actions[scalar] = Action.hard
      var text: [UInt8] = []
      UTF8Check.append(UInt32(scalar), to: &text)
      guard let found = text.withUnsafeBufferPointer({ map.replacement(of: $0, limit: 3) }) else {
        continue
      }
      let result = UTF8Check.scalars(found)
      guard result.count == 1, result[0] < 0x10000, all[Int(result[0])] == Action.plain else {
        continue
      }
      actions[scalar] = Action.replaced
      replacements[scalar] = found.reduce(0) { $0 << 8 | UInt32($1) }
    }
    return replacements
  }

  /// Cuts text into parts that nothing reaches across and adds them to `batch`; calls `flush` each
  /// time that is full. What must be normalized is given to `slow`, normalized, when the batch is
  /// empty. Both are called for the parts in the order of the text.
  ///
  /// Returns false if text holds `▁`, for which it cannot; what was given then does not count.
  fileprivate func cut(
    _ text: UnsafeBufferPointer<UInt8>, into batch: WordBatch, _ sink: ByteSink, _ map: LetterMap?,
    flush: () -> Void, slow: (UnsafeBufferPointer<UInt8>) -> Void
  ) -> Bool {
    guard let base = text.baseAddress, !text.isEmpty else { return true }
    return actions.withUnsafeBufferPointer { actions in
      apart.withUnsafeBufferPointer { apart in
        guard let actions = actions.baseAddress, let apart = apart.baseAddress else { return false }
        var pass = Pass(
          words: self, base: base, count: text.count, actions: actions, apart: apart, batch: batch,
          sink: sink, map: map?.of(base, text.count))
        return pass.run(flush, slow)
      }
    }
  }

  /// The state of one pass over a text.
  private struct Pass {
    let words: SentencePieceWords
    let base: UnsafePointer<UInt8>
    let count: Int
    let actions: UnsafePointer<UInt8>
    let apart: UnsafePointer<UInt64>
    let batch: WordBatch
    let sink: ByteSink
    let map: UnsafeMutablePointer<csimd_letter_map>?
    /// Where the part being read starts, and how many `▁` stand before it.
    var start = 0
    var marks = 1
    /// Whether the word has characters of three bytes.
    var hasThree = false

    @inline(__always)
    mutating func run(_ flush: () -> Void, _ slow: (UnsafeBufferPointer<UInt8>) -> Void) -> Bool {
      let keepsSpaces = !words.normalizer.removesExtraSpaces
      let areLettersPlain = words.areLettersPlain
      var at = 0
      while at < count {
        // Most words are letters between spaces.
        if areLettersPlain && marks == 1 && at &+ 24 <= count {
          let letters = (~csimd_letters16(base + at) | 1 << 16).trailingZeroBitCount
          if letters > 0 && letters < 16 {
            let next = base[at &+ letters]
            if next == 0x20 {
              if batch.isFull { flush() }
              batch.addMarked(base + at, letters, left: 24)
              at &+= letters &+ 1
              continue
            }
            // Many others have a comma or full stop after them, and then a space.
            if base[at &+ letters &+ 1] == 0x20 && isApart(base[at &+ letters &- 1], next) {
              if batch.isFull { flush() }
              batch.addMarked(base + at, letters, left: 24)
              start = at &+ letters
              marks = 0
              addShort(to: start &+ 1, flush)
              at = start &+ 2
              marks = 1
              continue
            }
          }
          // Others have characters of more bytes.
          if letters < 16 && base[at &+ letters] >= 0x80, let map {
            let end = csimd_letters_end(map, at &+ letters)
            if end > at && end < count {
              if base[end] == 0x20 {
                addWord(from: at, to: end, flush, slow)
                at = end &+ 1
                continue
              }
              if end &+ 1 < count && base[end &+ 1] == 0x20 && isApart(before: end) {
                addWord(from: at, to: end, flush, slow)
                start = end
                marks = 0
                addShort(to: end &+ 1, flush)
                at = end &+ 2
                marks = 1
                continue
              }
            }
          }
        }
        let (action, length) = action(at)
        if action == Action.space {
          at &+= length
          if keepsSpaces { marks &+= 1 }
          continue
        }
        start = at
        hasThree = false
        let end = readWord(from: at, flush, slow)
        if end < 0 { return false }
        let isHard = end & 1 != 0
        at = end >> 1
        var left = 0
        if isHard || marks > 1 {
          left = normalize(to: at, flush, slow)
        } else if at > start {
          add(to: at, flush, slow)
        }
        marks = keepsSpaces ? left : 1
      }
      if keepsSpaces && marks > 0 {
        start = count
        _ = normalize(to: count, flush, slow)
      }
      flush()
      return true
    }

    /// Whether an ASCII symbol is plain and nothing reaches from the character before to it.
    @inline(__always)
    private func isApart(_ left: UInt8, _ symbol: UInt8) -> Bool {
      symbol < 0x80 && actions[Int(symbol)] == Action.plain
        && apart[Int(symbol) << 1 | Int(left >> 6)] &>> UInt64(left) & 1 != 0
    }

    /// Adds a word of plain characters, after a `▁`.
    @inline(__always)
    private mutating func addWord(
      from first: Int, to end: Int, _ flush: () -> Void,
      _ slow: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
      let length = end &- first
      if length < PieceCache.maxKeyBytes
        && (base[first] < 0xE0 || length <= SentencePieceWords.uncut &- 3)
      {
        if batch.isFull { flush() }
        batch.addMarked(base + first, length, left: count &- first)
      } else {
        start = first
        hasThree = true
        add(to: end, flush, slow)
        marks = 1
      }
    }

    /// Whether there is a plain ASCII symbol at a place, and nothing reaches to it from the plain
    /// character before.
    @inline(__always)
    private func isApart(before place: Int) -> Bool {
      let (left, symbol) = (base[place &- 1], base[place])
      if left < 0x80 { return isApart(left, symbol) }
      if symbol >= 0x80 || actions[Int(symbol)] != Action.plain { return false }
      return words.cuts?.isCut(lastCharacter(before: place), UInt32(symbol)) ?? false
    }

    /// The well-formed character of up to three bytes that ends at a place, packed.
    @inline(__always)
    private func lastCharacter(before end: Int) -> UInt32 {
      var value = UInt32(base[end &- 1])
      if value < 0x80 { return value }
      value |= UInt32(base[end &- 2]) << 8
      return value & 0xC000 == 0xC000 ? value : value | UInt32(base[end &- 3]) << 16
    }

    /// What to do with the character at a place, and its length.
    @inline(__always)
    private func action(_ at: Int) -> (action: UInt8, length: Int) {
      let byte = base[at]
      if byte < 0x80 { return (actions[Int(byte)], 1) }
      let length = UTF8Check.length(base, at: at, end: count)
      if length == 0 || length == 4 { return (Action.hard, max(1, length)) }
      return (actions[Int(UTF8Check.scalar(base, at: at, length: length))], length)
    }

    /// Reads a word to its end and adds parts of it; the last is left. Returns twice its end, and 1
    /// more if the rest must be normalized; -1 at a `▁`.
    @inline(__always)
    private mutating func readWord(
      from first: Int, _ flush: () -> Void, _ slow: (UnsafeBufferPointer<UInt8>) -> Void
    ) -> Int {
      var at = first
      var isHard = false
      // Of the character before, packed; 0 where nothing is cut.
      var left: UInt32 = 0
      var wasSymbol = false
      while at < count {
        let byte = base[at]
        if byte < 0x80 {
          let action = actions[Int(byte)]
          if action == Action.space { break }
          isHard = isHard || action != Action.plain
          let isLetter = (byte | 0x20) &- 0x61 < 26
          if isLetter == wasSymbol && left != 0 && !isHard { cutASCII(at, left, byte, flush) }
          at &+= 1
          left = UInt32(byte)
          wasSymbol = !isLetter
          guard isLetter && words.areLettersPlain else { continue }
          while at &+ 16 <= count {
            let others = ~csimd_letters16(base + at) & 0xFFFF
            at &+= others == 0 ? 16 : others.trailingZeroBitCount
            if others != 0 { break }
          }
          left = UInt32(base[at &- 1])
        } else {
          let (action, length) = action(at)
          if action == Action.space { break }
          if action == Action.mark { return -1 }
          if action == Action.replaced && !isHard && replace(at, length, left, flush, slow) {
            at &+= length
            left = 0
            wasSymbol = false
            continue
          }
          isHard = isHard || action != Action.plain
          let right = Self.load(base + at, length)
          if wasSymbol && left != 0 && !isHard { cut(at, left, right, flush) }
          at &+= length
          left = right
          wasSymbol = false
          hasThree = hasThree || length == 3
          // Most are followed by others like them.
          let next = plainEnd(from: at, length)
          if next > at {
            left = lastCharacter(before: next)
            at = next
            hasThree = hasThree || left > 0xFFFF
          }
        }
      }
      return at << 1 | (isHard ? 1 : 0)
    }

    /// Adds the part before a character that becomes another one, and that as a part of its own, if
    /// nothing reaches across its ends; else returns false.
    @inline(never)
    private mutating func replace(
      _ at: Int, _ length: Int, _ left: UInt32, _ flush: () -> Void,
      _ slow: (UnsafeBufferPointer<UInt8>) -> Void
    ) -> Bool {
      guard let singles = batch.singles, let cuts = words.cuts else { return false }
      let result = replacement(at, length)
      if at == start ? marks > 0 : marks > 1 || !cuts.isCut(left, result) { return false }
      let next = at &+ length
      if next < count {
        let (action, length) = action(next)
        switch action {
        case Action.space: break
        case Action.plain where length > 0 && length < 4:
          if !cuts.isCut(result, Self.load(base + next, length)) { return false }
        case Action.replaced:
          if !cuts.isCut(result, replacement(next, length)) { return false }
        default: return false
        }
      }
      if at > start { add(to: at, flush, slow) }
      if batch.isFullOfSingles { flush() }
      sink.removeAll()
      for shift in [16, 8, 0] as [UInt32] where result >> shift != 0 {
        sink.append(UInt8(truncatingIfNeeded: result >> shift))
      }
      if let bytes = sink.bytes.baseAddress {
        let scalar = UTF8Check.scalar(bytes, at: 0, length: sink.count)
        batch.addSingle(singles[Int(scalar)], bytes, sink.count)
      }
      start = next
      marks = 0
      hasThree = false
      return true
    }

    /// What a replaced character becomes, packed.
    private func replacement(_ at: Int, _ length: Int) -> UInt32 {
      words.replacements[Int(UTF8Check.scalar(base, at: at, length: length))]
    }

    /// The end of plain characters like one of `length` bytes before a place, or of more.
    @inline(__always)
    private func plainEnd(from at: Int, _ length: Int) -> Int {
      if let map { return csimd_letters_end(map, at) }
      return length == 3 ? plainThrees(from: at) : length == 2 ? plainTwos(from: at) : at
    }

    /// The end of the plain characters of two bytes from a place on.
    @inline(__always)
    private func plainTwos(from first: Int) -> Int {
      var at = first
      while at &+ 2 <= count {
        let (a, b) = (Int(base[at]), Int(base[at &+ 1]))
        if a < 0xC2 || a >= 0xE0 || b & 0xC0 != 0x80 { break }
        if actions[(a & 0x1F) << 6 | b & 0x3F] != Action.plain { break }
        at &+= 2
      }
      return at
    }

    /// The same for those of three bytes.
    @inline(__always)
    private func plainThrees(from first: Int) -> Int {
      var at = first
      while at &+ 3 <= count {
        let (a, b, c) = (Int(base[at]), Int(base[at &+ 1]), Int(base[at &+ 2]))
        if a & 0xF0 != 0xE0 || b & 0xC0 != 0x80 || c & 0xC0 != 0x80 { break }
        let scalar = (a & 0x0F) << 12 | (b & 0x3F) << 6 | c & 0x3F
        if scalar < 0x800 || scalar >> 11 == 0x1B || actions[scalar] != Action.plain { break }
        at &+= 3
      }
      return at
    }

    @inline(__always)
    private static func load(_ base: UnsafePointer<UInt8>, _ length: Int) -> UInt32 {
      var value = UInt32(base[0])
      for index in 1..<max(1, length) { value = value << 8 | UInt32(base[index]) }
      return value
    }

    /// Ends a part before an ASCII character, if that may be.
    @inline(__always)
    private mutating func cutASCII(_ at: Int, _ left: UInt32, _ right: UInt8, _ flush: () -> Void) {
      if left < 0x80 {
        let bits = apart[Int(right) << 1 | Int(left >> 6)]
        if bits &>> UInt64(left) & 1 != 0 { end(at, flush) }
      } else {
        cut(at, left, UInt32(right), flush)
      }
    }

    @inline(__always)
    private mutating func cut(_ at: Int, _ left: UInt32, _ right: UInt32, _ flush: () -> Void) {
      if let cuts = words.cuts, cuts.isCut(left, right) { end(at, flush) }
    }

    /// Ends a part, if it is short; else the word goes on.
    @inline(__always)
    private mutating func end(_ at: Int, _ flush: () -> Void) {
      guard marks < 2, at &- start < PieceCache.maxKeyBytes else { return }
      addShort(to: at, flush)
      start = at
      marks = 0
    }

    /// Whether a part of whole characters is one of 1 to 3 bytes.
    @inline(__always)
    private static func isSingle(_ lead: UInt8, _ length: Int) -> Bool {
      length == (lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 3) && lead < 0xF0
    }

    @inline(__always)
    private func addShort(to end: Int, _ flush: () -> Void) {
      if marks == 0, let singles = batch.singles, Self.isSingle(base[start], end &- start) {
        let length = end &- start
        if batch.isFullOfSingles { flush() }
        let scalar = UTF8Check.scalar(base, at: start, length: length)
        batch.addSingle(singles[Int(scalar)], base + start, length)
        return
      }
      if batch.isFull { flush() }
      if marks == 1 {
        batch.addMarked(base + start, end &- start, left: count &- start)
      } else {
        batch.add(base + start, end &- start, left: count &- start)
      }
    }

    /// Adds the rest of a word, which is plain, cut between characters of three bytes.
    @inline(__always)
    private mutating func add(
      to end: Int, _ flush: () -> Void, _ slow: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
      if !hasThree && end &- start < PieceCache.maxKeyBytes
        || end &- start <= SentencePieceWords.uncut &- 3 &* marks
      {
        addShort(to: end, flush)
        return
      }
      while start < end {
        var next = end
        if end &- start > SentencePieceWords.uncut &- 3 &* marks, let cuts = words.cuts {
          next = cuts.next(base, from: start, to: end)
        }
        if marks == 1 && next &- start >= PieceCache.maxKeyBytes {
          _ = normalize(to: next, flush, slow)
        } else {
          addShort(to: next, flush)
        }
        start = next
        marks = 0
      }
    }

    /// Adds a word, normalized. Where spaces are kept, `▁` at its end belong to the marks after it,
    /// and are left: of a word that becomes nothing, all. Returns how many.
    @inline(never)
    private func normalize(
      to end: Int, _ flush: () -> Void, _ slow: (UnsafeBufferPointer<UInt8>) -> Void
    ) -> Int {
      sink.removeAll()
      words.normalizer.appendWord(
        UnsafeBufferPointer(start: base + start, count: end &- start), marks: marks, to: sink)
      let mark = SentencePieceText.mark
      var left = 0
      while end > start, !words.normalizer.removesExtraSpaces, sink.count >= mark.count,
        sink.bytes.suffix(mark.count).elementsEqual(mark)
      {
        sink.removeLast(mark.count)
        left &+= 1
      }
      if sink.count <= WordBatch.maxOwnBytes {
        batch.addOwn(
          sink.bytes, cuts: words.cuts, uncut: SentencePieceWords.uncut, flush: flush)
      } else {
        flush()
        slow(sink.bytes)
      }
      return left
    }
  }
}

/// Cuts text as `SentencePieceWords` tells. One per thread.
final class SentencePieceCutter {
  private let words: SentencePieceWords
  private let map: LetterMap?
  private let sink = ByteSink(capacity: 0)

  init(_ words: SentencePieceWords) {
    self.words = words
    map = words.plain.flatMap { LetterMap($0) }
  }

  /// See `SentencePieceWords`.
  @inline(__always)
  func cut(
    _ text: UnsafeBufferPointer<UInt8>, into batch: WordBatch, flush: () -> Void,
    slow: (UnsafeBufferPointer<UInt8>) -> Void
  ) -> Bool {
    words.cut(text, into: batch, sink, map, flush: flush, slow: slow)
  }
}
