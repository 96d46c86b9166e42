import ShardifyCore

/// Scores texts with a fastText model.
final class FastTextScorer: LabelScorer {
  private let model: FastTextModel
  private let predictor: FastTextPredictor
  /// The allowed labels of the text scored last, and what their probabilities are divided by.
  private var allowed: [Int] = []
  private var allowedTotal = 1.0
  private var lastTags: [UInt64] = []
  /// Tags of the labels by the script of the text, found once for each script that occurs.
  private var tags: [ScriptTag: [UInt64]] = [:]

  init(_ model: FastTextModel) {
    self.model = model
    predictor = FastTextPredictor(model)
  }

  override func score(
    _ text: UnsafeRawBufferPointer, system: WritingSystem, sampling: Bool
  ) -> ScoredText {
    var result = ScoredText()
    result.threshold = 5000
    allowed.removeAll(keepingCapacity: true)
    predictor.start()
    let ranges = TextWindows.ranges(of: text, sampling: sampling)
    for (number, range) in ranges.enumerated() {
      predictor.add(
        UnsafeRawBufferPointer(rebasing: text[range]), isEnded: number == ranges.count - 1)
    }
    guard predictor.finish() else { return result }
    let probabilities = UnsafeBufferPointer(
      start: predictor.probabilities, count: model.dictionary.labels.count)
    fill(&result, probabilities, tags: labelTags(system.script), system: system)
    if allowed.count == 1, let evidence = ScriptEvidence.all[system.script] {
      result.candidates.0.probability = evidence.probability(text, ranges)
    }
    return result
  }

  /// Keeps the labels the script allows; a softmax is read as if the others were not there.
  private func fill(
    _ result: inout ScoredText, _ probabilities: UnsafeBufferPointer<Float>, tags: [UInt64],
    system: WritingSystem
  ) {
    var best = TopLabels()
    var all = TopLabels()
    var sum = 0.0
    for (label, probability) in probabilities.enumerated() {
      let value = Double(probability)
      all.add(label, value)
      let script = ScriptTag(unchecked: UInt32(truncatingIfNeeded: tags[label]))
      let isAllowed =
        script == system.script
        || system.isUndecidedHan && (script == .simplifiedHan || script == .traditionalHan)
      guard tags[label] != 0, isAllowed else { continue }
      sum += value
      allowed.append(label)
      best.add(label, value)
    }
    result.prefersOtherScript = best.labels.0 != all.labels.0
    let isShare =
      model.arguments.loss == .softmax || model.arguments.loss == .hierarchicalSoftmax
    let total = isShare ? max(sum, 1e-30) : 1
    (allowedTotal, lastTags) = (total, tags)
    func candidate(_ label: Int, _ value: Double) -> Candidate {
      guard label >= 0 else { return .none }
      return Candidate(tag: tags[label], probability: Probability.fixed(value / total))
    }
    result.candidates = (
      candidate(best.labels.0, best.values.0), candidate(best.labels.1, best.values.1),
      candidate(best.labels.2, best.values.2)
    )
  }

  override func ranked(_ count: Int) -> [Candidate] {
    let probabilities = predictor.probabilities
    let order = allowed.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
    return order.prefix(count).map {
      Candidate(
        tag: lastTags[$0],
        probability: Probability.fixed(Double(probabilities[$0]) / allowedTotal))
    }
  }

  private func labelTags(_ script: ScriptTag) -> [UInt64] {
    if let known = tags[script] { return known }
    let found = model.dictionary.labels.map {
      LanguageLabels.normalize($0, script: script)?.rawValue ?? 0
    }
    tags[script] = found
    return found
  }
}
