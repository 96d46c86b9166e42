/// The weights of what takes part at one level.
struct MemberWeights: Equatable {
  /// Weights below this are rounded by more than a millionth of themselves.
  static let leastExact: UInt64 = 1 << 20

  /// Each at least 1, the sum at most 2^61.
  var whole: [UInt64]
  /// To base 2, up to a common summand; nil where the whole ones are exact enough. A large exponent
  /// spreads weights over more than whole numbers hold: what is 0 beside the largest is not 0 beside
  /// the others, once a bound has stopped that one.
  var logarithms: [Double]?
}
