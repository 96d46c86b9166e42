import ShardifyCore

/// The three best labels of a text.
struct TopLabels {
  /// Label numbers, best first; -1 where there is none.
  var labels = (-1, -1, -1)
  var values = (-Double.infinity, -Double.infinity, -Double.infinity)

  /// Adds a label; among equal values the one added first stays ahead.
  @inline(__always)
  mutating func add(_ label: Int, _ value: Double) {
    guard value > values.2 else { return }
    if value > values.0 {
      labels = (label, labels.0, labels.1)
      values = (value, values.0, values.1)
    } else if value > values.1 {
      labels = (labels.0, label, labels.1)
      values = (values.0, value, values.1)
    } else {
      labels.2 = label
      values.2 = value
    }
  }
}

/// Rounds probabilities to 1/10,000.
enum Probability {
  /// The whole number nearest to 10,000 times `value`; not a number gives 0.
  static func fixed(_ value: Double) -> UInt16 {
    guard value > 0 else { return 0 }
    return UInt16((min(value, 1) * 10_000).rounded())
  }
}
