import Balance
import ShardifyCore

/// How much a word of a language counts: fixed-point numbers, so that sums do not depend on order.
struct LanguageWeights: Sendable {
  /// Weights are multiples of 2^-scaleBits.
  let scaleBits: Int
  /// The weight of each label, 0 for languages left out; shape [labels].
  let weights: [Int64]
  /// The plan; nil where every document counts once.
  let plan: MixturePlan?

  /// Everything counts once.
  static func equal(labels: Int) -> LanguageWeights {
    LanguageWeights(
      scaleBits: 0, weights: Array(repeating: 1, count: labels), plan: nil)
  }

  private init(scaleBits: Int, weights: [Int64], plan: MixturePlan?) {
    self.scaleBits = scaleBits
    self.weights = weights
    self.plan = plan
  }

  /// Plans a mixture of bytes: the weight of a language is its quota over its size.
  ///
  /// - Parameters:
  ///   - tags: Languages by label.
  ///   - sizes: Their text, by label.
  init(
    _ mixture: Mixture, tags: [LanguageTag], sizes: [UInt32: WordCounter.Size],
    premiums: BytePremiums?
  ) throws {
    var supplies: [LanguageSupply] = []
    for (label, tag) in tags.enumerated() {
      guard let size = sizes[UInt32(label)], size.bytes > 0 else { continue }
      supplies.append(
        LanguageSupply(
          tag: tag, documents: size.documents, pieces: size.documents, tokens: size.bytes,
          bytes: size.bytes, scalars: size.scalars))
    }
    let plan = try planMixture(supplies, mixture, bytePremiums: premiums)
    self.plan = plan
    // The sum over all text of weight times bytes stays below 2^61: no count can overflow.
    let width = Int.bitWidth - max(1, plan.budget).leadingZeroBitCount
    let bits = max(0, min(24, 60 - width))
    scaleBits = bits
    weights = tags.map { tag in
      guard let language = plan[tag], language.supply.bytes > 0 else { return 0 }
      let product = UInt64(language.quota).multipliedFullWidth(by: 1 << UInt64(bits))
      let quotient = UInt64(language.supply.bytes).dividingFullWidth(product).quotient
      return language.quota > 0 ? max(1, Int64(clamping: quotient)) : 0
    }
  }

  /// The weighted sum of a word's counts.
  func sum(_ counts: [(label: UInt32, count: Int64)]) -> Int64 {
    var sum: Int64 = 0
    for (label, count) in counts { sum += weights[Int(label)] * count }
    return sum
  }
}
