import ShardifyCore

/// Encodes pieces with a `BPEModel` whose first symbols are characters: SentencePiece BPE and
/// Hugging Face BPE without the byte alphabet. One per thread.
///
/// Where no token holds a `▁` after another character, nothing merges across the place before a
/// `▁`, so that words are merged, and cached, one by one.
final class CharacterBPEEncoder {
  /// Slots of the cache as a power of two: 8 MiB.
  private static let cacheBits = 16

  private let model: BPEModel
  private let kernel: MergeKernel
  private let merger: HeapMerger
  private let hasAffixes: Bool
  private let fallback: [TokenID]?
  private let frozen: ByteTrie?
  private var symbolCount = 0
  private var isShort = true
  private var lastSymbol: TokenID = 0
  private let cutsAtMarks: Bool
  private let cache: PretokenCache?
  private var symbol: [UInt8] = []
  private var scratch: UnsafeMutablePointer<TokenID>
  private var scratchCapacity = 0

  init(_ model: BPEModel) {
    self.model = model
    kernel = MergeKernel(model)
    merger = kernel.large
    hasAffixes = !model.options.continuingPrefix.isEmpty || !model.options.wordSuffix.isEmpty
    fallback = model.options.byteFallback
    frozen = model.options.frozen
    cutsAtMarks = model.canCutAtMarks
    cache = cutsAtMarks ? PretokenCache(bits: Self.cacheBits) : nil
    scratch = .allocate(capacity: 0)
  }

  deinit { scratch.deallocate() }

  /// Appends the ids of a piece.
  func encode(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    guard let base = piece.baseAddress, !piece.isEmpty else { return }
    guard cutsAtMarks else {
      append(base, piece.count, into: output)
      return
    }
    var start = 0
    while start < piece.count {
      let end = Self.wordEnd(base, piece.count, from: start)
      append(base + start, end &- start, into: output)
      start = end
    }
  }

  /// Where the word that starts at `start` ends: before the first `▁` that follows another
  /// character.
  @inline(__always)
  private static func wordEnd(_ base: UnsafePointer<UInt8>, _ count: Int, from start: Int) -> Int {
    var at = start
    var wasMark = true
    while at < count {
      let isMark =
        base[at] == 0xE2 && at &+ 2 < count && base[at &+ 1] == 0x96 && base[at &+ 2] == 0x81
      if isMark {
        if !wasMark { return at }
        at &+= 3
      } else {
        wasMark = false
        at &+= 1
      }
    }
    return count
  }

  private func append(_ base: UnsafePointer<UInt8>, _ count: Int, into output: TokenBuffer) {
    let out = output.reserve(count &+ PretokenCache.maxIDs)
    guard let cache, count <= PretokenCache.maxKeyBytes else {
      output.advance(by: merge(base, count, into: out))
      return
    }
    let hash = PieceHash.of(base, count)
    let found = cache.find(base, count, hash, into: out)
    if found > 0 {
      output.advance(by: found)
      return
    }
    let written = merge(base, count, into: out)
    if written > 0 && written <= PretokenCache.maxIDs {
      cache.insert(base, count, hash, out, written)
    }
    output.advance(by: written)
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
    let text = UnsafeBufferPointer(start: base, count: count)
    isShort = count <= MergeKernel.scanLimit
    symbolCount = 0
    if !isShort { merger.start(count) }
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
    guard model.options.pieceCount < Int.max else { return mergeSymbols(into: out) }
    if scratchCapacity < count {
      scratch.deallocate()
      scratchCapacity = count * 2
      scratch = .allocate(capacity: scratchCapacity)
    }
    return resolve(mergeSymbols(into: scratch), into: out)
  }

  private func mergeSymbols(into out: UnsafeMutablePointer<TokenID>) -> Int {
    guard isShort else { return merger.merge(into: out) }
    return symbolCount == 0 ? 0 : kernel.mergeSymbols(symbolCount, into: out)
  }

  @inline(__always)
  private func add(_ id: TokenID) {
    if isShort { kernel.setSymbol(id, at: symbolCount) } else { merger.add(id) }
    lastSymbol = id
    symbolCount &+= 1
  }

  private func addUnknown() {
    guard let unknown = model.options.unknown else { return }
    if model.options.fusesUnknown && symbolCount > 0 && lastSymbol == unknown { return }
    add(unknown)
  }

  /// Replaces symbols that are no tokens by bytes or the unknown token.
  private func resolve(_ count: Int, into out: UnsafeMutablePointer<TokenID>) -> Int {
    guard let unknown = model.options.unknown else { return 0 }
    var written = 0
    var wasUnknown = false
    for index in 0..<count {
      let id = scratch[index]
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
    if !hasAffixes {
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
  /// Whether words may be merged one by one: `▁` is a token, and no token has one after another
  /// character.
  var canCutAtMarks: Bool {
    guard options.continuingPrefix.isEmpty, options.wordSuffix.isEmpty, !options.wholeFirst,
      tokens.id(of: SentencePieceText.mark) != nil
    else { return false }
    for id in 0..<tokens.count {
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
}
