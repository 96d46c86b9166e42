import Glibc
import ShardifyCore

@testable import Detect

/// Texts of known label and what an uncalibrated model says of them.
struct CalibrationTexts {
  /// Each text is used whole and cut to these many code points; and what it weighs if its language is
  /// common, as users' texts are mostly such. Parts weigh more: whole texts tell small languages from
  /// their large neighbours, parts leave it to what is likelier.
  private static let cuts: [(characters: Int, commonWeight: Float)] = [
    (20, 4), (50, 4), (Int.max, 2),
  ]

  /// The weight of a label's texts is that of so many examples, of few texts at most so many times more.
  private static let usualExamples: Float = 150
  private static let mostBalance: Float = 4

  struct Example {
    var label: Int
    /// The number of the first label of its script.
    var first: Int
    var weight: Float
    /// The bit length of the number of features, and the root of that number, capped.
    var bucket: Int
    var root: Float
    /// The score of each label of its script, at temperature 1.
    var scores: [Float]
  }

  let labelCount: Int
  private(set) var examples: [Example] = []
  private let model: LanguageModel
  private let common: Set<LanguageTag>

  init(_ bytes: [UInt8], common: Set<LanguageTag>) throws {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    copy.copyBytes(from: bytes)
    model = try LanguageModel(UnsafeRawBufferPointer(copy), path: nil, owner: nil)
    labelCount = model.labels.count
    self.common = common
  }

  /// Scores every text of the file.
  mutating func read(_ file: UnsafeRawBufferPointer) {
    let scorer = NativeScorer(model)
    let counter = ScriptCounter()
    let resolver = WritingSystemResolver(counter.table)
    for line in file.split(separator: 10) {
      guard line.count > 9, let tag = LanguageTag(bytes: line.prefix(8)),
        let label = model.labels.firstIndex(of: tag),
        let tab = line.dropFirst(9).firstIndex(of: 9)
      else { continue }
      let text = UnsafeRawBufferPointer(rebasing: line[(tab + 1)...])
      for cut in Self.cuts {
        let part = Self.prefix(text, cut.characters)
        guard cut.characters == Int.max || part.count < text.count else { continue }
        counter.count(part)
        add(label, part, cut.commonWeight, scorer, resolver.resolve(counter))
      }
    }
  }

  /// Makes labels weigh alike, however many texts they have: else those with few would get low priors.
  mutating func balance() {
    var counts = [Float](repeating: 0, count: labelCount)
    for example in examples { counts[example.label] += 1 }
    for number in examples.indices {
      let count = counts[examples[number].label]
      examples[number].weight *= min(Self.mostBalance, Self.usualExamples / count)
    }
  }

  private mutating func add(
    _ label: Int, _ text: UnsafeRawBufferPointer, _ commonWeight: Float, _ scorer: NativeScorer,
    _ system: WritingSystem
  ) {
    let range = model.candidates(system)
    guard range.contains(label), range.count > 1 else { return }
    let count = scorer.sumFeatures(text, system, sampling: false)
    guard count > 0 else { return }
    scorer.score(count: count, range: range)
    let bits = Int.bitWidth - count.leadingZeroBitCount
    examples.append(
      Example(
        label: label, first: range.lowerBound,
        weight: common.contains(model.labels[label]) ? commonWeight : 1,
        bucket: min(bits, LanguageModel.temperatureCount - 1),
        root: Float(min(count, model.featureCap)).squareRoot(),
        scores: range.map { Float(scorer.scores[$0]) }))
  }

  private static func prefix(
    _ text: UnsafeRawBufferPointer, _ count: Int
  ) -> UnsafeRawBufferPointer {
    var left = count
    for place in text.indices where text[place] & 0xC0 != 0x80 {
      if left == 0 { return UnsafeRawBufferPointer(rebasing: text[..<place]) }
      left -= 1
    }
    return text
  }
}
