import ShardifyCore

@testable import Detect

/// Counts of right and wrong labels. The best candidate is scored, before any threshold.
struct LabelTally {
  private var gold: [UInt64: Int] = [:]
  private var given: [UInt64: Int] = [:]
  private var right: [UInt64: Int] = [:]
  private var confusions: [UInt64: [UInt64: Int]] = [:]
  private var total = 0
  private var undetermined = 0
  private var notLanguage = 0
  /// Texts and right answers by tenths of the stated probability, and the sum of the latter.
  private var bins = [(count: Int, right: Int, stated: Double)](
    repeating: (0, 0, 0), count: 10)

  mutating func add(_ label: UInt64, _ found: Detection) {
    let answer = found.candidates.0.tag == 0 ? found.tag.rawValue : found.candidates.0.tag
    total += 1
    gold[label, default: 0] += 1
    given[answer, default: 0] += 1
    if found.tag.isUndetermined { undetermined += 1 }
    if found.tag.isNotLanguage { notLanguage += 1 }
    let isRight = answer == label
    if isRight {
      right[label, default: 0] += 1
    } else {
      confusions[label, default: [:]][answer, default: 0] += 1
    }
    let bin = min(9, Int(found.probability) / 1000)
    bins[bin].count += 1
    bins[bin].right += isRight ? 1 : 0
    bins[bin].stated += Double(found.probability) / 10_000
  }

  private func f1(_ label: UInt64) -> Double {
    let sum = gold[label, default: 0] + given[label, default: 0]
    return sum == 0 ? 0 : 2 * Double(right[label, default: 0]) / Double(sum)
  }

  func report(known: Set<UInt64>) {
    let all = gold.keys.sorted()
    let ours = all.filter { known.contains($0) }
    let hits = right.values.reduce(0, +)
    let calibration = bins.reduce(0.0) {
      $0 + abs(Double($1.right) - $1.stated) / Double(max(total, 1))
    }
    let mean = all.reduce(0) { $0 + f1($1) } / Double(max(all.count, 1))
    let known = ours.reduce(0) { $0 + f1($1) } / Double(max(ours.count, 1))
    let accuracy = Double(hits) / Double(max(total, 1))
    print("texts \(total), labels \(all.count), accuracy \(EvaluateCommand.fixed(accuracy))")
    print("macro-F1 all labels \(EvaluateCommand.fixed(mean))")
    print("macro-F1 of the \(ours.count) labels of the model \(EvaluateCommand.fixed(known))")
    print("below the threshold \(undetermined), not language \(notLanguage)")
    print("expected calibration error \(EvaluateCommand.fixed(calibration))")
  }

  func reportLabels() {
    for label in gold.keys.sorted() {
      let count = gold[label, default: 0]
      let recall = Double(right[label, default: 0]) / Double(max(count, 1))
      let precision = Double(right[label, default: 0]) / Double(max(given[label, default: 0], 1))
      let name = LanguageTag(unchecked: label)
      print(
        "\(name)\t\(count)\tprecision \(EvaluateCommand.fixed(precision))"
          + "\trecall \(EvaluateCommand.fixed(recall))\tF1 \(EvaluateCommand.fixed(f1(label)))")
    }
  }

  func reportConfusions(_ count: Int) {
    var all: [(Int, UInt64, UInt64)] = []
    for (label, answers) in confusions {
      for (answer, times) in answers { all.append((times, label, answer)) }
    }
    all.sort { ($1.0, $0.1, $0.2) < ($0.0, $1.1, $1.2) }
    for (times, label, answer) in all.prefix(count) {
      print("\(times)\t\(LanguageTag(unchecked: label)) -> \(LanguageTag(unchecked: answer))")
    }
  }
}
