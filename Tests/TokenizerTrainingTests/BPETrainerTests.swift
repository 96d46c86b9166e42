import ShardifyCore
import Testing
import Tokenize

@testable import TokenizerTraining

/// The trainer does what its definition says, on every kind of small corpus.
@Suite struct BPETrainerTests {
  static let seeds = Array(0..<60)

  /// Corpora of very different shape, told by a seed.
  static func corpus(_ seed: Int) -> [(bytes: [UInt8], weight: Int64)] {
    var random = SeededRandom(seed: UInt64(seed))
    let letters = [1, 2, 3, 6, 20][seed % 5]
    return RandomWords.make(
      &random, words: [3, 40, 150][seed % 3], letters: letters, longest: [4, 9, 30][seed / 3 % 3],
      weights: [1, 3, 50][seed / 9 % 3])
  }

  @Test(arguments: seeds) func equalsANaiveTrainer(seed: Int) throws {
    let words = Self.corpus(seed)
    let minimum: Int64 = [1, 2, 5][seed % 3]
    var naive = NaiveBPE(words)
    naive.train(to: 330, minimum: minimum)
    let trained = try BPETrainer(
      BPESettings(vocabularySize: 330, minimumWeight: minimum)
    ).train(RandomWords.list(words))
    #expect(trained.tokens == naive.tokens, "seed \(seed)")
    #expect(trained.merges.count == trained.tokens.count - 256)
  }

  @Test(arguments: seeds) func equalsHuggingFacesTrainerStepByStep(seed: Int) throws {
    let words = Self.corpus(seed)
    let minimum: Int64 = [0, 2][seed % 2]
    // Text that spells a special token becomes it, as there.
    let special = seed % 4 == 0 ? ["aba", "ccc", "aaaa"] : []
    var naive = NaiveHuggingFace(special: special)
    naive.train(words, to: 330, minimum: minimum)
    let trained = try BPETrainer(
      BPESettings(
        vocabularySize: 330, specialTokens: special, minimumWeight: max(1, minimum),
        tieRule: .huggingface)
    ).train(RandomWords.list(words))
    #expect(trained.tokens == naive.tokens, "seed \(seed)")
    #expect(trained.merges.map { Int($0.left) } == naive.merges.map(\.0), "seed \(seed)")
    #expect(trained.merges.map { Int($0.right) } == naive.merges.map(\.1), "seed \(seed)")
  }

  @Test(arguments: seeds.prefix(20)) func longTokensAreNotMade(seed: Int) throws {
    let words = Self.corpus(seed)
    var naive = NaiveBPE(words)
    naive.train(to: 320, minimum: 1, maxBytes: 4)
    let trained = try BPETrainer(
      BPESettings(vocabularySize: 320, maxTokenBytes: 4)
    ).train(RandomWords.list(words))
    #expect(trained.tokens == naive.tokens)
  }

  @Test(arguments: TieRule.allCases) func theOrderOfWordsDoesNotMatter(rule: TieRule) throws {
    let words = Self.corpus(31)
    let settings = BPESettings(vocabularySize: 400, tieRule: rule)
    let expected = try BPETrainer(settings).train(RandomWords.list(words))
    for shift in [1, 7, words.count / 2] {
      let moved = Array(words[shift...] + words[..<shift])
      let found = try BPETrainer(settings).train(RandomWords.list(moved.reversed()))
      #expect(found.tokens == expected.tokens)
    }
  }

  @Test(arguments: TieRule.allCases) func aWeightIsACount(rule: TieRule) throws {
    let words = Self.corpus(17)
    let doubled = words.enumerated().map { ($1.bytes, $0 % 3 == 0 ? $1.weight * 2 : $1.weight) }
    let twice = RandomWords.list(
      words
        + words.enumerated().filter { $0.offset % 3 == 0 }
        .map(\.element))
    let settings = BPESettings(vocabularySize: 400, tieRule: rule)
    let a = try BPETrainer(settings).train(RandomWords.list(doubled))
    let b = try BPETrainer(settings).train(twice)
    #expect(a.tokens == b.tokens && a.weights == b.weights)
  }

  @Test func tokensOfTheTextAreCounted() throws {
    let words = Self.corpus(40)
    let trained = try BPETrainer(BPESettings(vocabularySize: 300)).train(RandomWords.list(words))
    let json = TokenizerJSON.bpe(trained, pattern: try PretokenPattern("gpt2"))
    let tokenizer = try Tokenizer.read(json)
    let encoder = tokenizer.makeEncoder()
    let total = words.reduce(0) { $0 + Int($1.weight) * encoder.encode($1.bytes).count }
    #expect(Int(trained.tokenWeight) == total)
  }

  @Test func aSpecialTokenIsNotMadeOfMerges() throws {
    let words = RandomWords.list([(Array("<|e|>".utf8), 9)])
    for rule in TieRule.allCases {
      let trained = try BPETrainer(
        BPESettings(vocabularySize: 300, specialTokens: ["<|e|>"], tieRule: rule)
      ).train(words)
      #expect(trained.tokens.filter { $0 == Array("<|e|>".utf8) }.count == 1)
      #expect(trained.tokens[0] == Array("<|e|>".utf8))
      _ = try Tokenizer.read(TokenizerJSON.bpe(trained, pattern: try PretokenPattern("gpt2")))
    }
  }

  @Test func wrongSettingsAreNamed() {
    func message(_ settings: BPESettings) -> String {
      do throws(TrainingFailure) {
        _ = try BPETrainer(settings)
        return ""
      } catch {
        return error.message
      }
    }
    #expect(
      message(BPESettings(vocabularySize: 256, specialTokens: ["<a>"]))
        == "cannot train tokenizer: --vocabulary-size 256, expected from 257 (256 bytes and 1 "
        + "special tokens) to 2097150")
    #expect(
      message(BPESettings(vocabularySize: 300, specialTokens: ["<a>", "<b>", "<a>"]))
        == "cannot train tokenizer: --special-token <a> twice, expected each special token once")
    #expect(
      message(BPESettings(vocabularySize: 300, specialTokens: ["x"]))
        == "cannot train tokenizer: --special-token \"x\", expected at least two characters")
    #expect(message(BPESettings(vocabularySize: 300, maxTokenBytes: 1)).contains("from 2 to 65535"))
  }
}
