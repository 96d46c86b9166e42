extension Quotas {
  /// `divide` for weights that whole numbers do not span: their logarithms to base 2, if given, take
  /// the place of those in `bounds`.
  ///
  /// Weights are scaled to the largest of those still free. Who of the exactly scaled ones ends at the
  /// upper bound stays there; the others are scaled anew and share what is left, until no more of them
  /// end there. The light ones get their lower bound meanwhile: beside the heavy their part of the
  /// total is below a millionth of a millionth.
  static func divide(_ total: Int, among bounds: [Bound], logarithms: [Double]?) -> [Int] {
    guard let logarithms else { return divide(total, among: bounds) }
    var quotas = bounds.map(\.lower)
    var free = Array(bounds.indices)
    var rest = total
    while !free.isEmpty {
      let scaled = scaled(logarithms, free)
      let light = free.filter { scaled[$0] == 0 }
      let shared = free.filter { scaled[$0] > 0 }
      let most = shared.reduce(0) { min($0 + bounds[$1].upper, largestTotal) }
      let forShared = min(rest - light.reduce(0) { $0 + bounds[$1].lower }, most)
      let parts = divide(
        forShared,
        among: shared.map { index in
          var bound = bounds[index]
          bound.weight = scaled[index]
          return bound
        })
      for (index, part) in zip(shared, parts) { quotas[index] = part }
      let stopped = Set(
        shared.filter {
          quotas[$0] == bounds[$0].upper && scaled[$0] >= MemberWeights.leastExact
        })
      if stopped.isEmpty { break }
      rest -= stopped.reduce(0) { $0 + bounds[$1].upper }
      free.removeAll { stopped.contains($0) }
      for index in free { quotas[index] = bounds[index].lower }
    }
    return quotas
  }

  /// Whole weights of the free members, 0 of those that are negligible; shape [members].
  private static func scaled(_ logarithms: [Double], _ free: [Int]) -> [UInt64] {
    let top = free.reduce(-Double.infinity) { max($0, logarithms[$1]) }
    var parts = [Double](repeating: 0, count: logarithms.count)
    // Summed in the order given: floating-point sums depend on their order.
    var sum = 0.0
    for index in free {
      parts[index] = Power.twoTo(logarithms[index] - top)
      sum += parts[index]
    }
    return parts.map { UInt64($0 / sum * 0x1p60) }
  }
}
