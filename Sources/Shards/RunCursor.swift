import Compression
import ShardifyCore

/// Walks the pieces of one language in one run, in key order. One piece table and at most one
/// frame of tokens are in memory.
final class RunCursor {
  let run: RunReader
  /// The run's number among those of the store.
  let number: Int
  let language: LanguageTag
  private let frames: Range<Int>
  private let zstd: ZstdDecompressor
  private var frame: Int
  private var table: PieceTable?
  private var piece = 0
  private var tokenStart = 0
  /// Room for the tokens of a frame, used again for the next, and whether they are read.
  private var tokens: [UInt8] = []
  private var hasTokens = false

  init(run: RunReader, number: Int = 0, language: LanguageTag, zstd: ZstdDecompressor) {
    self.run = run
    self.number = number
    self.language = language
    self.zstd = zstd
    frames = run.frames(of: language)
    frame = frames.upperBound
  }

  /// The key of the current piece; nil past the end.
  private(set) var key: PieceKey?

  /// Goes to the first piece whose key is at least `target`.
  func seek(to target: PieceKey) throws(ShardsFailure) {
    var low = frames.lowerBound
    var high = frames.upperBound
    while low < high {
      let middle = (low + high) / 2
      if run.index.frames[middle].lastKey < target { low = middle + 1 } else { high = middle }
    }
    if low != frame || table == nil || piece >= (table?.count ?? 0) { try open(low) }
    guard let table else { return }
    piece = 0
    tokenStart = 0
    var count = 0
    while count < table.count, table.key(count) < target {
      tokenStart += table.tokenCount(count)
      count += 1
    }
    piece = count
    try settle()
  }

  /// Goes to the next piece.
  func advance() throws(ShardsFailure) {
    guard let table, piece < table.count else { return }
    tokenStart += table.tokenCount(piece)
    piece += 1
    try settle()
  }

  /// The table that holds the current piece, and the piece's number in it.
  var current: (table: PieceTable, index: Int)? {
    guard let table, piece < table.count else { return nil }
    return (table, piece)
  }

  /// The length of the whole document of the current piece: its pieces follow each other, but not
  /// all in one frame.
  func documentLength() throws(ShardsFailure) -> DocumentLength {
    guard let (table, index) = current else { return DocumentLength() }
    var length = DocumentLength()
    length.add(table, index)
    if table.flags(index).isSuperset(of: [.first, .last]) { return length }
    let key = table.key(index)
    var place = (frame: frame, table: table, index: index)
    while !place.table.flags(place.index).contains(.last) {
      place.index += 1
      if place.index == place.table.count {
        guard frames.contains(place.frame + 1) else { break }
        place = (place.frame + 1, try run.table(of: place.frame + 1, with: zstd), 0)
      }
      guard place.table.isOf(key, place.index) else { break }
      length.add(place.table, place.index)
    }
    place = (frame, table, index)
    while !place.table.flags(place.index).contains(.first) {
      if place.index == 0 {
        guard frames.contains(place.frame - 1) else { break }
        let before = try run.table(of: place.frame - 1, with: zstd)
        place = (place.frame - 1, before, before.count)
      }
      place.index -= 1
      guard place.table.isOf(key, place.index) else { break }
      length.add(place.table, place.index)
    }
    return length
  }

  /// Appends the tokens of the current piece, as stored.
  func appendTokens(to out: inout [UInt8]) throws(ShardsFailure) {
    guard let table, piece < table.count else { return }
    if !hasTokens {
      try run.readTokens(of: frame, with: zstd, into: &tokens)
      hasTokens = true
    }
    let width = run.index.tokenWidthBytes
    let start = tokenStart * width
    tokens.withUnsafeBytes {
      out.append(
        contentsOf: UnsafeRawBufferPointer(
          rebasing: $0[start..<start + table.tokenCount(piece) * width]))
    }
  }

  private func open(_ number: Int) throws(ShardsFailure) {
    frame = number
    piece = 0
    tokenStart = 0
    hasTokens = false
    table = frames.contains(number) ? try run.table(of: number, with: zstd) : nil
    key = table?.key(0)
  }

  private func settle() throws(ShardsFailure) {
    while let table, piece >= table.count { try open(frame + 1) }
    key = table?.key(piece)
  }
}
