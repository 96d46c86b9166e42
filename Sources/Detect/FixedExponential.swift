/// The exponential function with only additions and multiplications in a fixed order, so that every
/// machine gives the same bits. The relative error is below 1e-13.
enum FixedExponential {
  /// The Taylor series up to the eleventh power, highest first: 1/11!, ..., 1/1!, 1.
  private static let series: InlineArray<12, Double> = [
    2.505210838544172e-8, 2.7557319223985893e-7, 2.7557319223985893e-6, 2.48015873015873e-5,
    1.984126984126984e-4, 1.388888888888889e-3, 8.333333333333333e-3, 4.1666666666666664e-2,
    0.16666666666666666, 0.5, 1, 1,
  ]

  /// e to the power of `x`, for x from -40 to 0; smaller gives 0, larger and not a number gives 1.
  static func exp(_ x: Double) -> Double {
    guard x < 0 else { return 1 }
    guard x > -40 else { return 0 }
    let k = (x * 1.4426950408889634).rounded(.toNearestOrEven)
    let r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10
    var sum = series[0]
    for i in 1..<12 { sum = sum * r + series[i] }
    return sum * Double(bitPattern: UInt64(1023 + Int(k)) << 52)
  }
}
