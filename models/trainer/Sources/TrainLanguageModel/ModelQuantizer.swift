import ShardifyCore

@testable import Detect

/// Rounds a trained model to whole numbers and writes the file of `models/FORMAT.md`.
struct ModelQuantizer {
  private let trainer: Trainer
  private static let dimension = 64

  init(_ trainer: Trainer) { self.trainer = trainer }

  func write(name: String) -> [UInt8] {
    let spread = dimensionSpread()
    let levels = codebook(spread)
    let options = trainer.options
    let labelCount = trainer.texts.count
    var weights: [Float] = []
    for l in 0..<labelCount {
      for d in 0..<Self.dimension { weights.append(value(trainer.labels, l, d) * spread[d]) }
    }
    let largest = weights.reduce(0) { max($0, abs($1)) }
    let unit = 4095 / max(largest, 1e-9)
    // One codebook step is worth `levelUnit` spreads.
    let scale = Double(1 / unit) * Double(Self.levelUnit)

    var out = LanguageModel.magic
    out.appendLittleEndian(LanguageModel.version)
    out.appendLittleEndian(UInt32(labelCount))
    out.appendLittleEndian(UInt32(options.rows))
    out.appendLittleEndian(UInt32(Self.dimension))
    out += [UInt8(options.order), options.words ? 1 : 0]
    out.appendLittleEndian(UInt16(5000))
    out.appendLittleEndian(UInt32(options.featureCap))
    out.appendLittleEndian(scale.bitPattern)
    out += (Array(name.utf8) + [UInt8](repeating: 0, count: 24)).prefix(24)
    out += levels.map { UInt8(bitPattern: Int8($0)) }
    out += [UInt8](repeating: 0, count: 16)
    for _ in 0..<LanguageModel.temperatureCount { out.appendLittleEndian((1.0).bitPattern) }
    for text in trainer.texts { out += Array(text.label.description.utf8) }
    // Thresholds, priors and slopes: see CalibrateLanguageModel.
    for _ in 0..<3 * labelCount { out.appendLittleEndian(UInt16(0)) }
    for weight in weights { out.appendLittleEndian(Int16((weight * unit).rounded())) }
    out += [UInt8](repeating: 0, count: (64 - out.count % 64) % 64)
    out += trainer.tags
    out += [UInt8](repeating: 0, count: (64 - out.count % 64) % 64)
    appendRows(&out, spread, levels)
    return out
  }

  /// Codebook values are whole multiples of this many spreads; 31 of them reach 4.8 spreads.
  private static let levelUnit: Float = 0.155

  private func value(_ p: UnsafeMutablePointer<Trainer.Vector>, _ row: Int, _ d: Int) -> Float {
    p[row * Trainer.width + d / 16][d % 16]
  }

  /// The root mean square of each dimension over the rows.
  private func dimensionSpread() -> [Float] {
    var sums = [Double](repeating: 0, count: Self.dimension)
    for row in 0..<trainer.options.rows {
      for d in 0..<Self.dimension {
        let v = Double(value(trainer.rows, row, d))
        sums[d] += v * v
      }
    }
    return sums.map { Float(($0 / Double(trainer.options.rows)).squareRoot()) + 1e-9 }
  }

  /// Sixteen levels, found by Lloyd's iteration on every 37th row, then rounded.
  private func codebook(_ spread: [Float]) -> [Int] {
    var sample: [Float] = []
    for row in stride(from: 0, to: trainer.options.rows, by: 37) {
      for d in 0..<Self.dimension {
        sample.append(value(trainer.rows, row, d) / spread[d] / Self.levelUnit)
      }
    }
    sample.sort()
    var levels = (0..<16).map { sample[sample.count * (2 * $0 + 1) / 32] }
    for _ in 0..<40 {
      var sums = [Double](repeating: 0, count: 16)
      var counts = [Double](repeating: 0, count: 16)
      for v in sample {
        let nearest = Self.nearest(v, levels)
        sums[nearest] += Double(v)
        counts[nearest] += 1
      }
      levels = (0..<16).map { counts[$0] > 0 ? Float(sums[$0] / counts[$0]) : levels[$0] }
    }
    return levels.map { max(-31, min(31, Int($0.rounded()))) }
  }

  private static func nearest(_ value: Float, _ levels: [Float]) -> Int {
    var best = 0
    for i in 1..<levels.count where abs(value - levels[i]) < abs(value - levels[best]) { best = i }
    return best
  }

  private func appendRows(_ out: inout [UInt8], _ spread: [Float], _ levels: [Int]) {
    let exact = levels.map { Float($0) }
    out.reserveCapacity(out.count + 32 * trainer.options.rows)
    for row in 0..<trainer.options.rows {
      for j in 0..<32 {
        let low = value(trainer.rows, row, j) / spread[j] / Self.levelUnit
        let high = value(trainer.rows, row, j + 32) / spread[j + 32] / Self.levelUnit
        out.append(UInt8(Self.nearest(low, exact) | Self.nearest(high, exact) << 4))
      }
    }
  }
}
