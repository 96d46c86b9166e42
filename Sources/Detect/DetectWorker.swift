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
    let scored = scorer.score(text, system: system, sampling: isSampling)
    if scored.isNotLanguage {
      detection.tag = .notLanguage(system.script)
      return detection
    }
    detection.candidates = scored.candidates
    detection.probability = scored.candidates.0.probability
    if scored.prefersOtherScript { detection.flags.insert(.contradiction) }
    guard let label = scored.candidates.0.label else { return detection }
    if detection.probability >= detector.threshold ?? scored.threshold {
      detection.tag = label
      detection.script = label.script
    }
    return detection
  }

  private func flags(_ system: WritingSystem, _ text: UnsafeRawBufferPointer) -> DetectionFlags {
    var flags: DetectionFlags = []
    if system.isMixed { flags.insert(.mixedScript) }
    if system.letters < 40 { flags.insert(.short) }
    if isSampling, text.count > TextWindows.wholeLimit { flags.insert(.sampled) }
    return flags
  }
}
