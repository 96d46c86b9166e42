import CLanguageModel
import Glibc
import ShardifyCore

@testable import Detect

/// Trains row and label vectors by stochastic gradient descent, one line at a time.
///
/// A text is the sum of its rows divided by the root of their number; labels of the text's script
/// compete in a softmax. Steps are scaled by each vector's own gradient history, one number a
/// vector. One thread, fixed seed: the same bytes every time on the same kind of machine.
///
/// Source: the bag of n-grams of Joulin et al. 2016 (arXiv:1607.01759); the step sizes of Duchi,
/// Hazan, Singer 2011 (Adagrad).
final class Trainer {
  typealias Vector = SIMD16<Float>
  /// Vectors of 16 a row: 64 values.
  static let width = 4

  let texts: [LabelledText]
  let options: TrainOptions
  /// Shape [rows, 4] and [labels, 4].
  let rows: UnsafeMutablePointer<Vector>
  let labels: UnsafeMutablePointer<Vector>
  private let rowHistory: UnsafeMutablePointer<Float>
  private let labelHistory: UnsafeMutablePointer<Float>
  /// Which feature has each row.
  let tags: [UInt8]
  private let numbers: UnsafeMutablePointer<UInt64>
  private let ids: UnsafeMutablePointer<UInt32>
  private var probabilities: [Float]
  private var extractor: NgramExtractor
  private var random: SeededRandom
  private let ranges: [Range<Int>]
  private let scriptCodes: [Int]
  private let rivals: SourceRivals

  init(_ texts: [LabelledText], options: TrainOptions) {
    tags = FeatureSelector.tags(texts, options: options)
    self.texts = texts
    self.options = options
    random = SeededRandom(seed: options.seed)
    rows = .allocate(capacity: options.rows * Self.width)
    labels = .allocate(capacity: texts.count * Self.width)
    rowHistory = .allocate(capacity: options.rows)
    labelHistory = .allocate(capacity: texts.count)
    rowHistory.initialize(repeating: 1e-9, count: options.rows)
    labelHistory.initialize(repeating: 1e-7, count: texts.count)
    for i in 0..<options.rows * Self.width {
      var value = Vector.zero
      for lane in 0..<16 { value[lane] = (Float(random.below(65536)) / 32768 - 1) / 64 }
      rows[i] = value
    }
    labels.initialize(repeating: .zero, count: texts.count * Self.width)
    let capacity = (LabelledText.longestLine + 8) * NgramExtractor.mostPerByte
    numbers = .allocate(capacity: capacity)
    ids = .allocate(capacity: capacity)
    probabilities = [Float](repeating: 0, count: texts.count)
    extractor = NgramExtractor(
      table: .shared, maxOrder: options.order, usesWords: options.words)
    ranges = texts.map { text in
      let script = Self.group(text.label)
      let first = texts.firstIndex { Self.group($0.label) == script } ?? 0
      let last = texts.lastIndex { Self.group($0.label) == script } ?? 0
      return first..<last + 1
    }
    scriptCodes = texts.map { CharacterTable.shared.code(of: $0.label.script) }
    rivals = SourceRivals(texts, blame: options.blame)
  }

  deinit {
    rows.deallocate()
    labels.deallocate()
    rowHistory.deallocate()
    labelHistory.deallocate()
    numbers.deallocate()
    ids.deallocate()
  }

  /// Labels of one group compete: those of one script, simplified and traditional Han together.
  static func group(_ label: LanguageTag) -> String {
    let script = label.script.description
    return script == "Hans" || script == "Hant" ? "Han" : script
  }

  func train() {
    var plan = TrainingPlan(texts, options: options)
    let plans = (0..<options.epochs).map { _ in plan.next(using: &random) }
    let total = plans.reduce(0) { $0 + $1.count }
    var done = 0
    for (epoch, examples) in plans.enumerated() {
      var loss = 0.0
      for example in examples {
        let left = 1 - Float(done) / Float(total)
        loss += Double(step(Int(example.label), Int(example.line), left: left))
        done += 1
      }
      print("epoch \(epoch + 1): \(examples.count) lines, loss \(loss / Double(examples.count))")
      fflush(nil)
    }
  }

  /// The features of a line, often of a part of 12 to `longestCrop` characters; how many.
  private func features(_ line: [UInt8], scriptCode: Int) -> Int {
    var start = 0
    var end = line.count
    if random.below(8) < options.crops {
      let characters = 12 + Int(random.below(options.longestCrop - 11))
      start = Int(random.below(UInt64(max(1, line.count - characters))))
      // Start after the next space, if one is near; else at a whole code point.
      let near = line[start..<min(line.count, start + 20)].firstIndex(of: 32)
      if start > 0, let near { start = near }
      while start < line.count, line[start] & 0xC0 == 0x80 { start += 1 }
      end = LabelledText.end(line, from: start, characters: characters)
    }
    return thinned(features(line, start..<end, scriptCode))
  }

  /// The features of all of a line.
  private func wholeFeatures(_ line: [UInt8], scriptCode: Int) -> Int {
    features(line, 0..<line.count, scriptCode)
  }

  private func features(_ line: [UInt8], _ range: Range<Int>, _ scriptCode: Int) -> Int {
    line.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      extractor.reset(scriptCode: scriptCode)
      var place = range.lowerBound
      let end = range.upperBound
      var count = extractor.feed(base, &place, stop: end, end: end, ids: numbers)
      count += extractor.finish(ids: numbers + count)
      return clm_find_rows(tags, UInt32(options.rows / 4), numbers, count, ids)
    }
  }

  /// Leaves features out at random, so that no single one is relied on; returns how many stay.
  private func thinned(_ count: Int) -> Int {
    guard options.dropout > 0, count > 1 else { return count }
    let bound = UInt64(options.dropout * 65536)
    var kept = 0
    var bits: UInt64 = 0
    for i in 0..<count {
      if i & 3 == 0 { bits = random.next() }
      if bits & 0xFFFF >= bound {
        ids[kept] = ids[i]
        kept += 1
      }
      bits >>= 16
    }
    return kept
  }

  /// One step; returns the loss before it.
  private func step(_ label: Int, _ line: Int, left: Float) -> Float {
    let count = features(texts[label].lines[line].bytes, scriptCode: scriptCodes[label])
    guard count > 0 else { return 0 }
    let share = 1 / Float(count).squareRoot()
    let h = hidden(count, share)
    let range = ranges[label]
    softmax(range, h, rivals.weights(label, texts[label].lines[line].source))
    let loss = -log(max(probabilities[label], 1e-9))
    let g = updateLabels(range, label, h, left)
    updateRows(count, (g.0 * share, g.1 * share, g.2 * share, g.3 * share), left)
    return loss
  }

  /// Whether the model takes a line of some length for another label than its own, and is sure; or,
  /// where other labels are suspected, for one of those.
  func isForeign(_ line: [UInt8], label: Int, suspected: [Int]? = nil) -> Bool {
    let count = wholeFeatures(line, scriptCode: scriptCodes[label])
    guard count >= 60 || (suspected != nil && count > 0) else { return false }
    softmax(ranges[label], hidden(count, 1 / Float(count).squareRoot()))
    if let suspected {
      return suspected.reduce(0) { $0 + probabilities[$1] } > 0.5
    }
    return probabilities[label] < 0.01 && ranges[label].contains { probabilities[$0] > 0.95 }
  }

  /// The sum of the rows of `count` features, times `share`.
  private func hidden(_ count: Int, _ share: Float) -> (Vector, Vector, Vector, Vector) {
    var h = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
    for i in 0..<count {
      let row = rows + Int(ids[i]) * Self.width
      h.0 += row[0]
      h.1 += row[1]
      h.2 += row[2]
      h.3 += row[3]
    }
    h.0 *= share
    h.1 *= share
    h.2 *= share
    h.3 *= share
    return h
  }

  /// Fills `probabilities` of the labels in `range`, each label's weighed by `weights`.
  private func softmax(
    _ range: Range<Int>, _ h: (Vector, Vector, Vector, Vector), _ weights: [Float]? = nil
  ) {
    var largest = -Float.infinity
    for l in range {
      let w = labels + l * Self.width
      let value = (h.0 * w[0] + h.1 * w[1] + h.2 * w[2] + h.3 * w[3]).sum()
      probabilities[l] = value
      largest = max(largest, value)
    }
    var total: Float = 0
    for l in range {
      var value = exp(probabilities[l] - largest)
      if let weights { value *= weights[l] }
      probabilities[l] = value
      total += value
    }
    for l in range { probabilities[l] /= total }
  }

  /// Moves the label vectors; returns the gradient of the text vector.
  private func updateLabels(
    _ range: Range<Int>, _ label: Int, _ h: (Vector, Vector, Vector, Vector), _ left: Float
  ) -> (Vector, Vector, Vector, Vector) {
    let square = (h.0 * h.0 + h.1 * h.1 + h.2 * h.2 + h.3 * h.3).sum() / 64
    var g = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
    for l in range {
      let error = probabilities[l] - (l == label ? 1 : 0)
      if abs(error) < 1e-4 { continue }
      let w = labels + l * Self.width
      g.0 += w[0] * error
      g.1 += w[1] * error
      g.2 += w[2] * error
      g.3 += w[3] * error
      labelHistory[l] += error * error * square
      let rate = options.outputRate * left * error / labelHistory[l].squareRoot()
      w[0] -= h.0 * rate
      w[1] -= h.1 * rate
      w[2] -= h.2 * rate
      w[3] -= h.3 * rate
    }
    return g
  }

  private func updateRows(_ count: Int, _ g: (Vector, Vector, Vector, Vector), _ left: Float) {
    let square = (g.0 * g.0 + g.1 * g.1 + g.2 * g.2 + g.3 * g.3).sum() / 64
    guard square > 1e-12 else { return }
    let rate = options.rate * left
    for i in 0..<count {
      let id = Int(ids[i])
      rowHistory[id] += square
      let step = rate / rowHistory[id].squareRoot()
      let row = rows + id * Self.width
      row[0] -= g.0 * step
      row[1] -= g.1 * step
      row[2] -= g.2 * step
      row[3] -= g.3 * step
    }
  }
}
