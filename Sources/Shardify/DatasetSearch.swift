import Balance
import Manifest
import ShardifyCore
import Shards

/// Finds the copies of a document in a dataset by its shards' own tables.
///
/// The copies of a language stand in the order of its ring, so the shards that can hold a document
/// are found by halving, whatever their number; only those are read. Not for two threads at once.
final class DatasetSearch {
  let facts: VerifyFacts
  private var reader: (path: String, reader: ShardReader)?
  /// Of shards looked at: first and last copy of each language.
  private var edges: [String: [(first: RingOrder, last: RingOrder)?]] = [:]
  /// The rows of the shards that hold a language, by language.
  private let shards: [DatasetManifest.Split: [[DatasetManifest.Shard]]]

  init(facts: VerifyFacts) {
    self.facts = facts
    var shards: [DatasetManifest.Split: [[DatasetManifest.Shard]]] = [:]
    for split in [DatasetManifest.Split.train, .holdout] {
      var byNumber: [Int: DatasetManifest.Shard] = [:]
      for shard in facts.manifest.shards where shard.split == split {
        byNumber[shard.shard] = shard
      }
      var rows = Array(repeating: [DatasetManifest.Shard](), count: facts.languages.count)
      for part in facts.manifest.shardLanguages where part.split == split && part.pieces > 0 {
        if let number = facts.numbers[part.tag], let shard = byNumber[part.shard] {
          rows[number].append(shard)
        }
      }
      shards[split] = rows.map { $0.sorted { $0.shard < $1.shard } }
    }
    self.shards = shards
  }

  /// The shard of a row, opened; the last one stays open.
  func open(_ row: DatasetManifest.Shard) throws -> ShardReader {
    if let reader, reader.path == row.path { return reader.reader }
    let opened = try ShardReader(path: facts.folder + "/" + row.path)
    guard opened.header.plan == facts.plan,
      opened.header.languages == facts.languages.map(\.row.tag)
    else {
      throw StageFailure(
        .damaged, "cannot locate", path: opened.path, found: "a shard of another plan",
        expected: "the dataset's", remedy: "run shardify verify on it")
    }
    reader = (row.path, opened)
    return opened
  }

  /// All copies of a document in one part of the dataset, by language, in the dataset's order.
  func copies(
    of content: ContentHash, _ split: DatasetManifest.Split
  ) throws -> [(language: Int, copies: [LocateReport.Copy])] {
    let key = facts.storeKey.key(of: content)
    var found: [(language: Int, copies: [LocateReport.Copy])] = []
    for language in facts.languages.indices {
      var copies: [LocateReport.Copy] = []
      for pass in passes(language, split) {
        copies += try self.copies(of: content, key, language, pass, split)
      }
      if !copies.isEmpty { found.append((language, copies)) }
    }
    return found
  }

  private func passes(_ language: Int, _ split: DatasetManifest.Split) -> ClosedRange<Int> {
    let row = facts.languages[language].row
    guard split == .train, row.availableTokens > 0, row.writtenTokens > 0 else { return 0...0 }
    return row.firstPass...row.firstPass + (row.firstOffset + row.writtenTokens - 1)
      / row.availableTokens
  }

  private func copies(
    of content: ContentHash, _ key: PieceKey, _ language: Int, _ pass: Int,
    _ split: DatasetManifest.Split
  ) throws -> [LocateReport.Copy] {
    let rows = shards[split]?[language] ?? []
    let start = facts.languages[language].start
    let wrapped = split == .train && (key.high, key.low) < start
    let first = RingOrder(pass: pass, wrapped: wrapped, key: key)
    let last = RingOrder(
      pass: pass, wrapped: wrapped, key: PieceKey(high: key.high, low: key.low, piece: .max))
    var low = 0
    var high = rows.count
    while low < high {
      let middle = (low + high) / 2
      if let edge = try edges(rows[middle], split)[language], edge.last < first {
        low = middle + 1
      } else {
        high = middle
      }
    }
    var copies: [LocateReport.Copy] = []
    for row in rows[low...] {
      guard let edge = try edges(row, split)[language], !(last < edge.first) else { break }
      copies += try scan(row, content, language, pass)
    }
    return copies
  }

  private func scan(
    _ row: DatasetManifest.Shard, _ content: ContentHash, _ language: Int, _ pass: Int
  ) throws -> [LocateReport.Copy] {
    let pieces = try open(row).pieces
    var copies: [LocateReport.Copy] = []
    var token = 0
    for number in 0..<pieces.count {
      let piece = pieces[number]
      if piece.content == content, piece.languageIndex == language, piece.pass == pass {
        copies.append(DatasetSearch.copy(row, number, token, piece))
      }
      token += piece.tokenCount
    }
    return copies
  }

  static func copy(
    _ row: DatasetManifest.Shard, _ number: Int, _ token: Int, _ piece: ShardPiece
  ) -> LocateReport.Copy {
    LocateReport.Copy(
      split: row.split, shard: row.shard, path: row.path, piece: number, firstToken: token,
      tokens: piece.tokenCount, pass: piece.pass, pieceOfDocument: piece.piece)
  }

  private func edges(
    _ row: DatasetManifest.Shard, _ split: DatasetManifest.Split
  ) throws -> [(first: RingOrder, last: RingOrder)?] {
    if let known = edges[row.path] { return known }
    let pieces = try open(row).pieces
    var ends = [(first: Int, last: Int)?](repeating: nil, count: facts.languages.count)
    for number in 0..<pieces.count {
      let language = pieces[number].languageIndex
      ends[language] = (ends[language]?.first ?? number, number)
    }
    let found = ends.enumerated().map {
      language, ends -> (first: RingOrder, last: RingOrder)? in
      guard let ends else { return nil }
      let start = facts.languages[language].start
      func order(_ piece: ShardPiece) -> RingOrder {
        let key = facts.storeKey.key(of: piece.content)
        return RingOrder(
          pass: piece.pass, wrapped: split == .train && (key.high, key.low) < start,
          key: PieceKey(high: key.high, low: key.low, piece: UInt32(clamping: piece.piece)))
      }
      return (order(pieces[ends.first]), order(pieces[ends.last]))
    }
    edges[row.path] = found
    return found
  }
}
