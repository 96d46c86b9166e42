/// How inputs are read as documents.
public struct DocumentOptions: Sendable, Equatable {
  /// How documents lie in the input.
  public var format: InputFormat = .automatic
  /// The JSON key of the text.
  public var textField = "text"
  /// The JSON key of the document's own id: a string, or a number taken as its digits.
  public var idField = "id"
  /// The JSON key of a language label that came with the text; nil for none.
  public var languageField: String?
  /// The JSON key of the document's source; nil for none.
  public var sourceField: String?
  /// JSON keys of numbers that are kept, in the order of `ParsedDocument.numbers`.
  public var numericFields: [String] = []
  /// What stands between documents of plain text; nil makes the whole file one document, a
  /// newline makes each line one.
  public var documentSeparator: [UInt8]?
  /// A longer line or document, in bytes before unescaping, is rejected as `tooLong` and skipped
  /// in bounded memory.
  public var maxDocumentBytes = 32 << 20
  /// Puts U+FFFD where bytes are not UTF-8, instead of rejecting the document.
  public var repairUTF8 = false
  /// Takes JSON texts that are empty or hold NUL, for tools that answer every line.
  public var takesAnyText = false

  /// Makes options; what is not named has its default.
  public init(
    format: InputFormat = .automatic, textField: String = "text", idField: String = "id",
    languageField: String? = nil, sourceField: String? = nil, numericFields: [String] = [],
    documentSeparator: [UInt8]? = nil, maxDocumentBytes: Int = 32 << 20, repairUTF8: Bool = false,
    takesAnyText: Bool = false
  ) {
    self.format = format
    self.textField = textField
    self.idField = idField
    self.languageField = languageField
    self.sourceField = sourceField
    self.numericFields = numericFields
    self.documentSeparator = documentSeparator
    self.maxDocumentBytes = maxDocumentBytes
    self.repairUTF8 = repairUTF8
    self.takesAnyText = takesAnyText
  }

  /// `maxDocumentBytes` brought into 1 byte to 1 TiB, so that sums with it cannot overflow.
  var documentLimitBytes: Int { min(max(1, maxDocumentBytes), 1 << 40) }
}
