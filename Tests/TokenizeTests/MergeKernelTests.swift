import CSIMD
import ShardifyCore
import Testing

@testable import Tokenize

struct MergeKernelTests {
  /// Merges by the definition: the pair of lowest priority (the rank, if the model has no others),
  /// the leftmost of them, until none is left.
  private func merged(_ bytes: [UInt8], _ model: BPEModel) -> [TokenID] {
    merged(bytes.map { model.byteTokens[Int($0)] }, model)
  }

  private func merged(_ symbols: [TokenID], _ model: BPEModel) -> [TokenID] {
    var ids = symbols
    while true {
      var best: (priority: UInt32, rank: UInt32, place: Int)?
      for place in 0..<max(0, ids.count - 1) {
        let rank = model.pairs.rank(ids[place], ids[place + 1])
        guard rank != PairTable.none else { continue }
        let priority = model.priorities.map { $0[Int(rank)] } ?? rank
        if priority < best?.priority ?? .max { best = (priority, rank, place) }
      }
      guard let best else { return ids }
      ids.replaceSubrange(best.place...best.place + 1, with: [model.merged[Int(best.rank)]])
    }
  }

  /// A model of random merges over four bytes: the letters a to d if not told otherwise.
  private func model(seed: UInt64, bytes: [UInt8] = [97, 98, 99, 100]) -> BPEModel {
    var random = TestRandom(seed: seed)
    var texts = bytes.map { [$0] }
    var builder = TokenTable.Builder()
    for byte in 0..<256 { _ = builder.add(byte, [UInt8(byte)]) }
    var ids = bytes.map { TokenID($0) }
    var merges: [(left: TokenID, right: TokenID, rank: UInt32)] = []
    var results: [TokenID] = []
    for _ in 0..<60 {
      let (a, b) = (random.below(ids.count), random.below(ids.count))
      let text = texts[a] + texts[b]
      guard text.count < 12, !texts.contains(text) else { continue }
      let id = TokenID(builder.count)
      _ = builder.add(Int(id), text)
      merges.append((ids[a], ids[b], UInt32(results.count)))
      results.append(id)
      texts.append(text)
      ids.append(id)
    }
    let bytes = (0..<256).map { TokenID($0) }
    return BPEModel(
      options: .init(), tokens: TokenTable(builder), merges: merges, merged: results,
      byteTokens: bytes, lastByteTokens: bytes)
  }

  @Test("short and long pretokens merge as the definition says", arguments: 1...40)
  func mergesAsDefined(_ seed: Int) {
    let model = model(seed: UInt64(seed))
    let encoder = BPEEncoder(model, cacheLines: 16)
    let kernel = MergeKernel(model)
    let out = UnsafeMutablePointer<TokenID>.allocate(capacity: 1000)
    defer { out.deallocate() }
    var random = TestRandom(seed: UInt64(seed) &* 77)
    for length in [1, 2, 3, 5, 9, 20, 39, 40, 41, 63, 64, 65, 100, 300] {
      let text = (0..<length).map { _ in UInt8(97 + random.below(4)) }
      let expected = merged(text, model)
      text.withUnsafeBufferPointer { bytes in
        guard let base = bytes.baseAddress else { return }
        let short = kernel.mergeBytes(base, length, into: out)
        #expect(Array(UnsafeBufferPointer(start: out, count: short)) == expected)
        kernel.large.loadBytes(base, length)
        let long = kernel.large.merge(into: out)
        #expect(Array(UnsafeBufferPointer(start: out, count: long)) == expected)
        for _ in 0..<3 {
          let buffer = TokenBuffer(capacity: 16)
          encoder.encodePiece(base, length, into: buffer)
          #expect(Array(buffer.ids) == expected)
        }
      }
    }
  }

  /// The order of the merges of a model of pieces.
  private enum MergeOrder { case random, byLength, byID }

  /// A model like SentencePiece's: neighbours merge if they spell a piece, in an order in which a
  /// piece may come before its parts, if not told otherwise; runs of priorities are equal if
  /// `isTied`. The characters are a to d, or as many from U+0400 on.
  private func pieceModel(
    seed: UInt64, isTied: Bool, order kind: MergeOrder = .random, characterCount: Int = 4
  ) -> BPEModel {
    var random = TestRandom(seed: seed)
    var builder = TokenTable.Builder()
    for byte in 0..<256 { _ = builder.add(byte, [UInt8(byte)]) }
    let characters: [[UInt8]] = (0..<characterCount).map { number in
      var text: [UInt8] = []
      UTF8Check.append(UInt32((characterCount > 4 ? 0x400 : 97) + number), to: &text)
      return text
    }
    var ids: [[UInt8]: TokenID] = [:]
    for (number, text) in characters.enumerated() {
      ids[text] = TokenID(characterCount > 4 ? builder.count : 97 + number)
      if characterCount > 4 { _ = builder.add(builder.count, text) }
    }
    var texts: [[UInt8]] = []
    for _ in 0..<max(150, characterCount * 10) {
      let letters = 1 + random.below(characterCount)
      let text = (0..<2 + random.below(characterCount > 4 ? 2 : 7)).flatMap { _ in
        characters[random.below(letters)]
      }
      guard ids[text] == nil else { continue }
      ids[text] = 0
      texts.append(text)
    }
    if kind == .byID { texts.sort { $0.count < $1.count } }
    let first = builder.count
    for text in texts {
      ids[text] = TokenID(builder.count)
      _ = builder.add(builder.count, text)
    }
    var order = Array(texts.indices)
    if kind != .byID {
      for index in order.indices.reversed() { order.swapAt(index, random.below(index + 1)) }
    }
    if kind == .byLength { order.sort { texts[$0].count < texts[$1].count } }
    var merges: [(left: TokenID, right: TokenID, rank: UInt32)] = []
    for (rank, index) in order.enumerated() {
      let text = texts[index]
      for cut in 1..<text.count {
        guard let left = ids[Array(text[..<cut])], let right = ids[Array(text[cut...])] else {
          continue
        }
        merges.append((left, right, UInt32(rank)))
      }
    }
    var options = BPEModel.Options()
    options.symbols = .characters
    let bytes = (0..<256).map { TokenID($0) }
    return BPEModel(
      options: options, tokens: TokenTable(builder), merges: merges,
      merged: order.map { TokenID(first + $0) }, byteTokens: bytes, lastByteTokens: bytes,
      priorities: isTied ? order.indices.map { UInt32($0 / 5 * 5) } : nil)
  }

  @Test("long words merge as defined, whatever the order of the merges", arguments: 1...24)
  func longWordsMergeAsDefined(_ seed: Int) {
    let model = pieceModel(seed: UInt64(seed), isTied: seed % 2 == 0)
    let merger = LongMerger(model)
    var random = TestRandom(seed: UInt64(seed) &* 57)
    for length in [1, 2, 3, 64, 65, 300, 1000] {
      let period = 1 + random.below(6)
      let unit = (0..<period).map { _ in UInt8(97 + random.below(4)) }
      let texts = [
        [UInt8](repeating: 97, count: length), (0..<length).map { unit[$0 % period] },
        (0..<length).map { _ in UInt8(97 + random.below(4)) },
      ]
      for text in texts {
        let out = UnsafeMutablePointer<TokenID>.allocate(capacity: length)
        defer { out.deallocate() }
        text.withUnsafeBufferPointer { bytes in
          guard let base = bytes.baseAddress else { return }
          merger.loadBytes(base, length)
        }
        let written = merger.merge(into: out)
        #expect(Array(UnsafeBufferPointer(start: out, count: written)) == merged(text, model))
      }
    }
  }

  /// Whether a pair of characters is known to merge at once, somewhere.
  private func hasSurePairs(_ model: BPEModel) -> Bool {
    model.characterPairs.map { characters in
      (0..<65536).contains { characters.known.pairs[$0] & UInt64(CSIMD_OUTSIDE) != CSIMD_OUTSIDE }
    } ?? false
  }

  @Test("words of symbols merged in lanes come out as defined", arguments: 1...60)
  func symbolsMergeInLanesAsDefined(_ seed: Int) throws {
    // Of 400 characters, not all have numbers.
    let characterCount = seed % 4 == 0 ? 400 : 4
    let order = [MergeOrder.random, .byLength, .byID][seed % 3]
    let model = pieceModel(
      seed: UInt64(seed), isTied: false, order: order, characterCount: characterCount)
    #expect(order == .random || hasSurePairs(model))
    #expect(model.pairRanksAreIDs == (order == .byID))
    let lanes = try #require(LaneMerger(model))
    let characters = try #require(model.characterPairs).symbols
    var random = TestRandom(seed: UInt64(seed) &* 93)
    for count in [1, 2, 7, 16, 17, 40] {
      let texts: [[TokenID]] = (0..<count).map { _ in
        let letters = 1 + random.below(characterCount)
        let start = characterCount > 4 ? 0x400 : 97
        return (0..<1 + random.below(LaneMerger.maxBytes)).map { _ in
          characters[start + random.below(letters)]
        }
      }
      let symbols = texts.flatMap { $0 }
      var out = symbols
      var words: [LaneMerger.Word] = []
      symbols.withUnsafeBufferPointer { symbols in
        out.withUnsafeMutableBufferPointer { out in
          guard let first = symbols.baseAddress, let room = out.baseAddress else { return }
          let bytes = UnsafeRawPointer(first).assumingMemoryBound(to: UInt8.self)
          for isPlain in [false, true] {
            words.removeAll()
            var at = 0
            for (index, text) in texts.enumerated() {
              words.append(
                LaneMerger.Word(
                  bytes: bytes, count: text.count, out: room + at, written: 0, index: index,
                  symbols: first + at))
              at += text.count
            }
            words.withUnsafeMutableBufferPointer { words in
              guard let base = words.baseAddress else { return }
              if isPlain {
                lanes.mergeInLanes(base, count)
              } else {
                #expect(lanes.merge(base, count) == 0)
              }
            }
            for (index, text) in texts.enumerated() {
              let found = UnsafeBufferPointer(start: words[index].out, count: words[index].written)
              #expect(Array(found) == merged(text.map { $0 & CharacterPairs.idMask }, model))
            }
          }
        }
      }
    }
  }

  @Test("no pair of characters is sure where a symbol may not be what it spells")
  func otherSymbolsMakeNoPairSure() {
    let texts = ["a", "b", "ab", "<0x61>", "<0x61>b", "<unk>"].map { Array($0.utf8) }
    var builder = TokenTable.Builder()
    for (id, text) in texts.enumerated() { _ = builder.add(id, text) }
    let none = [TokenID](repeating: TokenTable.none, count: 256)
    let pairs = { (merges: [PieceMerges.Merge], unknown: TokenID) in
      var options = BPEModel.Options()
      options.symbols = .characters
      options.unknown = unknown
      options.byteFallback = none.indices.map { $0 == 0x61 ? 3 : TokenTable.none }
      return BPEModel(
        options: options, tokens: TokenTable(builder), merges: merges, merged: [2, 4],
        byteTokens: none, lastByteTokens: none
      ).characterPairs
    }
    #expect(pairs([(0, 1, 0)], 5) != nil)
    #expect(pairs([(0, 1, 0)], 1) == nil)
    #expect(pairs([(0, 1, 0), (3, 1, 1)], 5) == nil)
  }

  @Test("the pairs that make a piece merge as all that spell it do", arguments: 1...60)
  func piecePairsMergeAsAllDo(_ seed: Int) {
    // Runs of marks share a priority, the last.
    let (mark, isTied) = (Array("▁".utf8), seed % 2 == 0)
    let characters = [mark, Array("a".utf8), Array("b".utf8), Array("ç".utf8)]
    var random = TestRandom(seed: UInt64(seed) &* 31)
    var builder = TokenTable.Builder()
    for (id, text) in characters.enumerated() { _ = builder.add(id, text) }
    var texts: Set<[UInt8]> = []
    for _ in 0..<80 {
      let isRun = random.below(6) == 0
      let text = (0..<2 + random.below(5)).flatMap { _ in
        isRun ? mark : characters[random.below(4)]
      }
      if texts.insert(text).inserted { _ = builder.add(builder.count, text) }
    }
    let symbols = TokenTable(builder)
    var order = Array(TokenID(4)..<TokenID(builder.count))
    for index in order.indices.reversed() { order.swapAt(index, random.below(index + 1)) }
    if seed % 3 > 0 { order.sort { symbols.bytes(of: $0).count < symbols.bytes(of: $1).count } }
    let isRun = { (id: TokenID) in MarkedWords.isRun(symbols.bytes(of: id)) }
    order = order.filter { !isTied || !isRun($0) } + order.filter { isTied && isRun($0) }
    let firstRun = order.firstIndex { isTied && isRun($0) } ?? order.count
    let priorities = isTied ? order.indices.map { UInt32(min($0, firstRun)) } : nil
    let pruned = PieceMerges(symbols, merged: order, priorities: priorities).merges
    var all: [PieceMerges.Merge] = []
    for (rank, id) in order.enumerated() {
      let text = Array(symbols.bytes(of: id))
      for cut in 1..<text.count {
        if let left = symbols.id(of: text[..<cut]), let right = symbols.id(of: text[cut...]) {
          all.append((left, right, UInt32(rank)))
        }
      }
    }
    #expect(pruned.count < all.count)
    var options = BPEModel.Options()
    options.symbols = .characters
    let none = [TokenID](repeating: TokenTable.none, count: 256)
    let models = [all, pruned].map {
      BPEModel(
        options: options, tokens: symbols, merges: $0, merged: order, byteTokens: none,
        lastByteTokens: none, priorities: priorities)
    }
    for _ in 0..<60 {
      let text = (0..<1 + random.below(20)).map { _ in TokenID(random.below(4)) }
      #expect(merged(text, models[0]) == merged(text, models[1]))
    }
  }

  /// A model of characters and pieces that are all made of two others; ids of bytes come first.
  private func madeModel(seed: UInt64, _ characters: [[UInt8]]) -> BPEModel {
    var random = TestRandom(seed: seed)
    var builder = TokenTable.Builder()
    for byte in 0..<256 { _ = builder.add(byte, Array("<\(byte)>".utf8)) }
    for text in characters { _ = builder.add(builder.count, text) }
    var ranks: [[TokenID]: TokenID] = [:]
    var known = (0..<characters.count).map { [TokenID(256 + $0)] }
    let first = TokenID(builder.count)
    for _ in 0..<400 {
      let spelling = known[random.below(known.count)] + known[random.below(known.count)]
      // A mark only begins a piece.
      guard spelling.count < 9, !known.contains(spelling), !spelling.dropFirst().contains(256)
      else { continue }
      var parts = spelling
      while parts.count > 2 {
        let pairs = parts.indices.dropLast().compactMap { place in
          ranks[[parts[place], parts[place + 1]]].map { (id: $0, place: place) }
        }
        guard let best = pairs.min(by: { $0.id < $1.id }) else { break }
        parts.replaceSubrange(best.place...best.place + 1, with: [best.id])
      }
      guard parts.count == 2, ranks[parts] == nil else { continue }
      ranks[parts] = TokenID(builder.count)
      _ = builder.add(builder.count, spelling.flatMap { characters[Int($0) - 256] })
      known.append(spelling)
    }
    let symbols = TokenTable(builder, isFindable: { $0 >= 256 })
    let merged = Array(first..<TokenID(builder.count))
    let pieces = PieceMerges(symbols, merged: merged, priorities: nil)
    #expect(pieces.merges.map { [$0.left, $0.right] }.allSatisfy { ranks[$0] != nil })
    var options = BPEModel.Options()
    options.symbols = .characters
    options.unknown = 0
    options.byteFallback = (0..<256).map { TokenID($0) }
    options.pieceCount = builder.count
    let none = [TokenID](repeating: TokenTable.none, count: 256)
    return BPEModel(
      options: options, tokens: symbols, merges: pieces.merges, merged: merged, byteTokens: none,
      lastByteTokens: none, characterTree: pieces.tree)
  }

  @Test("words of characters of any length come out as defined", arguments: 1...40)
  func characterWordsMergeAsDefined(_ seed: Int) throws {
    let characters = ["▁", "a", "b", "ç", "漢", "😀"].map { Array($0.utf8) }
    let unknown = ["x", "é", "字", "😂"].map { Array($0.utf8) } + [[0xFF]]
    let model = madeModel(seed: UInt64(seed), characters)
    _ = try #require(model.characterSeams)
    let encoder = CharacterBPEEncoder(model)
    var random = TestRandom(seed: UInt64(seed) &* 37)
    for length in [1, 2, 5, 9, 20, 30, 60, 100, 300, 1000] {
      var text: [UInt8] = []
      var ids: [TokenID] = []
      for _ in 0..<length {
        if random.below(40) == 0 {
          let other = unknown[random.below(unknown.count)]
          text += other
          ids += other.map { TokenID($0) }
        } else {
          // Few marks, for long words.
          let number = random.below(50) == 0 ? 0 : 1 + random.below(5)
          text += characters[number]
          ids.append(TokenID(256 + number))
        }
      }
      let buffer = TokenBuffer(capacity: 16)
      text.withUnsafeBufferPointer { encoder.encode($0, into: buffer) }
      #expect(Array(buffer.ids) == merged(ids, model))
    }
  }

  /// How the runs of `▁` of a model merge; but for the first, they cannot go by themselves.
  private enum Runs: CaseIterable { case last, beforeOthers, apart, withLetter }

  /// A model of pieces that may start with a `▁`, and of runs of `▁` that share a priority.
  private func markedModel(seed: UInt64, _ runs: Runs) -> BPEModel {
    let characters = ["▁", "a", "b", "ç"].map { Array($0.utf8) }
    var random = TestRandom(seed: seed)
    var builder = TokenTable.Builder()
    for byte in 0..<256 { _ = builder.add(byte, Array("<\(byte)>".utf8)) }
    for text in characters { _ = builder.add(builder.count, text) }
    var seen = Set(characters)
    var others: [[UInt8]] = []
    for number in 0..<60 {
      let marks = runs == .withLetter && number % 4 == 0 ? 2 : random.below(2)
      let text =
        (0..<marks).flatMap { _ in characters[0] }
        + (0..<2 - min(1, marks) + random.below(4)).flatMap { _ in characters[1 + random.below(3)] }
      if seen.insert(text).inserted { others.append(text) }
    }
    if seed % 2 == 0 { others.sort { $0.count < $1.count } }
    let some = (2...16).filter { $0 == 2 || random.below(3) > 0 }.map { marks in
      (0..<marks).flatMap { _ in characters[0] }
    }
    let order = runs == .beforeOthers ? some + others : others + some
    var priorities = order.indices.map { UInt32($0) }
    let first = runs == .beforeOthers ? 0 : others.count
    for index in some.indices { priorities[first + index] = UInt32(first) }
    if runs == .apart {
      for index in 1..<some.count { priorities[first + index] = UInt32(first + 1) }
    }
    for text in order { _ = builder.add(builder.count, text) }
    let merged = order.indices.map { TokenID(260 + $0) }
    let symbols = TokenTable(builder, isFindable: { $0 >= 256 })
    let pieces = PieceMerges(symbols, merged: merged, priorities: priorities)
    var options = BPEModel.Options()
    options.symbols = .characters
    options.unknown = 0
    options.byteFallback = (0..<256).map { TokenID($0) }
    options.pieceCount = builder.count
    let none = [TokenID](repeating: TokenTable.none, count: 256)
    return BPEModel(
      options: options, tokens: symbols, merges: pieces.merges, merged: merged, byteTokens: none,
      lastByteTokens: none, priorities: priorities, characterTree: pieces.tree)
  }

  @Test("runs of marks with words after them come out as defined", arguments: 1...60)
  func runsOfMarksMergeAsDefined(_ seed: Int) {
    let kind = Runs.allCases[seed % 4 == 0 ? 1 + seed / 4 % 3 : 0]
    let model = markedModel(seed: UInt64(seed), kind)
    #expect((MarkRuns(model) != nil) == (kind == .last))
    let encoder = CharacterBPEEncoder(model)
    var random = TestRandom(seed: UInt64(seed) &* 41)
    let characters = ["▁", "a", "b", "ç", "x"].map { Array($0.utf8) }
    for longest in [3, 9, 20, 40, 200] {
      var text: [UInt8] = []
      var ids: [TokenID] = []
      for _ in 0..<4 {
        let marks = random.below(longest)
        let letters = random.below(3) == 0 ? 0 : random.below(random.below(2) == 0 ? 6 : longest)
        for index in 0..<marks + letters {
          let number = index < marks ? 0 : 1 + random.below(index == marks ? 4 : 3)
          text += characters[number]
          ids.append(number == 4 ? 120 : TokenID(256 + number))
        }
      }
      for _ in 0..<2 {
        let buffer = TokenBuffer(capacity: 16)
        text.withUnsafeBufferPointer { encoder.encode($0, into: buffer) }
        #expect(Array(buffer.ids) == merged(ids, model))
      }
    }
  }

  /// Sets up words with room for their ids, one after the other, as their bytes are.
  private func withWords(
    _ texts: [[UInt8]],
    _ body: (UnsafeMutablePointer<LaneMerger.Word>, UnsafePointer<UInt8>) -> Void
  ) {
    let text = texts.flatMap { $0 }
    let out = UnsafeMutablePointer<TokenID>.allocate(capacity: text.count)
    let words = UnsafeMutablePointer<LaneMerger.Word>.allocate(capacity: texts.count)
    defer {
      out.deallocate()
      words.deallocate()
    }
    text.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      var at = 0
      for (index, text) in texts.enumerated() {
        words[index] = .init(bytes: base + at, count: text.count, out: out + at, index: index)
        at += text.count
      }
      body(words, base)
    }
  }

  @Test("words merged in lanes, and from left to right, come out as defined", arguments: 1...40)
  func lanesAndSeamsMergeAsDefined(_ seed: Int) throws {
    let model = model(seed: UInt64(seed))
    let lanes = try #require(LaneMerger(model))
    let seams = SeamEncoder(try #require(model.seams), model)
    var random = TestRandom(seed: UInt64(seed) &* 91)
    for count in [1, 2, 5, 6, 7, 16, 17, 40] {
      // Letters past d merge with nothing: words of them have many symbols.
      let letters = [4, 5, 8][random.below(3)]
      let texts = (0..<count).map { _ in
        (0..<1 + random.below(LaneMerger.maxBytes)).map { _ in UInt8(97 + random.below(letters)) }
      }
      withWords(texts) { words, base in
        for isPlain in [false, true] {
          for index in 0..<count { words[index].written = 0 }
          if isPlain {
            lanes.mergeInLanes(words, count)
          } else {
            #expect(lanes.merge(words, count) == 0)
          }
          for (index, text) in texts.enumerated() {
            let found = UnsafeBufferPointer(start: words[index].out, count: words[index].written)
            #expect(Array(found) == merged(text, model))
          }
        }
        let text = texts.flatMap { $0 }
        let out = words[0].out
        let written = seams.encode(base, text.count, into: out)
        #expect(
          Array(UnsafeBufferPointer(start: out, count: written)) == merged(text, model))
      }
    }
  }

  @Test("long words are merged as defined, or said not to be", arguments: 1...40)
  func longWordsInLanesMergeAsDefined(_ seed: Int) throws {
    let model = model(seed: UInt64(seed))
    let lanes = try #require(LaneMerger(model))
    var random = TestRandom(seed: UInt64(seed) &* 93)
    let count = 50
    // Letters past d merge with nothing.
    let texts = (0..<count).map { number in
      (0..<20 + random.below(50)).map { _ in UInt8(97 + random.below(number < 40 ? 4 : 9)) }
    }
    withWords(texts) { words, _ in
      let left = lanes.merge(words, count)
      #expect(left == (0..<count).count { words[$0].written == 0 })
      for (index, text) in texts.enumerated() where words[index].written != 0 {
        let found = UnsafeBufferPointer(start: words[index].out, count: words[index].written)
        #expect(Array(found) == merged(text, model))
      }
      let isLong = texts.indices.filter { texts[$0].count > LaneMerger.maxBytes }
      let taken = isLong.count { words[$0].written != 0 }
      #expect(taken >= (csimd_can_merge() ? 1 : 0) && taken < isLong.count)
    }
  }

  @Test("Han that is cut where no token reaches across merges as defined", arguments: 1...60)
  func cutTextMergesAsDefined(_ seed: Int) {
    // Tokens of these bytes begin and end inside characters too.
    let model = model(seed: UInt64(seed), bytes: [0xE4, 0xE5, 0xB8, 0xB9])
    let encoder = BPEEncoder(model, cacheLines: 64)
    var random = TestRandom(seed: UInt64(seed) &* 13)
    for _ in 0..<20 {
      let text = (0..<1 + random.below(80)).flatMap { _ in
        [
          UInt8(0xE4 + random.below(2)), UInt8(0xB8 + random.below(2)),
          UInt8(0xB8 + random.below(2)),
        ]
      }
      let buffer = TokenBuffer(capacity: 16)
      text.withUnsafeBufferPointer { bytes in
        guard let base = bytes.baseAddress else { return }
        let scan = ScanText(
          base: base, end: text.count, classes: CharacterClasses.shared.table)
        encoder.encode(GPT2Scheme.self, scan, into: buffer)
      }
      #expect(Array(buffer.ids) == merged(text, model))
    }
  }
}
