import Detect
import Ingest
import ShardifyCore
import Synchronization

/// Numbers languages in the order in which threads meet them. Nothing may depend on the numbers.
final class LabelRegistry: Sendable {
  private let known = Mutex<(numbers: [LanguageTag: UInt32], tags: [LanguageTag])>(([:], []))

  /// The number of a language.
  func number(of tag: LanguageTag) -> UInt32 {
    known.withLock { known in
      if let number = known.numbers[tag] { return number }
      let number = UInt32(known.tags.count)
      known.numbers[tag] = number
      known.tags.append(tag)
      return number
    }
  }

  /// The languages by number.
  var tags: [LanguageTag] { known.withLock { $0.tags } }
}

/// Tells the language of documents as ingest does. One per thread.
final class LanguageTeller {
  private let detector: DetectWorker
  private let source: IngestOptions.LanguageSource
  private let registry: LabelRegistry
  private var numbers: [LanguageTag: UInt32] = [:]

  init(_ detector: Detector, _ source: IngestOptions.LanguageSource, _ registry: LabelRegistry) {
    self.detector = detector.makeWorker()
    self.source = source
    self.registry = registry
  }

  /// The language of a document.
  func language(of document: ParsedDocument) -> LanguageTag {
    let detection = detector.detect(document.text)
    if source == .input, !document.language.isEmpty,
      let given = LanguageLabels.normalize(document.language, script: detection.script)
    {
      return given
    }
    return detection.tag
  }

  /// The number of a language.
  func number(of tag: LanguageTag) -> UInt32 {
    if let number = numbers[tag] { return number }
    let number = registry.number(of: tag)
    numbers[tag] = number
    return number
  }
}
