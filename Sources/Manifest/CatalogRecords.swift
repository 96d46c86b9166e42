import ShardifyCore

/// One input of a store.
public struct InputRecord: Sendable, Equatable {
  /// Its number in the store, from 1.
  public var number: Int
  /// What it is told by, unique in the store: its absolute path; `-`, `-2`, ... for standard input.
  public var name: String
  /// The options that say what a document of it is, as one line of text.
  public var options: String
  /// Its size when it was read.
  public var fileSizeBytes: Int
  /// Its time of change when it was read.
  public var modifiedNanoseconds: Int64
  /// Whether all of it is in runs.
  public var isDone: Bool

  /// Makes a record; see the properties.
  public init(
    number: Int, name: String, options: String, fileSizeBytes: Int, modifiedNanoseconds: Int64,
    isDone: Bool
  ) {
    self.number = number
    self.name = name
    self.options = options
    self.fileSizeBytes = fileSizeBytes
    self.modifiedNanoseconds = modifiedNanoseconds
    self.isDone = isDone
  }
}

/// One unit of an input whose documents are in a run.
public struct UnitRecord: Sendable, Equatable {
  /// The input's number.
  public var input: Int
  /// The unit's number in the input.
  public var unit: Int
  /// Decompressed bytes in it.
  public var bytes: Int
  /// Documents that started in it, the rejected with them.
  public var documents: Int
  /// A hash of its bytes, to notice an input that changed.
  public var digest: UInt64

  /// Makes a record; see the properties.
  public init(input: Int, unit: Int, bytes: Int, documents: Int, digest: UInt64) {
    self.input = input
    self.unit = unit
    self.bytes = bytes
    self.documents = documents
    self.digest = digest
  }
}

/// Documents of one unit rejected for one reason.
public struct RejectRecord: Sendable, Equatable {
  /// The input's number.
  public var input: Int
  /// The unit's number in the input.
  public var unit: Int
  /// The reason's name.
  public var reason: String
  /// How many.
  public var documents: Int
  /// Where the first of them starts.
  public var firstOffset: Int
  /// What was wrong with it.
  public var detail: String

  /// Makes a record; see the properties.
  public init(
    input: Int, unit: Int, reason: String, documents: Int, firstOffset: Int, detail: String
  ) {
    self.input = input
    self.unit = unit
    self.reason = reason
    self.documents = documents
    self.firstOffset = firstOffset
    self.detail = detail
  }
}

/// One run of a store.
public struct RunRecord: Sendable, Equatable {
  /// Its number, from 1, never used again.
  public var number: Int
  /// Its file, relative to the store.
  public var file: String
  /// Tokens in it.
  public var tokens: Int
  /// Pieces in it.
  public var pieces: Int
  /// Documents in it.
  public var documents: Int
  /// Documents left out when it was written because another with the same content stayed.
  public var duplicates: Int
  /// Its file's size.
  public var fileSizeBytes: Int

  /// Makes a record; see the properties.
  public init(
    number: Int, file: String, tokens: Int, pieces: Int, documents: Int, duplicates: Int,
    fileSizeBytes: Int
  ) {
    self.number = number
    self.file = file
    self.tokens = tokens
    self.pieces = pieces
    self.documents = documents
    self.duplicates = duplicates
    self.fileSizeBytes = fileSizeBytes
  }
}
