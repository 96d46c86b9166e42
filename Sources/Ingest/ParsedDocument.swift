/// One document as it lies in memory: valid until the parser goes on to the next.
public struct ParsedDocument {
  /// The text: UTF-8 without NUL, not only white space.
  public let text: UnsafeRawBufferPointer
  /// The document's own id; empty if it has none. A number is its digits as written.
  public let id: UnsafeRawBufferPointer
  /// The source field; empty if absent.
  public let source: UnsafeRawBufferPointer
  /// The language field; empty if absent.
  public let language: UnsafeRawBufferPointer
  /// The numeric fields in the order of `DocumentOptions.numericFields`; NaN where absent.
  public let numbers: UnsafeBufferPointer<Double>
  /// Where the document starts: a byte offset in the decompressed input.
  public let offset: Int
}

/// What a parser finds next.
public enum ParsedItem {
  /// A document.
  case document(ParsedDocument)
  /// A document that is not taken.
  case reject(Reject)
}
