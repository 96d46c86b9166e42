import ShardifyCore

/// The pieces of a language in the order of their keys, closed to a ring; `docs/ring.md`.
///
/// A copy of a piece is known by its pass (0, 1, ...) and its coordinates [a, b): tokens counted
/// from the ring's start on pass 0, so that pass p of a ring of N tokens begins at p·N.
public enum Ring {
  /// The version of the order: part of a dataset's fingerprint.
  public static let version = 1

  /// Keeps the numbers of the ring's start apart from those of the jitter.
  @usableFromInline static let startDomain: UInt64 = 0x7269_6E67_7374_7274  // "ringstrt"
  @usableFromInline static let jitterDomain: UInt64 = 0x7269_6E67_6A69_7474  // "ringjitt"

  /// Where the ring of a language starts: its first piece is the first one, in the order of keys,
  /// whose (high, low) is not below this; the smallest of all if there is none.
  ///
  /// All pieces of a document share (high, low), so a ring starts with the start of a document.
  public static func startKey(seed: UInt64, tag: LanguageTag) -> (high: UInt64, low: UInt64) {
    (
      mixed(seed: seed, startDomain, tag.rawValue, 0),
      mixed(seed: seed, startDomain, tag.rawValue, 1)
    )
  }

  /// Where inside its own interval a copy has its place: u of 2^64.
  ///
  /// Equal to `mixed(seed:)` of (the domain, pass, high, low, piece), without its array.
  @inlinable
  public static func jitter(seed: UInt64, pass: Int, key: PieceKey) -> UInt64 {
    var h = mix64(seed &+ 0x9E37_79B9_7F4A_7C15)
    h = mix64((h ^ jitterDomain) &+ 0x9E37_79B9_7F4A_7C15)
    h = mix64((h ^ UInt64(bitPattern: Int64(pass))) &+ 0x9E37_79B9_7F4A_7C15)
    h = mix64((h ^ key.high) &+ 0x9E37_79B9_7F4A_7C15)
    h = mix64((h ^ key.low) &+ 0x9E37_79B9_7F4A_7C15)
    return mix64((h ^ UInt64(key.piece)) &+ 0x9E37_79B9_7F4A_7C15)
  }

  /// The coordinates that concern shard `shard` of `count` for a language of `quota` tokens.
  ///
  /// A copy [a, b) of the shard has b > lowerBound and a < upperBound; the converse does not hold,
  /// the jitter decides at both ends. `lowerBound` is the token in whose interval the shard's edge
  /// lies. The ranges of neighbouring shards overlap by at most one token.
  ///
  /// - Parameters: 0 <= shard < count, quota > 0.
  public static func coordinates(ofShard shard: Int, of count: Int, quota: Int) -> Range<Int> {
    precondition(shard >= 0 && shard < count && quota > 0)
    let lower = scaled(quota, by: edge(shard, count))
    guard shard + 1 < count else { return min(lower.floor, quota)..<quota }
    return lower.floor..<scaled(quota, by: edge(shard + 1, count)).ceiling
  }

  /// The smallest ring coordinate that can have a place in shard `shard`: copies that end at or
  /// before it are in earlier shards.
  public static func firstCoordinate(ofShard shard: Int, of count: Int, quota: Int) -> Int {
    coordinates(ofShard: shard, of: count, quota: quota).lowerBound
  }

  /// The smallest place of shard `shard`: ceil(shard·2^64 / count). Not for shard = count.
  private static func edge(_ shard: Int, _ count: Int) -> UInt64 {
    let (quotient, remainder) = UInt64(count).dividingFullWidth((UInt64(shard), 0))
    return remainder == 0 ? quotient : quotient + 1
  }

  /// quota·place / 2^64, rounded both ways.
  private static func scaled(_ quota: Int, by place: UInt64) -> (floor: Int, ceiling: Int) {
    let product = UInt64(quota).multipliedFullWidth(by: place)
    return (Int(product.high), Int(product.high) + (product.low == 0 ? 0 : 1))
  }
}
