import ShardifyCore

/// Where on its ring a language starts: the first piece at or after `key`, on pass `pass`.
///
/// A place on the ring is named by a key and not by a number of tokens, so that it stays where it
/// is when documents are added.
public struct RingStart: Hashable, Sendable {
  /// Passes completed before; enters into the jitter of every copy.
  public var pass: Int
  /// The first piece not yet given; nil: the ring's own start.
  public var key: PieceKey?

  /// Joins the parts.
  public init(pass: Int, key: PieceKey?) {
    self.pass = pass
    self.key = key
  }

  /// The ring's start, first pass.
  public static let beginning = RingStart(pass: 0, key: nil)
}
