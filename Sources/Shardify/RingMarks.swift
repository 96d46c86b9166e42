import ShardifyCore

/// Places on a ring at which a walk can begin: keys and the tokens before them, in key order, evenly
/// over the pieces. Memory does not grow with the ring: when there are many, every other goes.
struct RingMarks: Sendable {
  /// At most this many, 40 bytes each; a ring of a billion pieces has one every 524,288.
  static let limit = 4096
  /// Pieces between two marks of a small ring.
  static let smallestInterval = 1024

  private(set) var marks: [(key: PieceKey, tokens: Int)] = []
  /// Pieces between two marks now.
  private(set) var interval = RingMarks.smallestInterval

  /// Takes the next piece: its number in key order, from 0, and the tokens before it.
  mutating func add(_ key: PieceKey, piece: Int, tokens: Int) {
    guard piece % interval == 0 else { return }
    if marks.count == RingMarks.limit {
      marks = stride(from: 0, to: marks.count, by: 2).map { marks[$0] }
      interval *= 2
      // The limit is even: the piece after a full list is a multiple of the wider interval too.
    }
    marks.append((key, tokens))
  }
}
