import Glibc
import ShardifyCore

@testable import Detect

/// Fits temperatures, priors and slopes to texts: what makes their own labels likeliest.
///
/// A label's logit is temperature * (score + slope * root) + prior. The temperature belongs to the bit
/// length of the feature count. Priors and slopes are held near zero by their squares, so that a label
/// moves only as far as the texts ask: chiefly, a label known from one kind of text alone no longer
/// takes other labels' text. Steps of Adam (Kingma, Ba 2015) over all texts.
struct CalibrationFit {
  private static let steps = 60
  private static let priorStrength = 8.0
  private static let slopeStrength = 1500.0
  private static let leastForThreshold = 10

  private let texts: CalibrationTexts
  private var logTemperatures: [Double]
  private(set) var priors: [Double]
  private(set) var slopes: [Double]

  init(_ texts: CalibrationTexts) {
    self.texts = texts
    logTemperatures = [Double](repeating: 0, count: LanguageModel.temperatureCount)
    priors = [Double](repeating: 0, count: texts.labelCount)
    slopes = priors
  }

  var temperatures: [Double] {
    var counts = [Int](repeating: 0, count: logTemperatures.count)
    for example in texts.examples { counts[example.bucket] += 1 }
    // A bucket with few texts takes the temperature of its neighbour.
    return logTemperatures.indices.map { bucket in
      let near = logTemperatures.indices.filter { counts[$0] >= 100 }
        .min { (abs($0 - bucket), $0) < (abs($1 - bucket), $1) }
      return near.map { Glibc.exp(logTemperatures[$0]) } ?? 1
    }
  }

  mutating func run() {
    let labelCount = texts.labelCount
    var optimizer = Adam(count: logTemperatures.count + 2 * labelCount)
    for step in 1...Self.steps {
      let (gradient, loss) = gradient()
      let moves = optimizer.moves(gradient)
      for i in logTemperatures.indices { logTemperatures[i] -= 0.05 * moves[i] }
      for label in 0..<labelCount {
        priors[label] -= 0.1 * moves[logTemperatures.count + label]
        slopes[label] -= 0.006 * moves[logTemperatures.count + labelCount + label]
      }
      if step % 10 == 0 { print("step \(step): loss \(loss / Double(texts.examples.count))") }
    }
  }

  private func gradient() -> ([Double], Double) {
    let labelCount = texts.labelCount
    let base = logTemperatures.count
    var gradient = [Double](repeating: 0, count: base + 2 * labelCount)
    var loss = 0.0
    for label in 0..<labelCount {
      gradient[base + label] = 2 * Self.priorStrength * priors[label]
      gradient[base + labelCount + label] = 2 * Self.slopeStrength * slopes[label]
    }
    for example in texts.examples {
      let values = probabilities(example)
      let temperature = Glibc.exp(logTemperatures[example.bucket])
      let weight = Double(example.weight)
      loss -= weight * log(max(1e-12, Double(values[example.label - example.first])))
      for (offset, value) in values.enumerated() {
        let label = example.first + offset
        let error = weight * (Double(value) - (label == example.label ? 1 : 0))
        if abs(error) < 1e-5 { continue }
        let score = Double(example.scores[offset]) + slopes[label] * Double(example.root)
        gradient[example.bucket] += error * temperature * score
        gradient[base + label] += error
        gradient[base + labelCount + label] += error * temperature * Double(example.root)
      }
    }
    return (gradient, loss)
  }

  /// The probability of each label of the example's script.
  private func probabilities(_ example: CalibrationTexts.Example) -> [Float] {
    let temperature = Float(Glibc.exp(logTemperatures[example.bucket]))
    var values = example.scores
    var largest = -Float.infinity
    for i in values.indices {
      let label = example.first + i
      values[i] = temperature * (values[i] + Float(slopes[label]) * example.root)
      values[i] += Float(priors[label])
      largest = max(largest, values[i])
    }
    var total: Float = 0
    for i in values.indices {
      values[i] = expf(values[i] - largest)
      total += values[i]
    }
    for i in values.indices { values[i] /= total }
    return values
  }

  /// The threshold of each label in 1/10,000, in whole hundreds; 0 for the default where there are few
  /// texts. After FineWeb-2 (Penedo et al. 2025): the median of the probability that the label's own
  /// texts get, less one standard deviation, within 0.25 and 0.5: probabilities are calibrated, so half is enough for any label.
  func thresholds() -> [Int16] {
    var values = [[Double]](repeating: [], count: texts.labelCount)
    for example in texts.examples {
      values[example.label].append(Double(probabilities(example)[example.label - example.first]))
    }
    return values.map { values in
      guard values.count >= Self.leastForThreshold else { return 0 }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      let threshold = values.sorted()[values.count / 2] - variance.squareRoot()
      return Int16((max(0.25, min(0.5, threshold)) * 100).rounded()) * 100
    }
  }
}

/// The step directions of Adam.
struct Adam {
  private var first: [Double]
  private var second: [Double]
  private var step = 0.0

  init(count: Int) {
    first = [Double](repeating: 0, count: count)
    second = first
  }

  mutating func moves(_ gradient: [Double]) -> [Double] {
    step += 1
    return gradient.indices.map { i in
      first[i] = 0.9 * first[i] + 0.1 * gradient[i]
      second[i] = 0.99 * second[i] + 0.01 * gradient[i] * gradient[i]
      let mean = first[i] / (1 - pow(0.9, step))
      let square = second[i] / (1 - pow(0.99, step))
      return mean / (square.squareRoot() + 1e-8)
    }
  }
}
