import Glibc

/// The formulas of the papers in plain doubles, for comparison.
enum Reference {
  static func power(_ base: Double, _ exponent: Double) -> Double { Glibc.pow(base, exponent) }

  /// Chung et al. 2023, Algorithm 1: U per language, in the order of `counts`.
  static func unimax(_ counts: [Double], budget: Double, epochs: Double) -> [Double] {
    var given = [Double](repeating: 0, count: counts.count)
    var rest = budget
    let order = counts.indices.sorted { (counts[$0], $0) < (counts[$1], $1) }
    for (done, language) in order.enumerated() {
      let fair = rest / Double(counts.count - done)
      given[language] = fair > epochs * counts[language] ? epochs * counts[language] : fair
      rest -= given[language]
    }
    return given
  }
}
