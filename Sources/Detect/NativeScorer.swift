import CLanguageModel
import ShardifyCore

/// Scores texts with a model of shardify's own format.
final class NativeScorer: LabelScorer {
  private static let partBytes = 512
  private static let mostIDs = (partBytes + 8) * NgramExtractor.mostPerByte

  private let model: LanguageModel
  private let reader: SymbolReader
  /// The rows of two parts: those of one are on their way from memory while those of the part before are
  /// added.
  private let ids: UnsafeMutablePointer<UInt32>
  private var waiting = (count: 0, segment: 0, half: 0)
  private let sums: UnsafeMutablePointer<Int32>
  /// The sums of each eighth of the scored text, shape [segments, dimension], and their features.
  private let segmentSums: UnsafeMutablePointer<Int32>
  private var segmentCounts = [Int](repeating: 0, count: TextSegments.count)
  private var lastRange = 0..<0
  /// The scores of the labels that the last text may have.
  let scores: UnsafeMutablePointer<Double>
  /// The number of the label that needs evidence, if the model has it.
  private let cantonese: Int?
  private let dimension = Int(CLM_DIMENSION)

  init(_ model: LanguageModel) {
    self.model = model
    cantonese = model.labels.firstIndex { $0 == CantoneseEvidence.label }
    reader = SymbolReader(
      .shared, maxOrder: model.maxOrder, usesWords: model.usesWords, partBytes: Self.partBytes)
    ids = .allocate(capacity: 2 * Self.mostIDs)
    sums = .allocate(capacity: dimension)
    sums.initialize(repeating: 0, count: dimension)
    segmentSums = .allocate(capacity: dimension * TextSegments.count)
    segmentSums.initialize(repeating: 0, count: dimension * TextSegments.count)
    scores = .allocate(capacity: model.labels.count)
    scores.initialize(repeating: 0, count: model.labels.count)
  }

  deinit {
    ids.deallocate()
    sums.deallocate()
    segmentSums.deallocate()
    scores.deallocate()
  }

  override func score(
    _ text: UnsafeRawBufferPointer, system: WritingSystem, sampling: Bool
  ) -> ScoredText {
    var result = ScoredText()
    let range = model.candidates(system)
    lastRange = range
    var featureCount = sumFeatures(text, system, sampling: sampling)
    // A label alone in its script needs letters, not features.
    if range.count == 1, reader.letters > 0 { featureCount = max(featureCount, 1) }
    // Three symbols and digits to every letter: a table, a log, a list of numbers.
    result.isNotLanguage = reader.others > 3 &* reader.letters
    result.prefersOtherScript = range.isEmpty
    guard !result.isNotLanguage, !range.isEmpty, featureCount > 0 else { return result }
    score(count: featureCount, range: range)
    if let cantonese, range.contains(cantonese),
      reader.letters >= CantoneseEvidence.leastLetters
    {
      let ranges = TextWindows.ranges(of: text, sampling: sampling)
      if !CantoneseEvidence.occurs(in: text, ranges) { scores[cantonese] = -.infinity }
    }
    let best = softmaxTop(range)
    if range.count == 1, let evidence = ScriptEvidence.all[system.script] {
      let ranges = TextWindows.ranges(of: text, sampling: sampling)
      result.candidates.0 = Candidate(
        tag: model.labels[range.lowerBound].rawValue,
        probability: evidence.probability(text, ranges))
      result.threshold = model.thresholds[range.lowerBound]
      return result
    }
    if text.count >= TextSegments.leastBytes { result.second = secondLanguage(best.labels.0) }
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

  /// Sums the rows of all features of the scored parts into `sums`, and those of every eighth of them
  /// into `segmentSums`; returns how many there were.
  func sumFeatures(
    _ text: UnsafeRawBufferPointer, _ system: WritingSystem, sampling: Bool
  ) -> Int {
    segmentSums.update(repeating: 0, count: dimension * TextSegments.count)
    for segment in 0..<TextSegments.count { segmentCounts[segment] = 0 }
    reader.reset(scriptCode: system.code)
    if let start = text.baseAddress {
      let base = start.assumingMemoryBound(to: UInt8.self)
      var total = 0
      let ranges = TextWindows.ranges(of: text, sampling: sampling)
      for (number, range) in ranges.enumerated() {
        // One range is cut in eight, eight are the segments.
        let width = max(1, (range.count + TextSegments.count - 1) / TextSegments.count)
        let part = ranges.count == 1 ? min(Self.partBytes, width) : Self.partBytes
        var place = range.lowerBound
        var segment = number
        while place < range.upperBound, total < 1 << 24 {
          if ranges.count == 1 { segment = (place - range.lowerBound) / width }
          let stop = min(range.upperBound, place + part)
          reader.read(base, &place, stop: stop, end: text.count, isUTF8: system.isUTF8)
          total += find(segment)
        }
        reader.finish()
        total += find(segment)
      }
    }
    sumWaiting()
    sums.update(repeating: 0, count: dimension)
    for segment in 0..<TextSegments.count {
      for i in 0..<dimension { sums[i] &+= segmentSums[segment * dimension + i] }
    }
    return segmentCounts.reduce(0, +)
  }

  /// Finds the rows of the features of the part read last, which is of this segment; returns how many
  /// there are. Adds those of the part before.
  private func find(_ segment: Int) -> Int {
    let place = min(max(segment, 0), TextSegments.count - 1)
    let buckets = UInt32(model.rowCount / 4)
    let half = 1 - waiting.half
    let out = ids + half * Self.mostIDs
    var found = clm_find_ngrams(
      model.tags, buckets, model.rows, reader.symbols, reader.count, Int32(model.maxOrder), out)
    found += clm_find_rows(model.tags, buckets, reader.words, reader.wordCount, out + found)
    sumWaiting()
    segmentCounts[place] += found
    waiting = (found, place, half)
    return found
  }

  private func sumWaiting() {
    clm_sum_rows(
      model.rows, model.codebook, ids + waiting.half * Self.mostIDs, waiting.count,
      segmentSums + waiting.segment * dimension)
    waiting.count = 0
  }

  /// A label that other parts of the text have than the whole; `first` is that of the whole.
  private func secondLanguage(_ first: Int) -> Candidate {
    guard first >= 0 else { return .none }
    var labels = [first]
    labels.reserveCapacity(TextSegments.candidates + 1)
    for label in lastRange where label != first && scores[label] > -.infinity {
      // Most labels are worse than the eighth best: one comparison.
      if labels.count == TextSegments.candidates,
        scores[label] <= scores[labels[TextSegments.candidates - 1]]
      {
        continue
      }
      var place = labels.count
      while place > 1, scores[labels[place - 1]] < scores[label] { place -= 1 }
      labels.insert(label, at: place)
      if labels.count > TextSegments.candidates { labels.removeLast() }
    }
    var votes = SegmentVotes()
    for segment in 0..<TextSegments.count
    where segmentCounts[segment] >= TextSegments.leastFeatures {
      withUnsafeTemporaryAllocation(of: Double.self, capacity: labels.count) { one in
        model.score(
          segmentSums + segment * dimension, count: segmentCounts[segment], labels: labels, one)
        votes.add(one)
      }
    }
    guard let second = votes.second else { return .none }
    return Candidate(
      tag: model.labels[labels[second.number]].rawValue,
      probability: UInt16(second.votes * 10_000 / max(votes.segments, 1)))
  }

  override func ranked(_ count: Int) -> [Candidate] {
    let range = lastRange
    let order = range.sorted { (scores[$1], $0) < (scores[$0], $1) }
    guard let first = order.first, scores[first] > -.infinity else { return [] }
    let top = scores[first]
    let total = range.reduce(0.0) { $0 + FixedExponential.exp(scores[$1] - top) }
    return order.prefix(count).map {
      Candidate(
        tag: model.labels[$0].rawValue,
        probability: Probability.fixed(FixedExponential.exp(scores[$0] - top) / total))
    }
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
