import Balance
import Manifest
import ShardifyCore
import Shards

/// Finds the copies of a document in a dataset by its shards' own tables.
///
/// The copies of a ring stand in its order, so the shards that can hold a document
/// are found by halving, whatever their number; only those are read. Not for two threads at once.
final class DatasetSearch {
  let facts: VerifyFacts
  private var reader: (path: String, reader: ShardReader)?
  /// Of shards looked at: first and last copy of each ring, or held-out language.
  private var edges: [String: [(first: RingOrder, last: RingOrder)?]] = [:]
  /// The rows of the shards that hold a ring, or held-out language, by its number.
  private let shards: [DatasetManifest.Split: [[DatasetManifest.Shard]]]

  init(facts: VerifyFacts) {
    self.facts = facts
    var shards: [DatasetManifest.Split: [[DatasetManifest.Shard]]] = [:]
    for split in [DatasetManifest.Split.train, .holdout] {
      var byNumber: [Int: DatasetManifest.Shard] = [:]
      for shard in facts.manifest.shards where shard.split == split {
        byNumber[shard.shard] = shard
      }
      var rows = Array(
        repeating: [DatasetManifest.Shard](), count: facts.headerTags(split).count)
      func see(_ number: Int?, _ shard: Int) {
        if let number, let shard = byNumber[shard] { rows[number].append(shard) }
      }
      if split == .train && facts.isDivided {
        for part in facts.manifest.shardParts where part.pieces > 0 {
          see(facts.ring(part.tag, part.part), part.shard)
        }
      } else {
        for part in facts.manifest.shardLanguages where part.split == split && part.pieces > 0 {
          see(facts.numbers[part.tag], part.shard)
        }
      }
      shards[split] = rows.map { $0.sorted { $0.shard < $1.shard } }
    }
    self.shards = shards
  }

  /// The copies of a document under one language.
  struct Found {
    var language: Int
    /// The pattern of the part they belong to, of a language that is divided.
    var part: String?
    var copies: [LocateReport.Copy]
  }

  /// The shard of a row, opened; the last one stays open.
  func open(_ row: DatasetManifest.Shard) throws -> ShardReader {
    if let reader, reader.path == row.path { return reader.reader }
    let opened = try ShardReader(path: facts.folder + "/" + row.path)
    guard opened.header.plan == facts.plan,
      opened.header.languages == facts.headerTags(row.split)
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
  ) throws -> [Found] {
    let key = facts.storeKey.key(of: content)
    var found: [Found] = []
    for language in facts.languages.indices {
      let numbers =
        split == .train ? facts.languages[language].rings : language..<language + 1
      for number in numbers {
        var copies: [LocateReport.Copy] = []
        for pass in passes(number, split) {
          copies += try self.copies(of: content, key, number, pass, split)
        }
        if copies.isEmpty { continue }
        let ring = split == .train ? facts.rings[number] : nil
        found.append(
          Found(
            language: language, part: ring?.part.map { _ in ring?.pattern ?? "" }, copies: copies))
      }
    }
    return found
  }

  private func passes(_ number: Int, _ split: DatasetManifest.Split) -> ClosedRange<Int> {
    guard split == .train else { return 0...0 }
    let ring = facts.rings[number]
    guard ring.availableTokens > 0, ring.writtenTokens > 0 else { return 0...0 }
    return ring.firstPass...ring.firstPass + (ring.firstOffset + ring.writtenTokens - 1)
      / ring.availableTokens
  }

  private func ringStart(
    _ number: Int, _ split: DatasetManifest.Split
  ) -> (high: UInt64, low: UInt64) {
    split == .train ? facts.rings[number].start : facts.languages[number].start
  }

  private func copies(
    of content: ContentHash, _ key: PieceKey, _ number: Int, _ pass: Int,
    _ split: DatasetManifest.Split
  ) throws -> [LocateReport.Copy] {
    let rows = shards[split]?[number] ?? []
    let wrapped = split == .train && (key.high, key.low) < ringStart(number, split)
    let first = RingOrder(pass: pass, wrapped: wrapped, key: key)
    let last = RingOrder(
      pass: pass, wrapped: wrapped, key: PieceKey(high: key.high, low: key.low, piece: .max))
    var low = 0
    var high = rows.count
    while low < high {
      let middle = (low + high) / 2
      if let edge = try edges(rows[middle], split)[number], edge.last < first {
        low = middle + 1
      } else {
        high = middle
      }
    }
    var copies: [LocateReport.Copy] = []
    for row in rows[low...] {
      guard let edge = try edges(row, split)[number], !(last < edge.first) else { break }
      copies += try scan(row, content, number, pass)
    }
    return copies
  }

  private func scan(
    _ row: DatasetManifest.Shard, _ content: ContentHash, _ number: Int, _ pass: Int
  ) throws -> [LocateReport.Copy] {
    let pieces = try open(row).pieces
    var copies: [LocateReport.Copy] = []
    var token = 0
    for place in 0..<pieces.count {
      let piece = pieces[place]
      if piece.content == content, piece.languageIndex == number, piece.pass == pass {
        copies.append(DatasetSearch.copy(row, place, token, piece))
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
    var ends = [(first: Int, last: Int)?](
      repeating: nil, count: facts.headerTags(split).count)
    for number in 0..<pieces.count {
      let language = pieces[number].languageIndex
      ends[language] = (ends[language]?.first ?? number, number)
    }
    let found = ends.enumerated().map {
      language, ends -> (first: RingOrder, last: RingOrder)? in
      guard let ends else { return nil }
      let start = ringStart(language, split)
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
