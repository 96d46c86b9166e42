import Compression
import ShardifyCore
import Shards

/// A piece with its tokens, as tests make them.
struct TestPiece: Equatable {
  var row: PieceRow
  /// The name `row.source` stands for.
  var source: String
  var numbers: [Double]
  var ids: [TokenID]

  static func == (a: TestPiece, b: TestPiece) -> Bool {
    a.row == b.row && a.source == b.source && a.ids == b.ids
      && a.numbers.map(\.bitPattern) == b.numbers.map(\.bitPattern)
  }
}

/// What the tests' pieces are made from: everything follows from the seed.
struct PieceFixture {
  static let storeKey = StoreKey(seed: 7)
  static let tokenizer = SHA256.of(Array("a tokenizer".utf8))
  static let endOfText: TokenID = 299
  static let languages = ["ara_Arab", "deu_Latn", "yor_Latn"].compactMap { LanguageTag($0) }

  var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(seed: seed) }

  /// The pieces of one document, in order; its text is a number.
  mutating func document(
    _ number: Int, _ language: LanguageTag, pieceTokens: [Int], columns: Int = 0,
    source: String = "", heldOut: Bool = false
  ) -> [TestPiece] {
    let content = ContentHash(
      high: mix64(UInt64(number)), low: mix64(UInt64(number) + 1_000_003))
    let key = PieceFixture.storeKey.key(of: content)
    let numbers = (0..<columns).map { $0 == 0 ? Double(number) : .nan }
    return pieceTokens.enumerated().map { place, tokens in
      var flags: PieceFlags = place == 0 ? .first : []
      if place == pieceTokens.count - 1 { flags.insert(.last) }
      if heldOut { flags.insert(.heldOut) }
      var ids = (0..<tokens).map { _ in TokenID(random.below(299)) }
      if flags.contains(.last) { ids[tokens - 1] = PieceFixture.endOfText }
      let row = PieceRow(
        language: language, key: PieceKey(high: key.high, low: key.low, piece: UInt32(place)),
        content: content, tokenCount: UInt32(tokens), byteCount: UInt32(3 * tokens),
        scalarCount: UInt32(2 * tokens), flags: flags, input: 3, offset: UInt64(100 * number),
        idHash: UInt64(number), scriptShare: 9_876, detectionFlags: 5, labels: (1, 2, UInt64.max),
        probabilities: (9_000, 500, 1), inputLanguage: language.rawValue)
      return TestPiece(row: row, source: source, numbers: numbers, ids: ids)
    }
  }
}

/// Token ids as they are stored.
func encoded(_ ids: [TokenID], width: Int) -> [UInt8] {
  var out: [UInt8] = []
  for id in ids {
    if width == 2 { out.appendLittleEndian(UInt16(id)) } else { out.appendLittleEndian(id) }
  }
  return out
}

/// Writes pieces, sorted here, as a run.
@discardableResult
func writeRun(
  _ pieces: [TestPiece], to path: String, width: Int = 2, columns: [String] = [],
  duplicates: Int = 0, jobs: Int = 1, notes: [String] = []
) throws -> RunIndex {
  let sources = Set(pieces.map(\.source)).union([""]).sorted()
  let writer = try RunWriter(
    path: path,
    index: RunIndex(
      storeKey: PieceFixture.storeKey, tokenizer: PieceFixture.tokenizer, tokenWidthBytes: width),
    numberColumns: columns.count, level: 1, jobs: jobs)
  for var piece in sorted(pieces) {
    piece.row.source = UInt32(sources.firstIndex(of: piece.source) ?? 0)
    try encoded(piece.ids, width: width).withUnsafeBytes {
      try writer.append(piece.row, numbers: piece.numbers, tokens: $0)
    }
  }
  return try writer.finish(
    names: RunNames(sources: sources, numberColumns: columns, notes: notes),
    duplicates: duplicates)
}

/// In order of (language, key).
func sorted(_ pieces: [TestPiece]) -> [TestPiece] {
  pieces.sorted { ($0.row.language, $0.row.key) < ($1.row.language, $1.row.key) }
}

/// Reads every frame of a run.
func readRun(_ path: String) throws -> (reader: RunReader, pieces: [TestPiece]) {
  let reader = try RunReader(path: path)
  let zstd = try ZstdDecompressor()
  var pieces: [TestPiece] = []
  for (number, frame) in reader.index.frames.enumerated() {
    let table = try reader.table(of: number, with: zstd)
    let tokens = try reader.tokens(of: number, with: zstd)
    var start = 0
    for index in 0..<table.count {
      let end = start + table.tokenCount(index)
      pieces.append(
        TestPiece(
          row: table.row(index, language: frame.language),
          source: reader.names.sources[table.source(index)],
          numbers: (0..<table.numberColumns).map { table.number(index, column: $0) },
          ids: decoded(tokens, width: reader.index.tokenWidthBytes, start..<end)))
      start = end
    }
  }
  return (reader, pieces)
}

/// Token ids from the bytes they are stored in.
func decoded(_ bytes: [UInt8], width: Int, _ range: Range<Int>) -> [TokenID] {
  range.map { place in
    (0..<width).reduce(0) { $0 | TokenID(bytes[place * width + $1]) << (8 * TokenID($1)) }
  }
}
