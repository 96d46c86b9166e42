/// A part of a whole in fixed point: `rawValue` of 2^64, rounded down; the whole is 2^64 - 1.
public struct Share: Hashable, Comparable, Sendable {
  /// Multiples of 2^-64.
  public let rawValue: UInt64

  /// Takes a stored value.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// `part` of `whole`; 0 if there is no whole.
  ///
  /// - Parameters: counts with 0 <= part <= whole.
  public init(_ part: Int, of whole: Int) {
    guard whole > 0, part > 0 else {
      rawValue = 0
      return
    }
    guard part < whole else {
      rawValue = .max
      return
    }
    rawValue = UInt64(whole).dividingFullWidth((UInt64(part), 0)).quotient
  }

  /// The share from 0 to 1, rounded to a double.
  public var fraction: Double { Double(rawValue) / 0x1p64 }

  public static func < (a: Share, b: Share) -> Bool { a.rawValue < b.rawValue }
}
