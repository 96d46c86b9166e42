import CSIMD
import ShardifyCore
import Testing

@testable import Tokenize

@Suite("Best paths of several words at once")
struct UnigramLatticeTests {
  private struct Path: Equatable {
    var ids: [TokenID]
    var margin: Float
    var span = 0
  }

  /// Some characters of every length, or so many that their symbols fill several blocks.
  private static func alphabet(_ isLarge: Bool) -> [String] {
    isLarge
      ? (0..<900).compactMap { Unicode.Scalar(0x4E00 + $0 * 3).map(String.init) }
      : ["a", "b", "é", "漢", "\u{2581}", "😀"]
  }

  /// A model of random pieces; scores are quarters, so that all sums are exact.
  private static func model(_ random: inout TestRandom, _ alphabet: [String]) throws
    -> (UnigramModel, pieces: [String: (TokenID, Double)])
  {
    var texts = ["<unk>"]
    // The last character is no piece of its own.
    texts += alphabet.dropLast()
    for _ in 0..<400 {
      texts.append((0..<2 + random.below(6)).map { _ in pick(&random, alphabet) }.joined())
    }
    texts.append(String(repeating: "a", count: 16))
    if random.below(2) == 0 { texts.append(String(repeating: "b", count: 17)) }
    var pieces: [String: (TokenID, Double)] = [:]
    var scores: [Double] = []
    var builder = TokenTable.Builder()
    for text in texts where pieces[text] == nil {
      let score = -Double(random.below(60)) / 4
      _ = builder.add(scores.count, Array(text.utf8))
      if text != "<unk>" { pieces[text] = (TokenID(scores.count), score) }
      scores.append(score)
    }
    let model = UnigramModel(
      arithmetic: .single, tokens: TokenTable(builder), scores: scores, unknownScore: -25,
      unknown: 0, byteFallback: nil, isPiece: { $0 != 0 })
    return (model, pieces)
  }

  private static func pick(_ random: inout TestRandom, _ alphabet: [String]) -> String {
    // Mostly a few, so that pieces are met.
    alphabet[random.below(random.below(4) == 0 ? alphabet.count : min(alphabet.count, 3))]
  }

  /// The best path and how far the next best is from it at its places; ids are nil if it has unknown
  /// characters.
  private static func best(_ word: [String], _ pieces: [String: (TokenID, Double)]) -> Path? {
    var best: [(score: Double, second: Double, from: Int, id: TokenID)] = Array(
      repeating: (-.infinity, -.infinity, 0, 0), count: word.count + 1)
    best[0].score = 0
    var path = Path(ids: [], margin: .infinity)
    var (spanStart, reach) = (0, 0)
    for start in word.indices {
      if reach <= start { spanStart = start }
      for end in start + 1...min(word.count, start + 17) {
        var found = pieces[word[start..<end].joined()]
        if found == nil && end == start + 1 { found = (0, -25) }
        guard let (id, score) = found else { continue }
        reach = max(reach, end)
        path.span = max(path.span, reach - spanStart)
        let sum = best[start].score + score
        if sum > best[end].score {
          best[end] = (sum, best[end].score, start, id)
        } else {
          best[end].second = max(best[end].second, sum)
        }
      }
    }
    var end = word.count
    while end > 0 {
      if best[end].id == 0 { return nil }
      path.ids.insert(best[end].id, at: 0)
      path.margin = min(path.margin, Float(best[end].score - best[end].second))
      end = best[end].from
    }
    return path
  }

  @Test("are those of a plain search, or are told to be hard", arguments: [false, true])
  func plainSearch(_ isLarge: Bool) throws {
    var random = TestRandom(seed: 11)
    var counts = (sure: 0, hard: 0)
    for _ in 0..<6 {
      let alphabet = Self.alphabet(isLarge)
      let (model, pieces) = try Self.model(&random, alphabet)
      let lattice = UnigramLattice(model)
      for _ in 0..<30 {
        let words = (0..<1 + random.below(40)).map { _ in
          (0..<1 + random.below(random.below(8) == 0 ? 60 : 24)).map { _ in
            Self.pick(&random, alphabet)
          }
        }
        for isPortable in [false, true] {
          lattice.removeAll()
          for word in words {
            let isMarked = word[0] == "\u{2581}"
            let bytes = Array(word.dropFirst(isMarked ? 1 : 0).joined().utf8)
            let number = bytes.withUnsafeBufferPointer { bytes in
              bytes.baseAddress.map { lattice.add($0, bytes.count, isMarked: isMarked) }
            }
            #expect(number ?? 0 >= 0)
          }
          lattice.search(isPortable: isPortable)
          for (number, word) in words.enumerated() {
            let path = lattice[number]
            let expected = Self.best(word, pieces)
            guard path.kind == 0, let expected else {
              // `b` 17 times is longer than a row.
              #expect(path.kind != 0 && (expected == nil || word.count > 16))
              counts.hard += 1
              continue
            }
            #expect(path.margin == expected.margin)
            // Short words are taken for one span.
            #expect(Int(path.span) == (word.count > 24 ? expected.span : word.count))
            if path.margin == 0 { continue }
            counts.sure += 1
            let ids = [TokenID](unsafeUninitializedCapacity: 64) { buffer, count in
              guard let base = buffer.baseAddress else { return }
              count = lattice.take(path, into: base) - base
            }
            #expect(ids == expected.ids)
          }
        }
      }
    }
    #expect(counts.sure > 2000 && counts.hard > 20)
  }

  @Test("no path is sure after a sum for which it is not, or without a margin")
  func reach() throws {
    var random = TestRandom(seed: 3)
    let (model, _) = try Self.model(&random, Self.alphabet(false))
    let lattice = UnigramLattice(model)
    let word = Array("abba".utf8)
    _ = word.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { lattice.add($0, bytes.count, isMarked: false) }
    }
    var path = csimd_path(first: 0, count: 2, margin: 0, score: 0, span: 4, kind: 0)
    #expect(lattice.reach(0, path) == -1)
    path.margin = 1e-6
    #expect(lattice.reach(0, path) == -1)
    // Five roundings of half a unit in the last place each way, twice; and four largest scores.
    path.margin = 1
    let reach = Double(lattice.reach(0, path))
    #expect(reach < 0x1p24 / 20 - 2 * 4 * model.largestScore && reach > 0x1p24 / 21)
    path.margin = .infinity
    #expect(lattice.reach(0, path) == 1e30)
    // Within a shorter span fewer are added up.
    path.margin = 1
    path.span = 1
    #expect(Double(lattice.reach(0, path)) > 2 * reach)
  }

  @Test("ASCII symbols are those of a loop")
  func asciiSymbols() {
    var random = TestRandom(seed: 8)
    var count = 0
    for round in 0..<3000 {
      let limit = round % 3 == 0 ? 256 : 128
      let bytes = (0..<1 + random.below(24)).map { _ in
        UInt8(random.below(4) == 0 ? random.below(limit) : 64 + random.below(64))
      }
      var words: [UInt64] = [0, 0, 0]
      for (place, byte) in bytes.enumerated() {
        words[place / 8] |= UInt64(byte) << UInt64(place % 8 * 8)
      }
      var symbols = [UInt16](repeating: 0, count: 24)
      let isASCII = csimd_ascii_symbols(words[0], words[1], words[2], bytes.count, &symbols)
      #expect(isASCII == bytes.allSatisfy { (2..<128).contains($0) })
      if isASCII { #expect(symbols.prefix(bytes.count).elementsEqual(bytes.map(UInt16.init))) }
      count += isASCII ? 1 : 0
    }
    #expect(count > 1000 && count < 2900)
  }
}
