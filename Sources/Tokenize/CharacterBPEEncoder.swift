import CSIMD
import ShardifyCore

/// Encodes pieces with a `BPEModel` whose first symbols are characters: SentencePiece BPE and
/// Hugging Face BPE without the byte alphabet. One per thread.
///
/// Where no token holds a `▁` after another character, nothing merges across the place before a
/// `▁`, so that words are merged, and cached, one by one.
final class CharacterBPEEncoder {
  /// Lines of the cache as a power of two: 16 MiB.
  private static let cacheBits = 18
  /// The same for words over 24 bytes: 1 MiB.
  private static let longCacheBits = 13
  /// Words of so many bytes are merged by rank, even where they could go from left to right.
  private static let seamless = 24
  /// Shorter words are not cut.
  private static let uncut = 12

  private let model: BPEModel
  private let kernel: MergeKernel
  private let merger: LongMerger
  private let hasAffixes: Bool
  private let fallback: [TokenID]?
  private let characterTokens: UnsafeMutablePointer<TokenID>?
  /// The same for the lanes.
  private let characterSymbols: UnsafeMutablePointer<TokenID>?
  private let frozen: ByteTrie?
  private var symbolCount = 0
  private var isShort = true
  private var lastSymbol: TokenID = 0
  private let words: WordBatch?
  private let longWords: PretokenCache?
  private let lanes: LaneMerger?
  private let seams: SeamEncoder?
  /// Whether merges that make runs of `▁` may have equal scores.
  private let hasTies: Bool
  private let runs: MarkRuns?
  /// Of each word of a batch. Shape [words].
  private let slots: UnsafeMutablePointer<PieceCache.Slot>
  private let misses: UnsafeMutablePointer<LaneMerger.Word>
  /// First symbols of the misses, and what they merge to. Shape [words x bytes].
  private let laneSymbols: UnsafeMutablePointer<TokenID>
  private let laneIDs: UnsafeMutablePointer<TokenID>
  /// Where short words' symbols go.
  private var target: UnsafeMutablePointer<TokenID>
  private let cuts: SafeCuts?
  private var symbol: [UInt8] = []
  private var scratch: UnsafeMutablePointer<TokenID>
  private var scratchCapacity = 0

  init(_ model: BPEModel) {
    self.model = model
    kernel = MergeKernel(model)
    merger = kernel.large
    hasAffixes = !model.options.continuingPrefix.isEmpty || !model.options.wordSuffix.isEmpty
    fallback = model.options.byteFallback
    characterTokens = model.characterTokens
    characterSymbols = model.characterPairs?.symbols ?? model.characterTokens
    frozen = model.options.frozen
    cuts = model.cuts
    words =
      model.canCutAtMarks
      ? WordBatch(
        cacheBits: Self.cacheBits,
        idLimit: max(model.tokens.count, Int(model.options.unknown ?? 0) + 1),
        singles: model.singles.map { UnsafePointer($0) },
        byteIDs: model.options.byteFallback ?? []) : nil
    longWords = words == nil ? nil : PretokenCache(bits: Self.longCacheBits)
    lanes = words == nil ? nil : LaneMerger(model)
    let hasSeams = words != nil && frozen == nil && cuts != nil
    seams = hasSeams ? model.characterSeams.map { SeamEncoder($0, model) } : nil
    hasTies = model.priorities != nil
    runs = words == nil ? nil : MarkRuns(model)
    slots = .allocate(capacity: WordBatch.capacity)
    misses = .allocate(capacity: WordBatch.capacity)
    laneSymbols = .allocate(capacity: WordBatch.capacity * PieceCache.maxKeyBytes)
    laneIDs = .allocate(capacity: WordBatch.capacity * PieceCache.maxKeyBytes)
    target = kernel.symbols
    scratch = .allocate(capacity: 0)
  }

  deinit {
    scratch.deallocate()
    slots.deallocate()
    misses.deallocate()
    laneSymbols.deallocate()
    laneIDs.deallocate()
  }

  /// Appends the ids of a piece.
  func encode(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    guard let base = piece.baseAddress, !piece.isEmpty else { return }
    guard let words else {
      let out = output.reserve(piece.count)
      output.advance(by: merge(base, piece.count, into: out))
      return
    }
    encodeParts(piece, base, words, into: output)
  }

  /// The same for text that is not normalized; false if it cannot be cut before, where what was
  /// appended does not count.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, _ cutter: SentencePieceCutter, into output: TokenBuffer
  ) -> Bool {
    guard let words else { return false }
    let isDone = cutter.cut(text, into: words) {
      encodeBatch(words, into: output)
    } slow: { part in
      if let base = part.baseAddress { encodeParts(part, base, words, into: output) }
    }
    words.removeAll()
    return isDone
  }

  private func encodeParts(
    _ piece: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>, _ words: WordBatch,
    into output: TokenBuffer
  ) {
    var start = 0
    var wordEnd = 0
    while start < piece.count {
      var at = start
      while at < piece.count && !words.isFull {
        if at == wordEnd { wordEnd = MarkedWords.end(base, piece.count, from: at) }
        var length = wordEnd &- at
        if length > Self.uncut, let cuts { length = cuts.next(base, from: at, to: wordEnd) &- at }
        words.add(base + at, length, left: piece.count &- at)
        at &+= length
      }
      encodeBatch(words, into: output)
      start = at
    }
  }

  private func encodeBatch(_ words: WordBatch, into output: TokenBuffer) {
    guard let lanes else {
      encodeOneByOne(words, into: output)
      return
    }
    let missCount = find(words)
    if missCount > 0 { _ = lanes.merge(misses, missCount) }
    let first = output.reserve(
      words.byteCount &+ words.singleCount &+ WordBatch.singleSlack &+ PretokenCache.maxIDs)
    var out = first
    var miss = 0
    var others = 0
    for index in 0..<words.count {
      out += words.takeSingles(before: index, into: out)
      let length = words[index].length
      if slots[index].isThere {
        out += words.cache.take(slots[index], into: out)
      } else if length > PieceCache.maxKeyBytes {
        out += long(words.bytes(index).0, length, into: out)
      } else if miss < missCount && misses[miss].index == index {
        let written = resolve(misses[miss].out, misses[miss].written, into: out)
        misses[miss].out = out
        misses[miss].written = written
        words.cache.prefetchRoom(words[index], written)
        out += written
        miss &+= 1
      } else {
        let (from, length) = words.bytes(index)
        let written = merge(from, length, into: out)
        others &+= 1
        misses[WordBatch.capacity &- others] = LaneMerger.Word(
          bytes: from, count: length, out: out, written: written, index: index)
        out += written
      }
    }
    out += words.takeSingles(before: words.count, into: out)
    insert(words, 0..<missCount)
    insert(words, WordBatch.capacity &- others..<WordBatch.capacity)
    words.removeAll()
    output.advance(by: out - first)
  }

  private func insert(_ words: WordBatch, _ range: Range<Int>) {
    for miss in range {
      let key = words[misses[miss].index]
      if words.cache.fits(key.length, misses[miss].written) {
        words.cache.insert(key, misses[miss].out, misses[miss].written)
      }
    }
  }

  /// The same without lanes.
  private func encodeOneByOne(_ words: WordBatch, into output: TokenBuffer) {
    let first = output.reserve(
      words.byteCount &+ words.singleCount &+ WordBatch.singleSlack &+ PretokenCache.maxIDs)
    var out = first
    for index in 0..<words.count {
      out += words.takeSingles(before: index, into: out)
      let key = words[index]
      if key.length > PieceCache.maxKeyBytes {
        out += long(words.bytes(index).0, key.length, into: out)
      } else if case let slot = words.cache.find(key), slot.isThere {
        out += words.cache.take(slot, into: out)
      } else {
        let (from, length) = words.bytes(index)
        let written = merge(from, length, into: out)
        if words.cache.fits(key.length, written) { words.cache.insert(key, out, written) }
        out += written
      }
    }
    out += words.takeSingles(before: words.count, into: out)
    words.removeAll()
    output.advance(by: out - first)
  }

  /// Looks words up: sets `slots`, and `misses` to the symbols of those that are to be merged in
  /// lanes: the short ones that are not there, but for those in which ranks may be tied.
  private func find(_ words: WordBatch) -> Int {
    var missCount = 0
    target = laneSymbols
    var room = laneIDs
    isShort = true
    words.find(slots)
    for index in 0..<words.count {
      if slots[index].isThere || words[index].length > PieceCache.maxKeyBytes { continue }
      let (from, length, isMarked) = words.text(index)
      if isMarked || !(hasTies && MarkedWords.startsWithTwo(from, length)) {
        if let characterSymbols, frozen == nil {
          collect(from, length, isMarked: isMarked, characterSymbols)
        } else {
          let (from, length) = words.bytes(index)
          collect(from, length)
        }
        if symbolCount > 0 {
          misses[missCount] = LaneMerger.Word(
            bytes: from, count: symbolCount, out: room, written: 0, index: index,
            symbols: target)
          missCount &+= 1
          target += symbolCount
          room += symbolCount
        }
      }
    }
    return missCount
  }

  /// Writes the ids of a word that is too long for the cache of short ones.
  private func long(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    guard let longWords, count <= PretokenCache.maxKeyBytes else {
      return merge(bytes, count, into: out)
    }
    let hash = PieceHash.of(bytes, count)
    let found = longWords.find(bytes, count, hash, into: out)
    if found > 0 { return found }
    let written = merge(bytes, count, into: out)
    if written > 0 && written <= PretokenCache.maxIDs {
      longWords.insert(bytes, count, hash, out, written)
    }
    return written
  }

  /// Writes the ids of a word, at most one a byte; returns how many.
  private func merge(
    _ base: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    if model.options.wholeFirst {
      let whole = model.tokens.find(base, count, PieceHash.of(base, count))
      if whole != TokenTable.none {
        out[0] = whole
        return 1
      }
    }
    if let runs, MarkedWords.startsWithTwo(base, count) {
      return encode(base, count, runs, into: out)
    }
    if let seams, let characterTokens, count > Self.seamless,
      !(hasTies && MarkedWords.startsWithTwo(base, count)),
      case let written = encode(base, count, seams, characterTokens, into: out), written > 0
    {
      return written
    }
    isShort = count <= MergeKernel.scanLimit
    target = kernel.symbols
    if !isShort { merger.start(count) }
    collect(base, count)
    guard model.options.pieceCount < Int.max else { return mergeSymbols(into: out) }
    makeScratch(count)
    return resolve(scratch, mergeSymbols(into: scratch), into: out)
  }

  /// The same of a word that starts with more than one `▁`.
  private func encode(
    _ base: UnsafePointer<UInt8>, _ count: Int, _ runs: MarkRuns,
    into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    var marks = 2
    while MarkedWords.startsWithTwo(base + 3 &* (marks &- 1), count &- 3 &* (marks &- 1)) {
      marks &+= 1
    }
    if marks &* 3 == count { return runs.encode(marks, into: out) }
    // The rest is put past what a run needs, and moved down.
    let start = 3 &* (marks &- 1)
    var rest = out + marks
    var left = long(base + start, count &- start, into: rest)
    if rest[0] == runs.mark {
      rest += 1
      left &-= 1
    } else {
      marks &-= 1
    }
    let written = runs.encode(marks, into: out)
    (out + written).update(from: rest, count: left)
    return written &+ left
  }

  private func makeScratch(_ count: Int) {
    guard scratchCapacity < count else { return }
    scratch.deallocate()
    scratchCapacity = count * 2
    scratch = .allocate(capacity: scratchCapacity)
  }

  /// The same from left to right, between characters that are no symbols; 0 if that cannot be.
  private func encode(
    _ base: UnsafePointer<UInt8>, _ count: Int, _ seams: SeamEncoder,
    _ characters: UnsafeMutablePointer<TokenID>, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    makeScratch(count)
    isShort = true
    var written = 0
    var at = 0
    while at < count {
      var end = at
      var length = 0
      while end < count {
        length = UTF8Check.length(base, at: end, end: count)
        if length == 0 { break }
        let isSymbol =
          length < 4
          ? characters[Int(UTF8Check.scalar(base, at: end, length: length))] != TokenTable.none
          : model.tokens.find(base + end, 4, PieceHash.of(base + end, 4)) != TokenTable.none
        if !isSymbol { break }
        end &+= length
      }
      if end > at {
        let found = seams.encode(base + at, end &- at, into: scratch + written)
        if found == 0 { return 0 }
        written &+= found
        at = end
      } else {
        target = scratch + written
        symbolCount = 0
        add(base, at, max(1, length), isFirst: false, isLast: false)
        written &+= symbolCount
        at &+= max(1, length)
      }
    }
    return resolve(scratch, written, into: out)
  }

  /// Writes the first symbols of a word to `target`, where no texts are frozen; `isMarked`: a `▁`
  /// belongs before it.
  @inline(__always)
  private func collect(
    _ base: UnsafePointer<UInt8>, _ count: Int, isMarked: Bool,
    _ characters: UnsafeMutablePointer<TokenID>
  ) {
    var out = target
    if isMarked {
      out[0] = characters[0x2581]
      out += 1
    }
    var at = 0
    while at < count {
      let length = UTF8Check.length(base, at: at, end: count)
      if length > 0 && length < 4 {
        let id = characters[Int(UTF8Check.scalar(base, at: at, length: length))]
        if id != TokenTable.none {
          out[0] = id
          out += 1
          at &+= length
          continue
        }
      }
      symbolCount = out - target
      if symbolCount > 0 { lastSymbol = out[-1] & CharacterPairs.idMask }
      add(base, at, max(1, length), isFirst: false, isLast: false)
      out = target + symbolCount
      at &+= max(1, length)
    }
    symbolCount = out - target
  }

  /// Adds the first symbols of a word.
  private func collect(_ base: UnsafePointer<UInt8>, _ count: Int) {
    let text = UnsafeBufferPointer(start: base, count: count)
    symbolCount = 0
    var at = 0
    while at < count {
      if let frozen, let match = frozen.longest(text, at: at) {
        add(TokenID(truncatingIfNeeded: match.value))
        at = match.end
        continue
      }
      let length = max(1, UTF8Check.length(base, at: at, end: count))
      add(base, at, length, isFirst: at == 0, isLast: at &+ length == count)
      at &+= length
    }
  }

  private func mergeSymbols(into out: UnsafeMutablePointer<TokenID>) -> Int {
    guard isShort else { return merger.merge(into: out) }
    return symbolCount == 0 ? 0 : kernel.mergeSymbols(symbolCount, into: out)
  }

  @inline(__always)
  private func add(_ id: TokenID) {
    if isShort { target[symbolCount] = id } else { merger.add(id) }
    lastSymbol = id
    symbolCount &+= 1
  }

  private func addUnknown() {
    guard let unknown = model.options.unknown else { return }
    if model.options.fusesUnknown && symbolCount > 0 && lastSymbol == unknown { return }
    add(unknown)
  }

  /// Copies symbols, and replaces those that are no tokens by bytes or the unknown token.
  private func resolve(
    _ symbols: UnsafePointer<TokenID>, _ count: Int, into out: UnsafeMutablePointer<TokenID>
  ) -> Int {
    if model.options.pieceCount == Int.max {
      out.update(from: symbols, count: count)
      return count
    }
    guard let unknown = model.options.unknown else { return 0 }
    var written = 0
    var wasUnknown = false
    for index in 0..<count {
      let id = symbols[index]
      var isUnknown = id == unknown
      if Int(id) < model.options.pieceCount && !isUnknown {
        out[written] = id
        written &+= 1
      } else if let fallback = model.options.byteFallback, !isUnknown {
        for byte in model.tokens.bytes(of: id) {
          out[written] = fallback[Int(byte)]
          written &+= 1
        }
      } else {
        isUnknown = true
        if !wasUnknown {
          out[written] = unknown
          written &+= 1
        }
      }
      wasUnknown = isUnknown
    }
    return written
  }

  @inline(__always)
  private func add(
    _ base: UnsafePointer<UInt8>, _ at: Int, _ length: Int, isFirst: Bool, isLast: Bool
  ) {
    var id: TokenID
    if length < 4, let characterTokens, UTF8Check.length(base, at: at, end: at &+ length) > 0 {
      id = characterTokens[Int(UTF8Check.scalar(base, at: at, length: length))]
    } else if !hasAffixes {
      id = model.tokens.find(base + at, length, PieceHash.of(base + at, length))
    } else {
      let options = model.options
      symbol.removeAll(keepingCapacity: true)
      if !isFirst { symbol.append(contentsOf: options.continuingPrefix) }
      symbol.append(contentsOf: UnsafeBufferPointer(start: base + at, count: length))
      if isLast { symbol.append(contentsOf: options.wordSuffix) }
      id = symbol.withUnsafeBufferPointer { bytes in
        bytes.baseAddress.map {
          model.tokens.find($0, bytes.count, PieceHash.of($0, bytes.count))
        } ?? TokenTable.none
      }
    }
    if id != TokenTable.none {
      add(id)
      return
    }
    if let fallback {
      let bytes = UnsafeBufferPointer(start: base + at, count: length)
      if bytes.allSatisfy({ fallback[Int($0)] != TokenTable.none }) {
        for byte in bytes { add(fallback[Int(byte)]) }
        return
      }
    }
    addUnknown()
  }
}

extension BPEModel {
  /// Whether words may be merged one by one: `▁` is a token, which no unknown character before it
  /// is joined with, unknown characters do not vanish between two of them, and no token has one
  /// after another character.
  var canCutAtMarks: Bool {
    let isFallbackWhole = options.byteFallback.map { !$0.contains(TokenTable.none) } ?? false
    guard let mark = tokens.id(of: SentencePieceText.mark), mark != options.unknown,
      options.unknown != nil || isFallbackWhole,
      options.byteFallback != nil || Int(mark) < options.pieceCount
    else { return false }
    return options.continuingPrefix.isEmpty && options.wordSuffix.isEmpty && !options.wholeFirst
      && MarkedWords.areApart(tokens) { _ in true }
  }
}
