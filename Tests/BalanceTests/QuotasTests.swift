import ShardifyCore
import Testing

@testable import Balance

@Suite struct QuotasTests {
  typealias Bound = Quotas.Bound

  /// Finds λ by halving in doubles and clamps: another way to the same numbers.
  func reference(_ total: Int, _ bounds: [Bound]) -> [Double] {
    func clamped(_ lambda: Double) -> [Double] {
      bounds.map { min(Double($0.upper), max(Double($0.lower), lambda * Double($0.weight))) }
    }
    var (low, high) = (0.0, 1e9)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if clamped(middle).reduce(0, +) < Double(total) { low = middle } else { high = middle }
    }
    return clamped(high)
  }

  func check(_ total: Int, _ bounds: [Bound]) {
    let quotas = Quotas.divide(total, among: bounds)
    #expect(quotas.reduce(0, +) == total, "\(total) among \(bounds)")
    for ((quota, bound), ideal) in zip(zip(quotas, bounds), reference(total, bounds)) {
      #expect(quota >= bound.lower && quota <= bound.upper, "\(total) among \(bounds)")
      #expect(abs(Double(quota) - ideal) < 1 + 1e-6, "\(total) among \(bounds): \(quotas)")
    }
  }

  /// Every three languages with weights 1...3, lower bounds 0...2, room 0...3, every total.
  @Test func everySmallCaseIsTheClampedShareToWithinOneToken() {
    var kinds: [Bound] = []
    for weight in UInt64(1)...3 {
      for lower in 0...2 {
        for room in [0, 1, 3, 20] {
          kinds.append(Bound(lower: lower, upper: lower + room, weight: weight))
        }
      }
    }
    for (i, a) in kinds.enumerated() {
      for (j, b) in kinds.enumerated() where j >= i {
        for c in kinds[j...] where (i + j) % 3 == 0 {
          let bounds = [a, b, c]
          let least = a.lower + b.lower + c.lower
          let most = a.upper + b.upper + c.upper
          for total in stride(from: least, through: min(most, least + 12), by: 3) {
            check(total, bounds)
          }
          check(most, bounds)
        }
      }
    }
  }

  @Test func manyRandomLanguages() {
    var random = SeededRandom(seed: 17)
    for _ in 0..<200 {
      let count = Int(random.below(40)) + 1
      let bounds = (0..<count).map { _ in
        let lower = random.below(3) == 0 ? Int(random.below(1000)) : 0
        return Bound(
          lower: lower, upper: lower + Int(random.below(5000)), weight: random.below(100_000) + 1)
      }
      let least = bounds.reduce(0) { $0 + $1.lower }
      let most = bounds.reduce(0) { $0 + $1.upper }
      check(least + Int(random.below(UInt64(most - least + 1))), bounds)
    }
  }

  @Test func leftoverTokensGoToTheLargestRemaindersThenToTheFirst() {
    func unbounded(_ weight: UInt64) -> Bound { Bound(lower: 0, upper: 1000, weight: weight) }
    #expect(Quotas.divide(5, among: [1, 1, 1].map(unbounded)) == [2, 2, 1])
    // Ideals 1.4, 2.8, 2.8: one token each to the second and the third.
    #expect(Quotas.divide(7, among: [1, 2, 2].map(unbounded)) == [1, 3, 3])
    // Ideals 0.5, 1, 1.5.
    #expect(Quotas.divide(3, among: [1, 2, 3].map(unbounded)) == [1, 1, 1])
  }

  @Test func theLargestNumbersDoNotOverflow() {
    let most = Quotas.largestTotal
    let half = UInt64(most) / 2
    let bounds = [
      Bound(lower: 0, upper: most, weight: half), Bound(lower: 0, upper: most, weight: half),
      Bound(lower: 5, upper: 5, weight: 1),
    ]
    #expect(Quotas.divide(most, among: bounds) == [most / 2 - 2, most / 2 - 3, 5])
    let lopsided = [
      Bound(lower: most - 1, upper: most, weight: 1), Bound(lower: 0, upper: most, weight: half),
    ]
    #expect(Quotas.divide(most, among: lopsided) == [most - 1, 1])
  }
}
