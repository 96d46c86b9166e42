import Ingest

/// Which of the fields that were asked for any document had.
struct FoundFields: Sendable {
  /// Documents looked at.
  var documents = 0
  var id = false
  var source = false
  var language = false
  /// In the order of the numeric fields.
  var numbers: [Bool]

  init(_ options: DocumentOptions) {
    numbers = Array(repeating: false, count: options.numericFields.count)
  }

  /// Takes a document.
  mutating func add(_ document: ParsedDocument) {
    documents += 1
    if !document.id.isEmpty { id = true }
    if !document.source.isEmpty { source = true }
    if !document.language.isEmpty { language = true }
    for index in numbers.indices where !document.numbers[index].isNaN { numbers[index] = true }
  }

  /// Adds what another thread found.
  mutating func formUnion(_ other: FoundFields) {
    documents += other.documents
    id = id || other.id
    source = source || other.source
    language = language || other.language
    for index in numbers.indices where other.numbers[index] { numbers[index] = true }
  }
}
