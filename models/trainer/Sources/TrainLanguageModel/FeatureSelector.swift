import Glibc
import ShardifyCore

@testable import Detect

/// Chooses the features that get a row of their own: those that say most about the label.
///
/// A feature's worth is its mutual information with the label, labels of a script being equally
/// likely, common ones `commonWorth` times as likely as others, plus a little for being frequent, so that a label alone in its script has features too.
/// Rates are discounted and shrunk: what a text of a kilobyte has once proves nothing. The worthiest
/// features are placed first; a bucket has four rows, and what finds its bucket full is left out.
struct FeatureSelector {
  /// Counts of one label, or sums over labels, by feature: linear probing.
  private struct Table {
    var keys: [UInt64]
    var values: [Float]
    let width: Int
    let mask: Int
    var count = 0

    init(bits: Int, width: Int) {
      keys = [UInt64](repeating: 0, count: 1 << bits)
      values = [Float](repeating: 0, count: width << bits)
      self.width = width
      mask = 1 << bits - 1
    }

    /// The slot of a feature, made if it is not there; nil when the table is nearly full.
    mutating func slot(_ feature: UInt64) -> Int? {
      let key = feature | 1
      var slot = Int(truncatingIfNeeded: key >> 20) & mask
      while keys[slot] != key {
        if keys[slot] == 0 {
          guard count < mask - mask / 8 else { return nil }
          keys[slot] = key
          count += 1
          return slot
        }
        slot = (slot + 1) & mask
      }
      return slot
    }
  }

  /// Bytes of text of each label that are counted, at most.
  private static let bytesPerLabel = 200_000
  private static let discount: Float = 0.5
  private static let shrinkage: Float = 30_000
  private static let frequencyWorth: Float = 0.02

  /// The tags of `options.rows` rows.
  static func tags(_ texts: [LabelledText], options: TrainOptions) -> [UInt8] {
    let worths = worths(texts, options)
    var tags = [UInt8](repeating: 0, count: options.rows)
    let buckets = UInt64(options.rows / 4)
    var placed = 0
    for (feature, _) in worths {
      let bucket = Int(((feature >> 32) &* buckets) >> 32)
      let tag = max(1, UInt8(truncatingIfNeeded: feature >> 24))
      let rows = 4 * bucket..<4 * bucket + 4
      if rows.contains(where: { tags[$0] == tag }) { continue }
      guard let free = rows.first(where: { tags[$0] == 0 }) else { continue }
      tags[free] = tag
      placed += 1
    }
    print("\(worths.count) features seen, \(placed) placed")
    return tags
  }

  private static func worths(
    _ texts: [LabelledText], _ options: TrainOptions
  ) -> [(feature: UInt64, worth: Float)] {
    var sample = options
    sample.cap = bytesPerLabel
    sample.alpha = 1
    var random = SeededRandom(seed: options.seed)
    var plan = TrainingPlan(texts, options: sample)
    var lines = [[Int32]](repeating: [], count: texts.count)
    for example in plan.next(using: &random) { lines[Int(example.label)].append(example.line) }
    // Sums of rates, of rates times their logarithms, and the worth in finished scripts.
    var sums = Table(bits: 24, width: 3)
    var extractor = NgramExtractor(
      table: .shared, maxOrder: options.order, usesWords: options.words)
    var first = 0
    while first < texts.count {
      let group = Trainer.group(texts[first].label)
      var end = first
      var total: Float = 0
      while end < texts.count, Trainer.group(texts[end].label) == group {
        let weight = texts[end].isCommon ? options.commonWorth : 1
        add(texts[end], lines[end], weight, &extractor, &sums)
        total += weight
        end += 1
      }
      finish(&sums, labels: total)
      first = end
    }
    var worths: [(feature: UInt64, worth: Float)] = []
    for slot in sums.keys.indices where sums.values[3 * slot + 2] > 0 {
      worths.append((sums.keys[slot], sums.values[3 * slot + 2]))
    }
    worths.sort { ($1.worth, $0.feature) < ($0.worth, $1.feature) }
    return worths
  }

  /// Adds one label's rates, times its weight.
  private static func add(
    _ text: LabelledText, _ lines: [Int32], _ weight: Float, _ extractor: inout NgramExtractor,
    _ sums: inout Table
  ) {
    var counts = Table(bits: 20, width: 1)
    var total: Float = 0
    let script = CharacterTable.shared.code(of: text.label.script)
    var features = [UInt64](
      repeating: 0, count: (LabelledText.longestLine + 8) * NgramExtractor.mostPerByte)
    for number in lines {
      let line = text.lines[Int(number)].bytes
      extractor.reset(scriptCode: script)
      var place = 0
      var count = extractor.feed(line, &place, stop: line.count, end: line.count, ids: &features)
      count += features.withUnsafeMutableBufferPointer {
        $0.baseAddress.map { extractor.finish(ids: $0 + count) } ?? 0
      }
      total += Float(count)
      for feature in features.prefix(count) {
        if let slot = counts.slot(feature) { counts.values[slot] += 1 }
      }
    }
    let least: Float = total > 100_000 ? 2 : 1
    for slot in counts.keys.indices where counts.values[slot] >= least {
      let rate = (counts.values[slot] - discount) / (total + shrinkage)
      guard let at = sums.slot(counts.keys[slot]) else { continue }
      sums.values[3 * at] += weight * rate
      sums.values[3 * at + 1] += weight * rate * log(rate)
    }
  }

  /// Ends a script: turns the sums of its labels, which weigh `labels`, into worth.
  private static func finish(_ sums: inout Table, labels: Float) {
    for slot in sums.keys.indices where sums.values[3 * slot] > 0 {
      let sum = sums.values[3 * slot]
      let information = sums.values[3 * slot + 1] - sum * log(sum / labels)
      sums.values[3 * slot + 2] += max(information, 0) + frequencyWorth * sum
      sums.values[3 * slot] = 0
      sums.values[3 * slot + 1] = 0
    }
  }
}
