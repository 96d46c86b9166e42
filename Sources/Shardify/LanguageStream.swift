import Balance
import Compression
import ShardifyCore
import Shards

/// The copies of one ring in dataset order, with their places: of a language, or of a part of one.
final class LanguageStream {
  /// The ring's number in the plan.
  let ringIndex: Int
  private let cursor: LanguageCursor
  private let quota: Int
  private let ringTokens: Int
  private let scan: StoreScan.Ring
  private let seed: UInt64
  /// Ring tokens from the ring's own start on the first pass to where the dataset starts.
  private let tokensBefore: Int
  private var start = 0

  /// The place of the current copy; nil when the quota is reached.
  private(set) var place: Place?

  init(
    ringIndex: Int, plan: RingPlan, scan: StoreScan.Ring, view: StoreView, seed: UInt64,
    zstd: ZstdDecompressor
  ) {
    self.ringIndex = ringIndex
    self.seed = seed
    quota = plan.quota
    ringTokens = scan.tokens
    tokensBefore = plan.tokensBefore
    self.scan = scan
    cursor = view.cursor(of: plan.tag, part: .training, sourcePart: plan.part, zstd: zstd)
  }

  /// Goes to the first copy of a shard or of one after it.
  func seek(toShard shard: Int, of shardCount: Int) throws(ShardsFailure) {
    guard quota > 0, ringTokens > 0 else { return }
    try seek(to: Ring.firstCoordinate(ofShard: shard, of: shardCount, quota: quota))
    while let place, place.shard(of: shardCount) < shard { try advance() }
  }

  /// Where a dataset that continues this one starts: after the last copy that the quota gives. Nil
  /// if it gives none.
  func end() throws(ShardsFailure) -> RingStart? {
    guard quota > 0, ringTokens > 0 else { return nil }
    try seek(to: quota - 1)
    guard let key = cursor.key else { return nil }
    return RingStart(after: key, pass: pass)
  }

  /// The current copy as a shard describes it.
  var piece: ShardPiece? {
    guard let (_, table, index) = cursor.current, let key = cursor.key else { return nil }
    return ShardPiece(
      languageIndex: ringIndex, flags: table.flags(index).intersection([.first, .last]),
      pass: pass, piece: Int(key.piece), tokenCount: table.tokenCount(index),
      byteCount: table.byteCount(index), content: table.content(index))
  }

  /// Passes over the ring before the current copy, with those of the datasets that this one
  /// continues.
  private var pass: Int { (tokensBefore + start) / ringTokens }

  /// Appends the tokens of the current copy, as stored.
  func appendTokens(to out: inout [UInt8]) throws(ShardsFailure) {
    try cursor.appendTokens(to: &out)
  }

  /// Goes to the next copy.
  func advance() throws(ShardsFailure) {
    guard let (_, table, index) = cursor.current else { return }
    start += table.tokenCount(index)
    try cursor.advance()
    try settle()
  }

  /// Goes to the first copy that ends after a coordinate of the dataset.
  private func seek(to coordinate: Int) throws(ShardsFailure) {
    let (pass, onRing) = (tokensBefore + coordinate).quotientAndRemainder(dividingBy: ringTokens)
    let wanted = (onRing + scan.ringStart) % ringTokens
    var low = 0
    var high = scan.marks.count
    while low < high {
      let middle = (low + high) / 2
      if scan.marks[middle].tokens <= wanted { low = middle + 1 } else { high = middle }
    }
    let mark = scan.marks[max(0, low - 1)]
    try cursor.seek(to: mark.key)
    var tokens = mark.tokens
    while let (_, table, index) = cursor.current, tokens + table.tokenCount(index) <= wanted {
      tokens += table.tokenCount(index)
      try cursor.advance()
    }
    let ring = (tokens - scan.ringStart + ringTokens) % ringTokens
    start = pass * ringTokens + ring - tokensBefore
    try settle()
  }

  /// Closes the ring at its end, and finds the place of the current copy.
  private func settle() throws(ShardsFailure) {
    place = nil
    guard start < quota else { return }
    if cursor.current == nil { try cursor.rewind() }
    guard let (_, table, index) = cursor.current, let key = cursor.key else { return }
    place = Place(
      start: start, end: start + table.tokenCount(index), quota: quota,
      jitter: Ring.jitter(seed: seed, pass: pass, key: key))
  }
}
