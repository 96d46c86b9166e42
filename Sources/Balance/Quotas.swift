/// Exact division of a total by weights under bounds.
enum Quotas {
  /// The largest total and the largest sum of weights: products stay below 2^124, and
  /// three of them can be added in an `Int`.
  static let largestTotal = 1 << 61

  /// What one language may get.
  struct Bound: Equatable {
    /// Tokens it gets at least.
    var lower: Int
    /// Tokens it gets at most.
    var upper: Int
    /// Its weight among the languages that are at neither bound; at least 1.
    var weight: UInt64
  }

  /// Divides `total`: entry l gets clamp(λ·weight, lower, upper) for the one λ that makes the
  /// sum right, rounded by largest remainder among the unbounded; ties go to the lower index.
  ///
  /// All arithmetic is in integers, so the sum is exact and nothing depends on the machine.
  /// λ is found by freezing: where clamping at a trial λ raises the sum, λ is too large, and what
  /// lies below its lower bound stays there for good; and the same the other way round.
  ///
  /// - Parameters: sum of lower bounds <= total <= sum of upper bounds; total, sum of upper bounds
  ///   of those that matter and sum of weights at most `largestTotal`.
  /// - Complexity: O(*L*) a round; at most one round a language, usually a handful.
  static func divide(_ total: Int, among bounds: [Bound]) -> [Int] {
    var quotas = [Int?](repeating: nil, count: bounds.count)
    var rest = UInt64(total)
    var weights = bounds.reduce(UInt64(0)) { $0 + $1.weight }
    while true {
      var clamped: UInt128 = 0
      var weightOut: UInt64 = 0
      for (bound, quota) in zip(bounds, quotas) where quota == nil {
        guard let clamp = bound.clamp(rest: rest, weights: weights) else { continue }
        clamped += UInt128(clamp)
        weightOut += bound.weight
      }
      if weightOut == 0 { break }
      let sumWithClamps = clamped * UInt128(weights)
      let sumWithout = UInt128(rest) * UInt128(weightOut)
      let (trialRest, trialWeights) = (rest, weights)
      for (index, bound) in bounds.enumerated() where quotas[index] == nil {
        guard let clamp = bound.clamp(rest: trialRest, weights: trialWeights) else { continue }
        // A lower bound equal to the upper one counts as whichever side the ideal is on.
        let isRaised = bound.isRaised(rest: trialRest, weights: trialWeights)
        guard isRaised ? sumWithClamps >= sumWithout : sumWithClamps <= sumWithout else { continue }
        quotas[index] = clamp
        rest -= UInt64(clamp)
        weights -= bound.weight
      }
    }
    return rounded(quotas, bounds, rest: rest, weights: weights)
  }

  /// Gives the unbounded their part of `rest`: floors first, then one token each to the largest
  /// remainders. A quota cannot pass a bound by this, since bounds are whole.
  private static func rounded(
    _ quotas: [Int?], _ bounds: [Bound], rest: UInt64, weights: UInt64
  ) -> [Int] {
    var remainders: [(remainder: UInt64, index: Int)] = []
    var missing = rest
    var result: [Int] = []
    for (index, bound) in bounds.enumerated() {
      if let quota = quotas[index] {
        result.append(quota)
        continue
      }
      let (quotient, remainder) = weights.dividingFullWidth(
        rest.multipliedFullWidth(by: bound.weight))
      result.append(Int(quotient))
      remainders.append((remainder, index))
      missing -= quotient
    }
    remainders.sort { a, b in
      a.remainder != b.remainder ? a.remainder > b.remainder : a.index < b.index
    }
    for (_, index) in remainders.prefix(Int(missing)) { result[index] += 1 }
    return result
  }
}

extension Quotas.Bound {
  /// The bound that the ideal rest·weight/weights breaks; nil if it lies within both.
  func clamp(rest: UInt64, weights: UInt64) -> Int? {
    if isRaised(rest: rest, weights: weights) { return lower }
    let ideal = UInt128(rest) * UInt128(weight)
    return ideal > UInt128(upper) * UInt128(weights) ? upper : nil
  }

  /// Whether the ideal is below the lower bound.
  func isRaised(rest: UInt64, weights: UInt64) -> Bool {
    UInt128(rest) * UInt128(weight) < UInt128(lower) * UInt128(weights)
  }
}
