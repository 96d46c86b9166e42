import Foundation
import ShardifyCore
import Testing
import Tokenize

@testable import TokenizerTraining

/// The Unigram trainer's parts equal what they are defined as; the whole is sound.
@Suite struct UnigramTrainerTests {
  static func words(_ seed: Int) -> WordList {
    var random = SeededRandom(seed: UInt64(seed))
    return RandomWords.list(
      RandomWords.make(&random, words: 40, letters: 3, longest: 9, weights: 5))
  }

  static func lattice(_ words: WordList) -> UnigramLattice {
    let text = UnigramText(words, coverage: 1)
    let seeds = SubstringSeeds(text, minimum: 2, longest: 6).seeds.filter { !$0.isCovered }
    return UnigramLattice(
      text, seeds: seeds.map { (Int($0.place), Int($0.length), $0.weight) })
  }

  static func slices(_ text: UnigramText) -> [(word: [UInt32], weight: Int64)] {
    text.ends.indices.map { index in
      let start = index == 0 ? 0 : text.ends[index - 1]
      return (Array(text.text[start..<text.ends[index]]), text.weights[index])
    }
  }

  @Test(arguments: 0..<12) func expectationsEqualThoseOfAllSegmentations(seed: Int) {
    let lattice = Self.lattice(Self.words(seed))
    let naive = NaiveUnigram(
      scores: Dictionary(
        uniqueKeysWithValues: (0..<lattice.count).map {
          (Array(lattice.characters[lattice.range($0)]), lattice.scores[$0])
        }))
    let expected = naive.expectations(Self.slices(lattice.text))
    for shift in [0.0, 3.0] {
      let found = UnigramSums(lattice: lattice, jobs: 2).expectation(
        shift: shift, stop: StopFlag())
      for piece in 0..<lattice.count {
        let characters = Array(lattice.characters[lattice.range(piece)])
        let count = Double(found.counts[piece]) / pow(2, Double(found.bits))
        #expect(abs(count - (expected[characters] ?? 0)) < 1e-6, "seed \(seed)")
      }
    }
  }

  @Test(arguments: 0..<12) func bestSegmentationsAreTheBestOfAll(seed: Int) {
    let lattice = Self.lattice(Self.words(seed))
    let naive = NaiveUnigram(
      scores: Dictionary(
        uniqueKeysWithValues: (0..<lattice.count).map {
          (Array(lattice.characters[lattice.range($0)]), lattice.scores[$0])
        }))
    let counts = UnigramSums(lattice: lattice, jobs: 1).bestCounts(stop: StopFlag())
    let found = zip(counts, lattice.scores).reduce(0.0) { $0 + Double($1.0) * $1.1 }
    let expected = Self.slices(lattice.text).reduce(0.0) {
      $0 + naive.best($1.word) * Double($1.weight)
    }
    #expect(abs(found - expected) < 1e-6 * abs(expected), "seed \(seed)")
    for piece in 0..<lattice.count where lattice.length(piece) > 1 {
      let characters = Array(lattice.characters[lattice.range(piece)])
      var without = naive
      without.scores[characters] = nil
      let alternative = lattice.alternative(to: piece) ?? []
      let score = alternative.reduce(0.0) { $0 + lattice.scores[Int($1)] }
      #expect(abs(score - without.best(characters)) < 1e-9)
    }
  }

  @Test(arguments: 0..<12) func seedsAreTheFrequentSubstrings(seed: Int) {
    let text = UnigramText(Self.words(seed), coverage: 1)
    var counts: [[UInt32]: Int64] = [:]
    for (word, weight) in Self.slices(text) {
      for start in word.indices {
        for end in start + 1...word.count where (2...6).contains(end - start) {
          counts[Array(word[start..<end]), default: 0] += weight
        }
      }
    }
    let expected = counts.filter { $0.value >= 4 }
    var found: [[UInt32]: Int64] = [:]
    for seed in SubstringSeeds(text, minimum: 4, longest: 6).seeds {
      let start = Int(seed.place)
      let characters = Array(text.text[start..<start + Int(seed.length)])
      found[characters] = seed.weight
      let isCovered = expected.contains { longer, weight in
        longer.count == characters.count + 1 && weight == seed.weight
          && (longer.starts(with: characters) || Array(longer.dropFirst()) == characters)
      }
      #expect(seed.isCovered == isCovered)
    }
    #expect(found == expected)
  }

  @Test(arguments: 0..<12) func lightestSubstringsOfALengthGoWhereThereAreTooMany(seed: Int) {
    let text = UnigramText(Self.words(seed), coverage: 1)
    let all = SubstringSeeds(text, minimum: 2, longest: 6).seeds
    for limit in [0, 1, 7, all.count / 2, all.count - 1, all.count] {
      let bounded = SubstringSeeds(text, minimum: 2, longest: 6, limit: limit)
      #expect(bounded.seeds.count <= limit)
      let places = Set(bounded.seeds.map { UInt64($0.place) << 32 | UInt64($0.length) })
      // Of each length the heaviest are there, and of equal ones all or none.
      var leastKept: [UInt32: Int64] = [:]
      for seed in bounded.seeds {
        leastKept[seed.length] = min(leastKept[seed.length] ?? .max, seed.weight)
      }
      for seed in all where seed.weight >= leastKept[seed.length] ?? .max {
        #expect(places.contains(UInt64(seed.place) << 32 | UInt64(seed.length)))
      }
      #expect((bounded.minimum == 2) == (limit == all.count))
    }
  }

  @Test(arguments: [1, 2, 4]) func threadsDoNotMatter(jobs: Int) throws {
    var random = SeededRandom(seed: 8)
    let words = RandomWords.list(
      RandomWords.make(&random, words: 9000, letters: 5, longest: 12, weights: 9))
    func train(_ jobs: Int) throws -> [UInt8] {
      TokenizerJSON.unigram(
        try UnigramTrainer(UnigramSettings(vocabularySize: 600, jobs: jobs)).train(words))
    }
    let isSame = try train(jobs) == train(3)
    #expect(isSame)
  }

  @Test func whatIsTrainedLoadsAndWritesEverything() throws {
    let words = WordList()
    for (index, word) in ["▁the", "▁then", "▁them", "en", "ё", "日本", "▁<unk>", "<0x41>"]
      .enumerated()
    {
      words.append(Array(word.utf8), weight: Int64(100 - index))
    }
    let settings = UnigramSettings(
      vocabularySize: 300, specialTokens: ["<|end|>"], characterCoverage: 0.9)
    let trained = try UnigramTrainer(settings).train(words)
    let tokenizer = try Tokenizer.read(TokenizerJSON.unigram(trained))
    let encoder = tokenizer.makeEncoder()
    for text in ["the then", "日本 ё 🎉", "<|end|> <unk> <0x41>", "them\n\tthe"] {
      let ids = encoder.encode(Array(text.utf8))
      #expect(String(decoding: try tokenizer.decode(ids), as: UTF8.self) == text)
      // Special-token text is ordinary text.
      #expect(!ids.contains(0) && !ids.contains(1))
    }
    #expect(tokenizer.vocabularySize <= 300)
  }

  @Test func tooSmallAVocabularyIsNamed() {
    let words = WordList()
    words.append(Array("▁abcdefgh".utf8), weight: 3)
    do {
      _ = try UnigramTrainer(UnigramSettings(vocabularySize: 260, characterCoverage: 1)).train(
        words)
      Issue.record("no failure")
    } catch {
      #expect(
        error.message
          == "cannot train tokenizer: --vocabulary-size 260, expected at least 288 (31 characters, "
          + "257 others); give more, or a lower --character-coverage")
    }
  }

  @Test func functionsAreAsExactAsNeeded() {
    for value in [1e-300, 1e-9, 0.3, 0.5, 0.7, 0.99, 1, 1.5, 2, 10, 12345.678, 1e18, 1e300] {
      #expect(abs(StableMath.log(value) - log(value)) < 1e-14 * max(1, abs(log(value))))
    }
    for value in stride(from: -650.0, through: 650, by: 3.7) {
      #expect(abs(StableMath.exp(value) / exp(value) - 1) < 2e-13)
    }
    // Abramowitz and Stegun, table 6.1 and 6.3.5.
    #expect(abs(StableMath.digamma(1) + 0.5772156649015329) < 1e-8)
    #expect(abs(StableMath.digamma(2) - 0.4227843350984671) < 1e-8)
    #expect(abs(StableMath.digamma(0.5) + 1.9635100260214235) < 1e-8)
  }
}
