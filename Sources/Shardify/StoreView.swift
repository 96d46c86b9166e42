import Compression
import Manifest
import ShardifyCore
import Shards

/// A store as a mixture sees it: the one place through which pieces are read for a dataset.
///
/// Duplicates fall together first; then a document is held out or not; then filters leave documents
/// out, in training and among the held-out alike. So a filter never moves a document from one part
/// to the other, and what it sees does not depend on how documents are spread over runs.
public struct StoreView: Sendable {
  /// A language of the view, and the languages of the store it is put together from, ascending.
  public struct Language: Sendable, Equatable {
    /// The tag in plan and dataset.
    public var tag: LanguageTag
    /// The store's tags.
    public var members: [LanguageTag]
  }

  /// The runs of the store.
  public let runs: [RunReader]
  /// What is held out beyond the rank.
  public let holdout: Holdout
  /// The languages, ascending.
  public let languages: [Language]
  /// The conditions, as given.
  public let conditions: [String]
  /// What must not take part; nil if no list was given.
  public let excludedHashes: ExcludedHashes?
  /// Where languages go.
  public let labelMap: LabelMap
  /// How languages are divided over their sources; nil: they are not.
  let sourceParts: SourceParts?
  private let filter: ViewFilter?

  /// Reads and checks the options.
  ///
  /// - Throws: If the store's runs cannot be read, or an option cannot, or names what is not there.
  public init(store: TokenStore, options: ViewOptions = ViewOptions()) throws {
    try self.init(
      runs: try store.openRuns(), holdout: try store.holdout(),
      numberColumns: store.facts.numberColumns, options: options)
  }

  init(
    runs: [RunReader], holdout: Holdout, numberColumns: [String] = [],
    options: ViewOptions = ViewOptions()
  ) throws {
    self.runs = runs
    self.holdout = holdout
    conditions = options.conditions
    excludedHashes =
      try options.excludedHashes ?? options.excludedHashesPath.map { try ExcludedHashes.read($0) }
    labelMap =
      try options.labelMap ?? options.labelMapPath.map { try LabelMap.read($0) } ?? .identity
    var expressions: [FilterExpression] = []
    for text in options.conditions {
      expressions.append(try FilterParser.parse(text, numberColumns: numberColumns))
    }
    filter =
      expressions.isEmpty && excludedHashes == nil
      ? nil
      : ViewFilter(
        excluded: excludedHashes, conditions: expressions, sources: runs.map(\.names.sources))
    sourceParts = options.sourcePatterns.map { SourceParts(patterns: $0, runs: runs) }
    var members: [LanguageTag: [LanguageTag]] = [:]
    for tag in Set(runs.flatMap { $0.languages.map(\.language) }).sorted() {
      members[labelMap.target(of: tag), default: []].append(tag)
    }
    languages = members.sorted { $0.key < $1.key }.map { Language(tag: $0.key, members: $0.value) }
  }

  /// Whether the view is the store as it is: nothing filtered, no language under another tag.
  public var isPlain: Bool { filter == nil && labelMap.pairs.isEmpty }

  /// The reasons documents can be left out for, by the numbers a cursor gives.
  public var reasons: [String] {
    (excludedHashes == nil ? [] : ["exclude-hashes"]) + conditions.map { "where " + $0 }
  }

  /// The language with a tag; with no members if the store has none of it.
  ///
  /// - Complexity: O(log *L*) in languages.
  public func language(_ tag: LanguageTag) -> Language {
    var low = 0
    var high = languages.count
    while low < high {
      let middle = (low + high) / 2
      if languages[middle].tag < tag { low = middle + 1 } else { high = middle }
    }
    return low < languages.count && languages[low].tag == tag
      ? languages[low] : Language(tag: tag, members: [])
  }

  /// A cursor over the pieces of a language, in key order; it stands before the first.
  ///
  /// - Parameter sourcePart: Only this part of its sources.
  public func cursor(
    of tag: LanguageTag, part: LanguageCursor.Part, sourcePart: Int? = nil, zstd: ZstdDecompressor
  ) -> LanguageCursor {
    LanguageCursor(
      runs: runs, languages: language(tag).members, part: part, holdout: holdout, filter: filter,
      sources: sourcePart.flatMap { sourceParts?.selection($0) }, zstd: zstd)
  }

  /// A decompressor for a cursor.
  static func decompressor() throws(ShardsFailure) -> ZstdDecompressor {
    do throws(CompressionFailure) {
      return try ZstdDecompressor()
    } catch {
      throw ShardsFailure(.file, error.what, found: error.found)
    }
  }
}
