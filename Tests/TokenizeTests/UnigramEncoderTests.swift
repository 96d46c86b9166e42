import ShardifyCore
import Testing

@testable import Tokenize

/// Parts are searched alone and kept: that must not show, where paths differ by the rounding of sums
/// before them too.
@Suite("Unigram ids are those of one search over the whole text")
struct UnigramEncoderTests {
  private static let alphabet: [UInt8] = Array("abcd".utf8)

  /// Pieces of a few letters and `▁`, in the form in which the reference search has them: `_` for
  /// the mark, `x` and `y` for letters that are in no piece.
  private static func pieces(_ random: inout TestRandom, isTied: Bool) -> [[UInt8]: Double] {
    var pieces: [[UInt8]: Double] = [[0x5F]: -3]
    for letter in alphabet { pieces[[letter]] = Double(Float(-3.1)) }
    for _ in 0..<120 {
      var piece: [UInt8] = random.below(3) == 0 ? [0x5F] : []
      for _ in 0..<2 + random.below(3) { piece.append(alphabet[random.below(4)]) }
      // Sums of tenths tie but for rounding; a few thousandths are less than sums are off.
      let score = Double(-random.below(12) - 20) / 10
      let extra = isTied ? 0 : Double(random.below(5)) / 1000
      pieces[piece] = Double(Float(score - extra))
    }
    return pieces
  }

  private static func marked(_ bytes: [UInt8]) -> [UInt8] {
    bytes.flatMap { $0 == 0x5F ? SentencePieceText.mark : [$0] }
  }

  /// Ids as the references find them: in one search, and if `isSingle` in Float, where a sum over
  /// 100,000 is taken from all that were reached.
  private static func ids(
    _ text: [UInt8], _ pieces: [[UInt8]: (TokenID, Double)], unknownScore: Double, isSingle: Bool
  ) -> [TokenID] {
    var best: [(score: Double, from: Int, id: TokenID)] = Array(
      repeating: (-.infinity, 0, 0), count: text.count + 1)
    best[0].score = 0
    for start in text.indices {
      let offset = best[start].score
      if isSingle && abs(offset) > 100_000 {
        for end in start...text.count where best[end].score > -.infinity {
          best[end].score = Double(Float(best[end].score - offset))
        }
      }
      for end in start + 1...min(text.count, start + 5) {
        var found = pieces[Array(text[start..<end])]
        if found == nil && end == start + 1 { found = (0, unknownScore) }
        guard let (id, score) = found else { continue }
        let sum = best[start].score + score
        let rounded = isSingle ? Double(Float(sum)) : sum
        if rounded > best[end].score { best[end] = (rounded, start, id) }
      }
    }
    var ids: [TokenID] = []
    var end = text.count
    while end > 0 {
      if best[end].id != 0 || ids.last != 0 { ids.append(best[end].id) }
      end = best[end].from
    }
    return ids.reversed()
  }

  private static func model(
    _ random: inout TestRandom, isSingle: Bool, isTied: Bool, scale: Double = 1
  ) -> (UnigramModel, [[UInt8]: (TokenID, Double)]) {
    var builder = TokenTable.Builder()
    _ = builder.add(0, Array("<unk>".utf8))
    var scores = [0.0]
    var numbered: [[UInt8]: (TokenID, Double)] = [:]
    let pieces = Self.pieces(&random, isTied: isTied)
    for (piece, score) in pieces.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let scaled = Double(Float(score * scale))
      numbered[piece] = (TokenID(scores.count), scaled)
      _ = builder.add(scores.count, Self.marked(piece))
      scores.append(scaled)
    }
    let model = UnigramModel(
      arithmetic: isSingle ? .single : .double, tokens: TokenTable(builder), scores: scores,
      unknownScore: -30 * scale, unknown: 0, byteFallback: nil, isPiece: { $0 != 0 })
    return (model, numbered)
  }

  @Test("with ties, near-ties and unknown characters", arguments: [false, true], [false, true])
  func wholeText(_ isSingle: Bool, _ isTied: Bool) {
    var random = TestRandom(seed: isSingle ? 1 : 2)
    for _ in 0..<4 {
      let (model, numbered) = Self.model(&random, isSingle: isSingle, isTied: isTied)
      let encoder = UnigramEncoder(model)
      for length in [3, 40, 3000, 40_000] {
        // Words repeat, so that most are kept ones.
        let words = (0..<300).map { number in
          [0x5F]
            + (0..<1 + random.below(number == 0 ? 200 : 9)).map { _ in
              random.below(number < 10 ? 4 : 1 << 20) == 0 ? 0x78 : Self.alphabet[random.below(4)]
            }
        }
        var text: [UInt8] = []
        while text.count < length { text += words[random.below(words.count)] }
        if random.below(2) == 0 { text += [0x78, 0x79, 0x78] }
        let output = TokenBuffer()
        Self.marked(text).withUnsafeBufferPointer { encoder.encode($0, into: output) }
        let expected = Self.ids(text, numbered, unknownScore: -30, isSingle: isSingle)
        #expect(Array(output.ids) == expected)
      }
    }
  }

  @Test("with sums that become too large", arguments: [false, true], [40.0, 900.0])
  func largeSums(_ isTied: Bool, _ scale: Double) {
    var random = TestRandom(seed: 3)
    let (model, numbered) = Self.model(&random, isSingle: true, isTied: isTied, scale: scale)
    let encoder = UnigramEncoder(model)
    for round in 0..<4 {
      var text: [UInt8] = []
      while text.count < 30_000 {
        text.append(0x5F)
        for _ in 0..<1 + random.below(random.below(30) == 0 ? 300 : 9) {
          text.append(round > 1 && random.below(200) == 0 ? 0x78 : Self.alphabet[random.below(4)])
        }
      }
      let output = TokenBuffer()
      Self.marked(text).withUnsafeBufferPointer { encoder.encode($0, into: output) }
      let expected = Self.ids(text, numbered, unknownScore: -30 * scale, isSingle: true)
      #expect(Array(output.ids) == expected)
    }
  }

  @Test("words that the normalizer rewrites, also longer ones than a batch keeps")
  func rewrittenWords() throws {
    var random = TestRandom(seed: 9)
    let (model, numbered) = Self.model(&random, isSingle: true, isTied: false)
    var normalizer = SentencePieceNormalizer()
    normalizer.prepare()
    let words = try #require(SentencePieceWords(normalizer, cuts: model.cuts))
    let cutter = SentencePieceCutter(words)
    let encoder = UnigramEncoder(model)
    for round in 0..<40 {
      var (text, whole): ([UInt8], [UInt8]) = ([], [])
      for number in 0..<random.below(200) {
        let isLong = number == 9 && round % 10 == 0
        let word = (0..<(isLong ? 9000 : 1 + random.below(12))).map { _ in
          Self.alphabet[random.below(4)]
        }
        // Characters of four bytes are left to the normalizer.
        let isHard = isLong || random.below(4) == 0
        text += word + (isHard ? Array("😀 ".utf8) : [0x20])
        whole += [0x5F] + word + (isHard ? [0x78] : [])
      }
      let output = TokenBuffer()
      let isDone = text.withUnsafeBufferPointer { encoder.encode($0, cutter, into: output) }
      #expect(isDone)
      let expected = Self.ids(whole, numbered, unknownScore: -30, isSingle: true)
      #expect(Array(output.ids) == expected)
    }
  }
}
