import ShardifyCore

/// Everything the store knows of one piece beside its tokens.
///
/// What belongs to the document (source, id, script, labels) is the same in all of its pieces.
public struct PieceRow: Sendable, Equatable {
  /// The language it is filed under.
  public var language: LanguageTag
  /// Where it stands in the order of its language.
  public var key: PieceKey
  /// The hash of the whole document's bytes.
  public var content: ContentHash
  /// Tokens, with the end-of-text id after the last piece of a document.
  public var tokenCount: UInt32
  /// UTF-8 bytes of text. In a document of several pieces each has its part by token count.
  public var byteCount: UInt32
  /// Unicode scalars of text, shared out in the same way.
  public var scalarCount: UInt32
  /// First, last piece of its document.
  public var flags: PieceFlags
  /// The source's number among the run's source names.
  public var source: UInt32
  /// The input's number in the catalog.
  public var input: UInt32
  /// The byte offset of the document in the decompressed input.
  public var offset: UInt64
  /// A hash of the document's id; 0 if it has none.
  public var idHash: UInt64
  /// The dominant script.
  public var script: ScriptTag
  /// The part of the letters in that script, in 1/10,000.
  public var scriptShare: UInt16
  /// What the detector noted.
  public var detectionFlags: UInt8
  /// The detector's best labels, best first; raw value 0 is none.
  public var labels: (UInt64, UInt64, UInt64)
  /// Their probabilities in 1/10,000.
  public var probabilities: (UInt16, UInt16, UInt16)
  /// The label the input gave; raw value 0 is none.
  public var inputLanguage: UInt64

  /// Makes a row; see the properties.
  public init(
    language: LanguageTag, key: PieceKey, content: ContentHash, tokenCount: UInt32,
    byteCount: UInt32, scalarCount: UInt32, flags: PieceFlags, source: UInt32 = 0,
    input: UInt32 = 0, offset: UInt64 = 0, idHash: UInt64 = 0,
    script: ScriptTag = ScriptTag(unchecked: 0x5A79_7979), scriptShare: UInt16 = 0,
    detectionFlags: UInt8 = 0, labels: (UInt64, UInt64, UInt64) = (0, 0, 0),
    probabilities: (UInt16, UInt16, UInt16) = (0, 0, 0), inputLanguage: UInt64 = 0
  ) {
    self.language = language
    self.key = key
    self.content = content
    self.tokenCount = tokenCount
    self.byteCount = byteCount
    self.scalarCount = scalarCount
    self.flags = flags
    self.source = source
    self.input = input
    self.offset = offset
    self.idHash = idHash
    self.script = script
    self.scriptShare = scriptShare
    self.detectionFlags = detectionFlags
    self.labels = labels
    self.probabilities = probabilities
    self.inputLanguage = inputLanguage
  }

  /// Compares all but `source`, which is a number of its own run.
  public static func == (a: PieceRow, b: PieceRow) -> Bool {
    a.language == b.language && a.key == b.key && a.content == b.content
      && a.tokenCount == b.tokenCount && a.byteCount == b.byteCount
      && a.scalarCount == b.scalarCount && a.flags == b.flags && a.input == b.input
      && a.offset == b.offset && a.idHash == b.idHash && a.script == b.script
      && a.scriptShare == b.scriptShare && a.detectionFlags == b.detectionFlags
      && a.labels == b.labels && a.probabilities == b.probabilities
      && a.inputLanguage == b.inputLanguage
  }
}

/// Where a piece stands in its document, and whether the document is held out.
public struct PieceFlags: OptionSet, Sendable, Hashable {
  /// The bits as stored.
  public let rawValue: UInt8

  /// Takes the bits as stored.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The document starts here.
  public static let first = PieceFlags(rawValue: 1)
  /// The document ends here: the end-of-text id follows.
  public static let last = PieceFlags(rawValue: 2)
  /// The document is held out of training by its rank.
  public static let heldOut = PieceFlags(rawValue: 4)
}
