import Compression
import Files
import ShardifyCore
import Shards

@testable import Shardify

/// A document as the tests of filters know it, beside its pieces in a run.
struct ViewDocument {
  var number: Int
  var language: LanguageTag
  var source: String
  var pieceTokens: [Int]
  var pieceBytes: [Int]
  var label: LanguageTag?
  /// In 1/10,000.
  var probability = 0
  var script = "Latn"
  /// In 1/10,000.
  var scriptShare = 0
  var flags: UInt8 = 0
  var inputLanguage: LanguageTag?
  var numbers: [Double] = []
  var isHeldOut = false

  static let storeKey = StoreKey(seed: 7)
  static let columns = ["quality", "stars"]
  static let languages = ["deu_Latn", "hrv_Latn", "srp_Latn"].compactMap { LanguageTag($0) }

  var content: ContentHash {
    ContentHash(high: mix64(UInt64(number)), low: mix64(UInt64(number) + 1_000_003))
  }

  var tokens: Int { pieceTokens.reduce(0, +) }
  var bytes: Int { pieceBytes.reduce(0, +) }

  static func random(_ number: Int, _ random: inout SeededRandom) -> ViewDocument {
    func pick<T>(_ list: [T]) -> T { list[Int(random.below(UInt64(list.count)))] }
    let pieces = (0...Int(random.below(3))).map { _ in 1 + Int(random.below(9)) }
    return ViewDocument(
      number: number, language: pick(languages), source: pick(["", "books", "web/a", "web/b"]),
      pieceTokens: pieces, pieceBytes: pieces.map { $0 * (1 + Int(random.below(4))) },
      label: pick([nil, languages[0], languages[1], languages[2]]),
      probability: pick([0, 5_000, 6_500, 9_999]), script: pick(["Latn", "Cyrl"]),
      scriptShare: pick([0, 9_000, 10_000]), flags: UInt8(random.below(16)),
      inputLanguage: pick([nil, languages[0], languages[1]]),
      numbers: [pick([.nan, 0.25, 3]), pick([.nan, -1, 5])], isHeldOut: random.below(5) == 0)
  }

  /// Its pieces, with the number of its source among a run's names.
  func rows(source number: Int) -> [PieceRow] {
    let key = ViewDocument.storeKey.key(of: content)
    return pieceTokens.indices.map { place in
      var flags: PieceFlags = place == 0 ? .first : []
      if place == pieceTokens.count - 1 { flags.insert(.last) }
      if isHeldOut { flags.insert(.heldOut) }
      return PieceRow(
        language: language, key: PieceKey(high: key.high, low: key.low, piece: UInt32(place)),
        content: content, tokenCount: UInt32(pieceTokens[place]),
        byteCount: UInt32(pieceBytes[place]), scalarCount: UInt32(2 * pieceBytes[place]),
        flags: flags, source: UInt32(number), offset: UInt64(100 * self.number),
        script: ScriptTag(script) ?? ScriptTag(unchecked: 0), scriptShare: UInt16(scriptShare),
        detectionFlags: self.flags, labels: (label?.rawValue ?? 0, 0, 0),
        probabilities: (UInt16(probability), 0, 0), inputLanguage: inputLanguage?.rawValue ?? 0)
    }
  }
}

/// Runs of such documents on disk; removed when the value goes.
final class ViewFixture {
  private let folder: String
  let runs: [RunReader]

  /// Writes a run for each list; of copies in one list the caller gives one.
  init(_ files: [[ViewDocument]]) throws {
    folder = TemporaryPath.unused()
    try FileSystem.makeFolders(folder)
    var runs: [RunReader] = []
    for (number, documents) in files.enumerated() {
      let path = "\(folder)/\(number)"
      try ViewFixture.write(documents, to: path)
      runs.append(try RunReader(path: path))
    }
    self.runs = runs
  }

  deinit { TemporaryPath.remove(folder) }

  private static func write(_ documents: [ViewDocument], to path: String) throws {
    let sources = Set(documents.map(\.source)).union([""]).sorted()
    let writer = try RunWriter(
      path: path,
      index: RunIndex(
        storeKey: ViewDocument.storeKey, tokenizer: SHA256.of([1]), tokenWidthBytes: 2),
      numberColumns: ViewDocument.columns.count, level: 1, jobs: 1)
    var rows: [(row: PieceRow, numbers: [Double])] = []
    for document in documents {
      let source = sources.firstIndex(of: document.source) ?? 0
      rows += document.rows(source: source).map { ($0, document.numbers) }
    }
    rows.sort { ($0.row.language, $0.row.key) < ($1.row.language, $1.row.key) }
    for (row, numbers) in rows {
      let tokens = [UInt8](repeating: UInt8(row.content.low & 0xFF), count: 2 * Int(row.tokenCount))
      try tokens.withUnsafeBytes { try writer.append(row, numbers: numbers, tokens: $0) }
    }
    _ = try writer.finish(
      names: RunNames(sources: sources, numberColumns: ViewDocument.columns), duplicates: 0)
  }

  func view(
    _ conditions: [String] = [], excluded: [ContentHash]? = nil, labels: LabelMap? = nil
  ) throws -> StoreView {
    var options = ViewOptions()
    options.conditions = conditions
    options.excludedHashes = excluded.map { ExcludedHashes($0) }
    options.labelMap = labels
    return try StoreView(
      runs: runs, holdout: Holdout(), numberColumns: ViewDocument.columns, options: options)
  }
}

/// What a walk over a language of a view meets.
struct ViewWalk: Equatable {
  var keys: [PieceKey] = []
  var tokens: [Int] = []
  var status: [DocumentStatus] = []
  var duplicates = 0

  init(
    _ view: StoreView, _ tag: LanguageTag, _ part: LanguageCursor.Part, from: PieceKey? = nil
  ) throws {
    let cursor = view.cursor(of: tag, part: part, zstd: try ZstdDecompressor())
    try cursor.seek(to: from ?? PieceKey(high: 0, low: 0, piece: 0))
    while let key = cursor.key, let (_, table, index) = cursor.current {
      keys.append(key)
      tokens.append(table.tokenCount(index))
      if let found = try cursor.status() { status.append(found) }
      try cursor.advance()
    }
    duplicates = cursor.duplicateDocuments
  }
}
