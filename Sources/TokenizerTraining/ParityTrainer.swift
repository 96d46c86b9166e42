import ShardifyCore

/// One language of a parity-aware training.
public struct ParityLanguage {
  /// Its name, for the report.
  public var name: String
  /// Its words.
  public var words: WordList
  /// The words of its part of a text that says the same in all languages; nil measures on `words`.
  public var development: WordList?
  /// What the measured text says, in a unit that is the same for all languages; above 0.
  public var content: Int64

  /// Makes a language.
  public init(name: String, words: WordList, development: WordList? = nil, content: Int64) {
    self.name = name
    self.words = words
    self.development = development
    self.content = content
  }
}

/// How merges are chosen.
public struct ParitySettings: Sendable {
  /// Merges made for all languages together before parity begins ("hybrid"); 0 is "base".
  public var warmupMerges: Int
  /// Choices that are looked back on ("moving window"); 0: none.
  public var window: Int
  /// How often a language may be chosen in a window, as a multiple of an equal part of it.
  public var windowFactor: Double

  /// Makes settings.
  public init(warmupMerges: Int = 0, window: Int = 0, windowFactor: Double = 2) {
    self.warmupMerges = warmupMerges
    self.window = window
    self.windowFactor = windowFactor
  }

  func check() throws(TrainingFailure) {
    guard warmupMerges >= 0 else {
      throw .training(.options, found: "--parity-warmup \(warmupMerges)", expected: "0 or more")
    }
    guard (0...1 << 20).contains(window) else {
      throw .training(
        .options, found: "--parity-window \(window)", expected: "from 0 (none) to 1048576")
    }
    guard windowFactor.isFinite, windowFactor >= 1 else {
      throw .training(
        .options, found: "--parity-window-factor \(windowFactor)", expected: "1 or more")
    }
  }
}

/// What a parity-aware training came to for one language.
public struct ParityOutcome: Sendable {
  /// The language.
  public var name: String
  /// How many merges were chosen for it.
  public var merges: Int
  /// Tokens of its measured text at the end, by weight, and the content they stand for.
  public var tokens: Int64
  public var content: Int64
}

/// Trains byte-level BPE so that the worst-off language is served first: each merge is the best
/// pair of the language whose text takes the most tokens for its content.
///
/// Variants: base; hybrid, with a number of ordinary merges first; moving window, in which no
/// language is chosen much more often than its part. They combine.
///
/// Source: Foroutan et al. 2025, "Parity-Aware Byte-Pair Encoding" (arXiv:2508.04796).
public struct ParityTrainer {
  private let settings: BPESettings
  private let parity: ParitySettings
  private let stop: StopFlag

  /// - Throws: If a setting is out of range.
  public init(
    _ settings: BPESettings, parity: ParitySettings, stop: StopFlag = StopFlag()
  ) throws(TrainingFailure) {
    try settings.check()
    try parity.check()
    self.settings = settings
    self.parity = parity
    self.stop = stop
  }

  /// Trains on languages.
  ///
  /// - Parameters:
  ///   - languages: In the order that decides between equally bad ones.
  ///   - all: The words of all languages together, for the warm-up.
  ///   - progress: Told the number of ids there are, now and then.
  /// - Throws: If there is no language, or the user asked for the end.
  public func train(
    _ languages: [ParityLanguage], all: WordList, progress: (Int) -> Void = { _ in }
  ) throws(TrainingFailure) -> (trained: TrainedBPE, outcomes: [ParityOutcome]) {
    guard !languages.isEmpty else {
      throw .training(.tooLittle, found: "no text", expected: "at least one language")
    }
    var inventory = TokenInventory(specialTokens: settings.specialTokens)
    let scratch = MergeScratch()
    let states = languages.map { ParityState($0, settings, inventory, scratch) }
    var weights: [Int64] = []
    try warmUp(all, states, &inventory, scratch, &weights, progress)
    var chooser = ParityChooser(parity, languages: states.count)
    while inventory.count < settings.vocabularySize, let chosen = chooser.choose(states) {
      if stop.isSet { throw BPETrainer.stopped }
      guard let best = states[chosen].index.best() else {
        chooser.exhaust(chosen)
        continue
      }
      let (left, right) = states[chosen].index.pair(of: best)
      if inventory.id(joining: left, right) != nil {
        states[chosen].index.removeBest()
        continue
      }
      let merged = inventory.merge(left, right)
      weights.append(best.count)
      for state in states { state.merge(left, right, merged, inventory.lengths) }
      states[chosen].merges += 1
      chooser.note(chosen)
      if inventory.count % 64 == 0 { progress(inventory.count) }
    }
    let outcomes = states.map {
      ParityOutcome(name: $0.name, merges: $0.merges, tokens: $0.tokens, content: $0.content)
    }
    let trained = TrainedBPE(
      tokens: inventory.tokens, specialCount: inventory.specialCount, merges: inventory.merges,
      weights: weights, tokenWeight: states.reduce(0) { $0 + $1.index.tokenWeight })
    return (trained, outcomes)
  }

  /// Ordinary merges, on all languages together.
  private func warmUp(
    _ all: WordList, _ states: [ParityState], _ inventory: inout TokenInventory,
    _ scratch: MergeScratch, _ weights: inout [Int64], _ progress: (Int) -> Void
  ) throws(TrainingFailure) {
    guard parity.warmupMerges > 0, all.count > 0 else { return }
    let index = PairIndex(
      all, firstID: inventory.firstID, ranks: inventory.ranks,
      settings: PairIndex.Settings(
        tieRule: settings.tieRule, minimum: settings.minimumWeight,
        maxTokenBytes: settings.maxTokenBytes, keepsAll: false), scratch: scratch)
    var made = 0
    while made < parity.warmupMerges, inventory.count < settings.vocabularySize,
      let best = index.best()
    {
      if stop.isSet { throw BPETrainer.stopped }
      let (left, right) = index.pair(of: best)
      if inventory.id(joining: left, right) != nil {
        index.removeBest()
        continue
      }
      let merged = inventory.merge(left, right)
      weights.append(best.count)
      index.merge(best, into: merged, lengths: inventory.lengths)
      for state in states { state.merge(left, right, merged, inventory.lengths) }
      made += 1
      if inventory.count % 64 == 0 { progress(inventory.count) }
    }
  }
}

/// A language while a parity-aware training goes on.
final class ParityState {
  let name: String
  let content: Int64
  let index: PairIndex
  private let development: PairIndex?
  /// Merges chosen for it.
  var merges = 0

  init(
    _ language: ParityLanguage, _ settings: BPESettings, _ inventory: TokenInventory,
    _ scratch: MergeScratch
  ) {
    name = language.name
    content = max(1, language.content)
    func index(_ words: WordList, minimum: Int64) -> PairIndex {
      PairIndex(
        words, firstID: inventory.firstID, ranks: inventory.ranks,
        settings: PairIndex.Settings(
          tieRule: settings.tieRule, minimum: minimum, maxTokenBytes: settings.maxTokenBytes,
          keepsAll: true), scratch: scratch)
    }
    self.index = index(language.words, minimum: settings.minimumWeight)
    // No pair of it is ever asked for.
    development = language.development.map { index($0, minimum: .max) }
  }

  /// The weight of the tokens of the measured text.
  var tokens: Int64 { development?.tokenWeight ?? index.tokenWeight }

  func merge(_ left: UInt32, _ right: UInt32, _ merged: UInt32, _ lengths: [Int32]) {
    index.merge(left: left, right: right, into: merged, lengths: lengths)
    development?.merge(left: left, right: right, into: merged, lengths: lengths)
  }

  /// Whether this language takes more tokens for its content than another.
  func isWorse(than other: ParityState) -> Bool {
    let mine = UInt64(tokens).multipliedFullWidth(by: UInt64(other.content))
    let theirs = UInt64(other.tokens).multipliedFullWidth(by: UInt64(content))
    return mine.high != theirs.high ? mine.high > theirs.high : mine.low > theirs.low
  }
}

/// Chooses the language that the next merge is made for.
struct ParityChooser {
  private let window: Int
  /// How often a language may be chosen in a window.
  private let most: Int
  private var recent: [Int] = []
  private var next = 0
  private var counts: [Int]
  private var isExhausted: [Bool]

  init(_ settings: ParitySettings, languages: Int) {
    window = settings.window
    let equal = Double(settings.window) / Double(max(1, languages))
    most = max(1, Int((equal * settings.windowFactor).rounded(.up)))
    counts = Array(repeating: 0, count: languages)
    isExhausted = Array(repeating: false, count: languages)
  }

  /// The language worst off among those that may be chosen; nil when none has a pair left.
  func choose(_ states: [ParityState]) -> Int? {
    worst(states) { window == 0 || counts[$0] < most } ?? worst(states) { _ in true }
  }

  private func worst(_ states: [ParityState], _ isAllowed: (Int) -> Bool) -> Int? {
    var found: Int?
    for number in states.indices where !isExhausted[number] && isAllowed(number) {
      if let best = found, !states[number].isWorse(than: states[best]) { continue }
      found = number
    }
    return found
  }

  /// A language has no pair left.
  mutating func exhaust(_ language: Int) { isExhausted[language] = true }

  /// A merge was made for a language.
  mutating func note(_ language: Int) {
    guard window > 0 else { return }
    counts[language] += 1
    if recent.count < window {
      recent.append(language)
    } else {
      counts[recent[next]] -= 1
      recent[next] = language
      next = (next + 1) % window
    }
  }
}
