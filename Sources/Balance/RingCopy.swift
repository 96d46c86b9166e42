/// One copy of a piece: what the walk along a ring gives.
public struct RingCopy: Equatable, Sendable {
  /// The piece's number in ring order, from 0.
  public var ordinal: Int
  /// Passes completed before.
  public var pass: Int
  /// The first ring coordinate the copy occupies.
  public var start: Int
  /// One past the last.
  public var end: Int

  /// Joins the parts.
  public init(ordinal: Int, pass: Int, start: Int, end: Int) {
    self.ordinal = ordinal
    self.pass = pass
    self.start = start
    self.end = end
  }
}
