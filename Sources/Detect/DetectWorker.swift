import CLanguageModel
import ShardifyCore

/// Detects with scratch memory of its own. For one thread at a time.
///
/// A detection depends on the text, the model and ICU's version alone, not on what was detected
/// before.
public final class DetectWorker {
  private let detector: Detector
  private let counter = ScriptCounter()
  private let resolver: WritingSystemResolver
  private let scorer: LabelScorer

  /// Whether long texts are scored in fixed windows only.
  public var isSampling = true

  init(_ detector: Detector) {
    self.detector = detector
    resolver = WritingSystemResolver(counter.table)
    switch detector.model {
    case .native(let model): scorer = NativeScorer(model)
    case .fastText(let model): scorer = FastTextScorer(model)
    }
  }

  /// Counts the scripts of a text.
  public func scripts(_ text: UnsafeRawBufferPointer) -> ScriptHistogram {
    counter.count(text)
    return ScriptHistogram(counter)
  }

  /// Tells the script of a text and nothing of its language: the tag is `und_Scrp`, or `zxx_Zyyy`
  /// for a text without letters.
  public func script(_ text: UnsafeRawBufferPointer) -> Detection {
    counter.count(text)
    let system = resolver.resolve(counter)
    guard system.letters > 0 else {
      return Detection(
        tag: .notLanguage(.common), script: .common, flags: text.count == 0 ? [.short] : [])
    }
    return Detection(
      tag: .undetermined(system.script), script: system.script, share: system.share,
      flags: flags(system, text))
  }

  /// Counts the scripts only, to measure what that costs.
  func countScripts(_ text: UnsafeRawBufferPointer) { counter.count(text) }

  /// Tells the script and language of a text, any bytes.
  ///
  /// - Complexity: one pass for the script; the language of a text above 1,024 bytes is read from
  ///   eight windows of 128 bytes.
  public func detect(_ text: UnsafeRawBufferPointer) -> Detection {
    counter.count(text)
    let system = resolver.resolve(counter)
    guard system.letters > 0 else {
      return Detection(
        tag: .notLanguage(.common), script: .common, flags: text.count == 0 ? [.short] : [])
    }
    var detection = Detection(
      tag: .undetermined(system.script), script: system.script, share: system.share,
      flags: flags(system, text))
    if TextShape(text).isNotLanguage {
      detection.tag = .notLanguage(system.script)
      return detection
    }
    let scored = scorer.score(text, system: system, sampling: isSampling)
    if scored.isNotLanguage {
      detection.tag = .notLanguage(system.script)
      return detection
    }
    detection.candidates = scored.candidates
    detection.probability = scored.candidates.0.probability
    if scored.prefersOtherScript { detection.flags.insert(.contradiction) }
    guard let label = scored.candidates.0.label else { return detection }
    if detection.probability
      >= detector.threshold(of: label, model: scored.threshold, letters: system.letters)
    {
      detection.tag = label
      detection.script = label.script
    }
    addSecond(&detection, scored.second, system, text)
    return detection
  }

  /// The best labels of a text before any threshold, best first, at most `count`.
  public func candidates(_ text: UnsafeRawBufferPointer, count: Int) -> [Candidate] {
    let found = detect(text)
    guard found.candidates.0.tag != 0 else { return [] }
    guard found.candidates.1.tag != 0, count > 1 else { return [found.candidates.0] }
    // Once more if a second script was scored after the first.
    if found.second.tag & 0xFFFF_FFFF != found.candidates.0.tag & 0xFFFF_FFFF, found.second.tag != 0
    {
      counter.count(text)
      _ = scorer.score(text, system: resolver.resolve(counter), sampling: isSampling)
    }
    return scorer.ranked(count)
  }

  /// Letters of a second script below which its language is not told.
  private static let leastSecondLetters: UInt64 = 60
  /// The least probability of a second script's language.
  private static let leastSecondProbability: UInt16 = 8000

  /// Adds the second language: of parts of the text, else of a second script.
  private func addSecond(
    _ detection: inout Detection, _ second: Candidate, _ system: WritingSystem,
    _ text: UnsafeRawBufferPointer
  ) {
    detection.second = second
    if second.tag == 0, system.isMixed, let other = resolver.second(counter, after: system),
      other.letters >= Self.leastSecondLetters, other.share >= 1000
    {
      let scored = scorer.score(text, system: other, sampling: isSampling)
      if scored.candidates.0.probability >= Self.leastSecondProbability, !scored.isNotLanguage {
        detection.second = Candidate(tag: scored.candidates.0.tag, probability: other.share)
      }
    }
    if detection.second.tag != 0 { detection.flags.insert(.secondLanguage) }
  }

  private func flags(_ system: WritingSystem, _ text: UnsafeRawBufferPointer) -> DetectionFlags {
    var flags: DetectionFlags = []
    if system.isMixed { flags.insert(.mixedScript) }
    if system.letters < 40 { flags.insert(.short) }
    if isSampling, text.count > TextWindows.wholeLimit { flags.insert(.sampled) }
    return flags
  }
}
