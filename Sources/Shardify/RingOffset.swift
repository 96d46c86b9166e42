import Balance
import Compression
import ShardifyCore
import Shards

extension StoreScan.Ring {
  /// Tokens of the ring before the first piece at or after a start, in ring order; at most the
  /// whole ring, where no piece is left on that pass.
  func offset(
    of start: RingStart, seed: UInt64, cursor: LanguageCursor
  ) throws(ShardsFailure) -> Int {
    guard let key = start.key, !marks.isEmpty else { return 0 }
    var low = 0
    var high = marks.count
    while low < high {
      let middle = (low + high) / 2
      if marks[middle].key <= key { low = middle + 1 } else { high = middle }
    }
    var below = 0
    if low > 0 {
      below = marks[low - 1].tokens
      try cursor.seek(to: marks[low - 1].key)
      while let piece = cursor.key, piece < key, let (_, table, index) = cursor.current {
        below += table.tokenCount(index)
        try cursor.advance()
      }
    }
    let own = Balance.Ring.startKey(seed: seed, tag: tag)
    return (key.high, key.low) < own ? tokens - ringStart + below : below - ringStart
  }
}
