/// A number as the user wrote it, in decimal fixed point, so that arithmetic on it is exact.
///
/// 0.3 as a double lies below three tenths, and a floor of 1000·0.3 in doubles is 299; here it
/// is 300.
struct Decimal: Equatable, Sendable {
  /// Multiples of 1 / scale.
  let parts: UInt64
  /// Ten to the number of digits kept.
  let scale: UInt64

  /// Shares: 12 digits after the point.
  static let shareScale: UInt64 = 1_000_000_000_000
  /// Epochs: 9 digits after the point.
  static let epochScale: UInt64 = 1_000_000_000
  /// The most epochs that can be asked for.
  static let largestEpochs = 1e9

  /// A share already known to be from 0 to 1.
  init(share: Double) {
    parts = UInt64((share * Double(Self.shareScale)).rounded())
    scale = Self.shareScale
  }

  /// A number of epochs already known to be from 0 to `largestEpochs`.
  init(epochs: Double) {
    self.init(epochParts: UInt64((epochs * Double(Self.epochScale)).rounded()))
  }

  init(epochParts: UInt64) {
    parts = epochParts
    scale = Self.epochScale
  }

  /// floor(count · number), at most `Quotas.largestTotal`.
  func of(_ count: Int) -> Int {
    let product = UInt64(count).multipliedFullWidth(by: parts)
    guard product.high < scale else { return Quotas.largestTotal }
    let quotient = scale.dividingFullWidth(product).quotient
    return Int(min(quotient, UInt64(Quotas.largestTotal)))
  }

  /// ceil(count · number), at most `Quotas.largestTotal`.
  func roundedUp(of count: Int) -> Int {
    let product = UInt64(count).multipliedFullWidth(by: parts)
    guard product.high < scale else { return Quotas.largestTotal }
    let (quotient, remainder) = scale.dividingFullWidth(product)
    return Int(min(remainder == 0 ? quotient : quotient + 1, UInt64(Quotas.largestTotal)))
  }
}
