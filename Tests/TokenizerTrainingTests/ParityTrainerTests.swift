import ShardifyCore
import Testing
import Tokenize

@testable import TokenizerTraining

/// Parity-aware training does what its definition says.
@Suite struct ParityTrainerTests {
  typealias Word = (bytes: [UInt8], weight: Int64)

  struct Case {
    var languages: [(training: [Word], development: [Word]?, content: Int64)]
    var parity: ParitySettings
    var minimum: Int64
  }

  static func make(_ seed: Int) -> Case {
    var random = SeededRandom(seed: UInt64(seed) &+ 1000)
    let count = [1, 2, 3, 6][seed % 4]
    let isParallel = seed % 3 == 0
    var languages: [(training: [Word], development: [Word]?, content: Int64)] = []
    for _ in 0..<count {
      let letters = 2 + Int(random.next() % 4)
      func words(_ number: Int) -> [Word] {
        RandomWords.make(&random, words: number, letters: letters, longest: 9, weights: 4)
      }
      let training = words(30)
      languages.append(
        (training, isParallel ? words(8) : nil, 1 + Int64(random.next() % 40)))
    }
    return Case(
      languages: languages,
      parity: ParitySettings(
        warmupMerges: [0, 0, 7][seed / 4 % 3], window: [0, 5, 12][seed / 2 % 3],
        windowFactor: [1, 2][seed % 2]), minimum: [1, 2][seed / 3 % 2])
  }

  /// Counts everything anew at each step.
  static func naive(_ given: Case, to size: Int) -> (tokens: [[UInt8]], chosen: [Int]) {
    typealias Symbols = [(symbols: [[UInt8]], weight: Int64)]
    func cut(_ words: [Word]) -> Symbols { words.map { ($0.bytes.map { [$0] }, $0.weight) } }
    var training = given.languages.map { cut($0.training) }
    var measured = given.languages.map { cut($0.development ?? $0.training) }
    var model = NaiveBPE([])
    var chosen: [Int] = []
    var exhausted: Set<Int> = []
    func apply(_ pair: NaiveBPE.Pair) {
      for index in training.indices {
        for word in training[index].indices {
          training[index][word].symbols = NaiveBPE.merge(training[index][word].symbols, pair)
        }
        for word in measured[index].indices {
          measured[index][word].symbols = NaiveBPE.merge(measured[index][word].symbols, pair)
        }
      }
      model.tokens.append(pair.left + pair.right)
    }
    for _ in 0..<given.parity.warmupMerges {
      guard model.tokens.count < size,
        let pair = model.best(training.flatMap { $0 }, minimum: given.minimum)
      else { break }
      apply(pair)
    }
    let equal = Double(given.parity.window) / Double(training.count)
    let most = max(1, Int((equal * given.parity.windowFactor).rounded(.up)))
    while model.tokens.count < size {
      let costs = measured.enumerated().map { index, words in
        Double(words.reduce(0) { $0 + Int64($1.symbols.count) * $1.weight })
          / Double(given.languages[index].content)
      }
      let recent = chosen.suffix(given.parity.window)
      let open = training.indices.filter { !exhausted.contains($0) }
      let allowed = open.filter { language in
        given.parity.window == 0 || recent.count { $0 == language } < most
      }
      guard let worst = (allowed.isEmpty ? open : allowed).max(by: { costs[$0] < costs[$1] })
      else { break }
      let first = (allowed.isEmpty ? open : allowed).first { costs[$0] == costs[worst] } ?? worst
      guard let pair = model.best(training[first], minimum: given.minimum) else {
        exhausted.insert(first)
        continue
      }
      apply(pair)
      chosen.append(first)
    }
    return (model.tokens, chosen)
  }

  @Test(arguments: 0..<48) func equalsANaiveTrainer(seed: Int) throws {
    let given = Self.make(seed)
    let expected = Self.naive(given, to: 310)
    let languages = given.languages.enumerated().map { index, language in
      ParityLanguage(
        name: "\(index)", words: RandomWords.list(language.training),
        development: language.development.map(RandomWords.list), content: language.content)
    }
    let all = RandomWords.list(given.languages.flatMap(\.training))
    let (trained, outcomes) = try ParityTrainer(
      BPESettings(vocabularySize: 310, minimumWeight: given.minimum), parity: given.parity
    ).train(languages, all: all)
    #expect(trained.tokens == expected.tokens, "seed \(seed)")
    for (index, outcome) in outcomes.enumerated() {
      #expect(outcome.merges == expected.chosen.count { $0 == index }, "seed \(seed)")
    }
  }

  /// Two languages, one of them with ten times the text: parity serves both.
  @Test func aSmallLanguageIsServed() throws {
    var random = SeededRandom(seed: 5)
    let large = RandomWords.make(&random, words: 400, letters: 8, longest: 8, weights: 50)
    let small = RandomWords.make(&random, words: 60, letters: 8, longest: 8, weights: 2)
      .map { (bytes: $0.bytes.map { $0 + 100 }, weight: $0.weight) }
    func content(_ words: [Word]) -> Int64 {
      words.reduce(0) { $0 + Int64($1.bytes.count) * $1.weight }
    }
    let settings = BPESettings(vocabularySize: 320)
    let plain = try BPETrainer(settings).train(RandomWords.list(large + small))
    let (parity, outcomes) = try ParityTrainer(settings, parity: ParitySettings()).train(
      [
        ParityLanguage(name: "large", words: RandomWords.list(large), content: content(large)),
        ParityLanguage(name: "small", words: RandomWords.list(small), content: content(small)),
      ], all: WordList())
    func ofSmall(_ trained: TrainedBPE) -> Int {
      trained.tokens.dropFirst(256).count { $0[0] >= 197 }
    }
    #expect(ofSmall(plain) == 0 && ofSmall(parity) > 5)
    let costs = outcomes.map { Double($0.tokens) / Double($0.content) }
    #expect(abs(costs[0] - costs[1]) < 0.05)
  }

  @Test func wrongSettingsAreNamed() {
    func message(_ parity: ParitySettings) -> String {
      do throws(TrainingFailure) {
        _ = try ParityTrainer(BPESettings(vocabularySize: 300), parity: parity)
        return ""
      } catch {
        return error.message
      }
    }
    #expect(message(ParitySettings(warmupMerges: -1)).contains("--parity-warmup -1, expected 0"))
    #expect(message(ParitySettings(window: -1)).contains("--parity-window -1, expected from 0"))
    #expect(
      message(ParitySettings(windowFactor: 0.5))
        == "cannot train tokenizer: --parity-window-factor 0.5, expected 1 or more")
  }
}
