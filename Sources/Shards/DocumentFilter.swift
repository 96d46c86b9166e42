import ShardifyCore

/// Decides which documents of a store take part.
public protocol DocumentFilter: Sendable {
  /// Whether `reason` looks at the length of the document.
  var needsLength: Bool { get }

  /// The number of the reason a document is left out for; nil if it takes part.
  ///
  /// Must depend on what is the same in all pieces of a document and on its length alone: a document
  /// passes or fails as a whole.
  func reason(_ document: StoredDocument) -> Int?
}

/// A document as a filter sees it: one of its pieces, and its length.
public struct StoredDocument {
  /// The number of its run among those the cursor was made with.
  public var run: Int
  /// The language the store files it under.
  public var language: LanguageTag
  /// The table of one of its pieces.
  public var table: PieceTable
  /// The piece's number in the table.
  public var index: Int
  /// The length of all its pieces; zero unless the filter needs it.
  public var length: DocumentLength
}

/// How long a document is.
public struct DocumentLength: Equatable, Sendable {
  /// Tokens, the end-of-text id included.
  public var tokens = 0
  /// UTF-8 bytes.
  public var bytes = 0
  /// Unicode scalars.
  public var scalars = 0

  /// Nothing yet.
  public init() {}

  mutating func add(_ table: PieceTable, _ index: Int) {
    tokens += table.tokenCount(index)
    bytes += table.byteCount(index)
    scalars += table.scalarCount(index)
  }
}

/// What becomes of a document.
public struct DocumentStatus: Equatable, Sendable {
  /// Whether it is held out of training: no filter changes that.
  public var isHeldOut: Bool
  /// The number of the reason it is left out for, in training and in what is held out; nil if it
  /// takes part.
  public var reason: Int?
}
