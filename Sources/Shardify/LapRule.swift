import Balance
import ShardifyCore
import Shards

/// Tells whether a copy is the first of its piece in a dataset, by its language's first lap: from
/// where the dataset starts on the ring to the same place one pass later.
struct LapRule: Sendable {
  private let storeKey: StoreKey
  /// By the language's number: the ring's own start, and the end of the first lap.
  private let ends: [(start: (high: UInt64, low: UInt64), end: RingOrder)]

  init(storeKey: StoreKey, seed: UInt64, languages: [(tag: LanguageTag, start: RingStart)]) {
    self.storeKey = storeKey
    ends = languages.map { language in
      let start = Ring.startKey(seed: seed, tag: language.tag)
      return (start, RingOrder.of(language.start, ringStart: start).nextPass)
    }
  }

  /// Whether the dataset gives this piece for the first time.
  func isFirstLap(_ piece: ShardPiece) -> Bool {
    let (start, end) = ends[piece.languageIndex]
    // The pass alone decides nearly always.
    if piece.pass < end.pass { return true }
    if piece.pass > end.pass { return false }
    let key = storeKey.key(of: piece.content)
    let order = RingOrder(
      pass: piece.pass, ringStart: start,
      key: PieceKey(high: key.high, low: key.low, piece: UInt32(clamping: piece.piece)))
    return order < end
  }
}

/// Where a copy stands on its ring, by which the copies of a language ascend.
struct RingOrder: Sendable, Comparable {
  var pass: Int
  /// Whether the ring has passed its largest key.
  var wrapped: Bool
  var key: PieceKey

  init(pass: Int, wrapped: Bool, key: PieceKey) {
    self.pass = pass
    self.wrapped = wrapped
    self.key = key
  }

  init(pass: Int, ringStart: (high: UInt64, low: UInt64), key: PieceKey) {
    self.init(pass: pass, wrapped: (key.high, key.low) < ringStart, key: key)
  }

  /// The order of the first copy at or after a start.
  static func of(_ start: RingStart, ringStart: (high: UInt64, low: UInt64)) -> RingOrder {
    RingOrder(
      pass: start.pass, ringStart: ringStart,
      key: start.key ?? PieceKey(high: ringStart.high, low: ringStart.low, piece: 0))
  }

  /// The same place one pass later.
  var nextPass: RingOrder { RingOrder(pass: pass + 1, wrapped: wrapped, key: key) }

  static func < (a: RingOrder, b: RingOrder) -> Bool {
    if a.pass != b.pass { return a.pass < b.pass }
    if a.wrapped != b.wrapped { return b.wrapped }
    return a.key < b.key
  }
}
