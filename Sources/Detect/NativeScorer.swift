import CLanguageModel
import ShardifyCore

/// Scores texts with a model of shardify's own format.
final class NativeScorer: LabelScorer {
  private static let partBytes = 512

  private let model: LanguageModel
  private var extractor: NgramExtractor
  private let features: UnsafeMutablePointer<UInt64>
  private let ids: UnsafeMutablePointer<UInt32>
  private let sums: UnsafeMutablePointer<Int32>
  /// The scores of the labels that the last text may have.
  let scores: UnsafeMutablePointer<Double>
  /// The number of the label that needs evidence, if the model has it.
  private let cantonese: Int?
  private let dimension = Int(CLM_DIMENSION)

  init(_ model: LanguageModel) {
    self.model = model
    cantonese = model.labels.firstIndex { $0 == CantoneseEvidence.label }
    extractor = NgramExtractor(
      table: .shared, maxOrder: model.maxOrder, usesWords: model.usesWords)
    let capacity = (Self.partBytes + 8) * NgramExtractor.mostPerByte
    features = .allocate(capacity: capacity)
    ids = .allocate(capacity: capacity)
    sums = .allocate(capacity: dimension)
    sums.initialize(repeating: 0, count: dimension)
    scores = .allocate(capacity: model.labels.count)
    scores.initialize(repeating: 0, count: model.labels.count)
  }

  deinit {
    features.deallocate()
    ids.deallocate()
    sums.deallocate()
    scores.deallocate()
  }

  override func score(
    _ text: UnsafeRawBufferPointer, system: WritingSystem, sampling: Bool
  ) -> ScoredText {
    var result = ScoredText()
    let range = model.candidates(system)
    var featureCount = sumFeatures(text, system.code, sampling: sampling)
    // A label alone in its script needs letters, not features.
    if range.count == 1, extractor.letters > 0 { featureCount = max(featureCount, 1) }
    // Three symbols and digits to every letter: a table, a log, a list of numbers.
    result.isNotLanguage = extractor.others > 3 &* extractor.letters
    result.prefersOtherScript = range.isEmpty
    guard !result.isNotLanguage, !range.isEmpty, featureCount > 0 else { return result }
    score(count: featureCount, range: range)
    if let cantonese, range.contains(cantonese),
      extractor.letters >= CantoneseEvidence.leastLetters
    {
      let ranges = TextWindows.ranges(of: text, sampling: sampling)
      if !CantoneseEvidence.occurs(in: text, ranges) { scores[cantonese] = -.infinity }
    }
    let best = softmaxTop(range)
    result.candidates = (
      candidate(best.labels.0, best.values.0), candidate(best.labels.1, best.values.1),
      candidate(best.labels.2, best.values.2)
    )
    if best.labels.0 >= 0 { result.threshold = model.thresholds[best.labels.0] }
    return result
  }

  /// Scores the labels in `range` from the summed rows of `count` features.
  func score(count: Int, range: Range<Int>) {
    model.score(sums, count: count, range: range, scores: scores)
  }

  /// Sums the rows of all features of the scored parts into `sums`; returns how many there were.
  func sumFeatures(
    _ text: UnsafeRawBufferPointer, _ scriptCode: Int, sampling: Bool
  ) -> Int {
    sums.update(repeating: 0, count: dimension)
    extractor.reset(scriptCode: scriptCode)
    guard let start = text.baseAddress else { return 0 }
    let base = start.assumingMemoryBound(to: UInt8.self)
    var total = 0
    for range in TextWindows.ranges(of: text, sampling: sampling) {
      var place = range.lowerBound
      while place < range.upperBound, total < 1 << 24 {
        let stop = min(range.upperBound, place + Self.partBytes)
        total += sum(extractor.feed(base, &place, stop: stop, end: text.count, ids: features))
      }
      total += sum(extractor.finish(ids: features))
    }
    return total
  }

  /// Adds the rows of the features that the model has; returns how many there were.
  private func sum(_ count: Int) -> Int {
    let found = clm_find_rows(model.tags, UInt32(model.rowCount / 4), features, count, ids)
    clm_sum_rows(model.rows, model.codebook, ids, found, sums)
    return found
  }

  /// Turns the scores of `range` into probabilities and picks the three best.
  private func softmaxTop(_ range: Range<Int>) -> TopLabels {
    var best = TopLabels()
    for label in range { best.add(label, scores[label]) }
    var total = 0.0
    for label in range { total += FixedExponential.exp(scores[label] - best.values.0) }
    let top = best.values.0
    best.values = (
      1 / total, FixedExponential.exp(best.values.1 - top) / total,
      FixedExponential.exp(best.values.2 - top) / total
    )
    return best
  }

  private func candidate(_ label: Int, _ probability: Double) -> Candidate {
    guard label >= 0 else { return .none }
    return Candidate(
      tag: model.labels[label].rawValue, probability: Probability.fixed(probability))
  }
}
