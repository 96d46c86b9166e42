import Compression
import ShardifyCore

/// Which documents are held out of training beyond those the rank holds out: the smallest few of
/// languages that had too few.
public struct Holdout: Sendable, Equatable {
  /// The content hashes, by language.
  public var documents: [LanguageTag: Set<ContentHash>]

  /// Makes a holdout; empty by default.
  public init(documents: [LanguageTag: Set<ContentHash>] = [:]) { self.documents = documents }
}

/// The documents of some of a store's sources.
public struct SourceSelection: Sendable {
  /// What each source belongs to, by its number among a run's names; shape [runs][sources].
  public var parts: [[UInt8]]
  /// The part whose documents are taken.
  public var wanted: UInt8

  /// Joins the two; the names of every run that a cursor walks must be there.
  public init(parts: [[UInt8]], wanted: UInt8) {
    self.parts = parts
    self.wanted = wanted
  }
}

/// Walks the pieces of one language over all runs of a store, in key order, each document once.
///
/// A document that several runs hold is taken from the copy with the smallest source name, then
/// id, input and offset; the others are duplicates. A language may be put together from several of
/// the store's: then copies filed under different ones fall together in the same way. Filters see
/// the copy that stays, so that they do not depend on how documents are spread over runs.
public final class LanguageCursor {
  /// Which pieces a cursor stops at.
  public enum Part: Sendable {
    /// What may be trained on.
    case training
    /// What is held out.
    case heldOut
    /// Everything, what a filter leaves out as well.
    case all
  }

  private let cursors: [RunCursor]
  private let part: Part
  private let extra: Set<ContentHash>
  private let filter: (any DocumentFilter)?
  private let sources: SourceSelection?
  private var winner = -1
  /// What was decided of the document last asked about.
  private var decided: (high: UInt64, low: UInt64, status: DocumentStatus)?

  /// Makes a cursor over one language that stands before the first piece: call `seek` or `rewind`.
  public convenience init(
    runs: [RunReader], language: LanguageTag, part: Part, holdout: Holdout,
    zstd: ZstdDecompressor
  ) {
    self.init(
      runs: runs, languages: [language], part: part, holdout: holdout, filter: nil, zstd: zstd)
  }

  /// Makes a cursor over several languages of the store as one.
  ///
  /// - Parameters:
  ///   - languages: Ascending. A document held out under one of them is held out.
  ///   - filter: Leaves documents out; nil takes all.
  ///   - sources: Takes documents of some sources only, where the copy that stays is from one of
  ///     them; nil takes all. Without meaning for `all`.
  public init(
    runs: [RunReader], languages: [LanguageTag], part: Part, holdout: Holdout,
    filter: (any DocumentFilter)?, sources: SourceSelection? = nil, zstd: ZstdDecompressor
  ) {
    self.part = part
    self.filter = filter
    self.sources = sources
    extra = languages.reduce(into: []) { $0.formUnion(holdout.documents[$1] ?? []) }
    var cursors: [RunCursor] = []
    for language in languages {
      for (number, run) in runs.enumerated() where !run.frames(of: language).isEmpty {
        cursors.append(RunCursor(run: run, number: number, language: language, zstd: zstd))
      }
    }
    self.cursors = cursors
  }

  /// The key of the current piece; nil past the end.
  public private(set) var key: PieceKey?

  /// The run, table and place of the current piece.
  public var current: (run: RunReader, table: PieceTable, index: Int)? {
    guard winner >= 0, let (table, index) = cursors[winner].current else { return nil }
    return (cursors[winner].run, table, index)
  }

  /// The number of the current piece's run, and the language the store files it under.
  public var origin: (run: Int, language: LanguageTag)? {
    winner >= 0 ? (cursors[winner].number, cursors[winner].language) : nil
  }

  /// Documents left out because another copy stayed, among those passed so far.
  public private(set) var duplicateDocuments = 0

  /// Goes to the first piece.
  public func rewind() throws(ShardsFailure) {
    try seek(to: PieceKey(high: 0, low: 0, piece: 0))
  }

  /// Goes to the first piece whose key is at least `target`.
  public func seek(to target: PieceKey) throws(ShardsFailure) {
    for cursor in cursors { try cursor.seek(to: target) }
    choose()
    try settle()
  }

  /// Goes to the next piece.
  public func advance() throws(ShardsFailure) {
    try step()
    try settle()
  }

  /// Appends the tokens of the current piece, as stored.
  public func appendTokens(to out: inout [UInt8]) throws(ShardsFailure) {
    if winner >= 0 { try cursors[winner].appendTokens(to: &out) }
  }

  /// Whether the document of the current piece may be trained on, is held out, or is left out and
  /// why; nil past the end. The same for all pieces of a document.
  public func status() throws(ShardsFailure) -> DocumentStatus? {
    guard let key, winner >= 0, let (table, index) = cursors[winner].current else { return nil }
    if let decided, decided.high == key.high, decided.low == key.low { return decided.status }
    let isHeldOut =
      table.flags(index).contains(.heldOut)
      || (!extra.isEmpty && extra.contains(table.content(index)))
    var status = DocumentStatus(isHeldOut: isHeldOut, reason: nil)
    if let filter {
      let cursor = cursors[winner]
      status.reason = filter.reason(
        StoredDocument(
          run: cursor.number, language: cursor.language, table: table, index: index,
          length: filter.needsLength ? try cursor.documentLength() : DocumentLength()))
    }
    decided = (key.high, key.low, status)
    return status
  }

  /// Passes over pieces of the other part and what is left out.
  private func settle() throws(ShardsFailure) {
    if part == .all { return }
    while key != nil {
      if isOfSources, let status = try status(), status.reason == nil,
        status.isHeldOut == (part == .heldOut)
      {
        return
      }
      try step()
    }
  }

  private var isOfSources: Bool {
    guard let sources, winner >= 0, let (table, index) = cursors[winner].current else {
      return true
    }
    let parts = sources.parts[cursors[winner].number]
    let source = table.source(index)
    return source < parts.count && parts[source] == sources.wanted
  }

  private func step() throws(ShardsFailure) {
    guard let passed = key else { return }
    var copies = 0
    for cursor in cursors where cursor.key == passed {
      copies += 1
      try cursor.advance()
    }
    if passed.piece == 0 { duplicateDocuments += copies - 1 }
    choose()
  }

  private func choose() {
    winner = -1
    key = nil
    for (number, cursor) in cursors.enumerated() {
      guard let candidate = cursor.key else { continue }
      if let best = key {
        if best < candidate { continue }
        if best == candidate {
          if !precedes(cursor, cursors[winner]) { continue }
        }
      }
      key = candidate
      winner = number
    }
  }

  private func precedes(_ a: RunCursor, _ b: RunCursor) -> Bool {
    guard let (left, i) = a.current, let (right, j) = b.current else { return false }
    return DuplicateOrder.precedes(
      left.row(i, language: a.language), DuplicateOrder.numbers(left, i),
      source: name(a.run, left.source(i)), right.row(j, language: b.language),
      DuplicateOrder.numbers(right, j), source: name(b.run, right.source(j)))
  }

  private func name(_ run: RunReader, _ source: Int) -> String {
    source < run.names.sources.count ? run.names.sources[source] : ""
  }
}

/// Which of several copies of one document stays: an order that no file name or position enters
/// before everything a user can see of the document.
public enum DuplicateOrder {
  /// Whether the first copy is preferred.
  public static func precedes(
    _ a: PieceRow, _ numbersA: [Double], source sourceA: String, _ b: PieceRow,
    _ numbersB: [Double], source sourceB: String
  ) -> Bool {
    if sourceA.utf8.elementsEqual(sourceB.utf8) {
      let left = [a.idHash, a.inputLanguage] + numbersA.map(\.bitPattern)
      let right = [b.idHash, b.inputLanguage] + numbersB.map(\.bitPattern)
      if left != right { return left.lexicographicallyPrecedes(right) }
      return (a.input, a.offset) < (b.input, b.offset)
    }
    return sourceA.utf8.lexicographicallyPrecedes(sourceB.utf8)
  }

  static func numbers(_ table: PieceTable, _ index: Int) -> [Double] {
    (0..<table.numberColumns).map { table.number(index, column: $0) }
  }
}
