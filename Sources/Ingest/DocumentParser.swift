import Glibc
import ShardifyCore

/// Turns chunks into documents. One per thread; it keeps its buffers from chunk to chunk.
///
/// Per document: `start(chunk)`, then `next()` until nil. Of a JSON key that comes twice in an
/// object the last counts. Blank lines, and blank parts between separators of plain text, are no
/// documents.
public final class DocumentParser {
  let options: DocumentOptions
  let limitBytes: Int
  let fields: WantedFields
  private static let keptScratchBytes = 4 << 20
  private let fixedFormat: InputFormat
  private let textBoundary: DocumentBoundary

  private var chunk: Chunk?
  private var boundary = DocumentBoundary.newline
  private var at = 0
  private var nextReject = 0

  /// Values of the wanted fields of the present line.
  var values: [JSONLine.Value]
  var numbers: UnsafeMutableBufferPointer<Double>
  /// Unescaped strings of the present line.
  var scratch = PaddedBytes(capacity: 1 << 16)
  /// The present document with its bytes repaired; kept alive until the next one.
  var repaired: PaddedBytes?

  /// Makes a parser.
  ///
  /// - Parameter format: How documents lie in the chunks; `.automatic` takes each chunk's word.
  public init(options: DocumentOptions, format: InputFormat = .automatic) {
    self.options = options
    limitBytes = options.documentLimitBytes
    fixedFormat = format
    fields = WantedFields(options)
    textBoundary = DocumentBoundary(options.documentSeparator)
    values = Array(repeating: JSONLine.Value(), count: fields.slotCount)
    numbers = .allocate(capacity: options.numericFields.count)
    numbers.initialize(repeating: .nan)
  }

  deinit { numbers.deallocate() }

  /// Parses a whole chunk: calls `document` or `reject` for each document in order.
  public func parse<Failure: Error>(
    _ chunk: Chunk, document: (borrowing ParsedDocument) throws(Failure) -> Void,
    reject: (Reject) throws(Failure) -> Void
  ) throws(Failure) {
    start(chunk)
    while let item = next() {
      switch item {
      case .document(let parsed): try document(parsed)
      case .reject(let why): try reject(why)
      }
    }
  }

  /// Begins a chunk; what was left of the one before is forgotten.
  public func start(_ chunk: Chunk) {
    self.chunk = chunk
    repaired = nil
    // What one very long document needed is not held for ever.
    if scratch.capacity > Self.keptScratchBytes { scratch = PaddedBytes(capacity: 1 << 16) }
    boundary = format(of: chunk) == .jsonl ? .newline : textBoundary
    at = 0
    nextReject = 0
  }

  /// The next document or reject of the chunk; nil at its end. The pointers of a document are
  /// valid until the next call.
  public func next() -> ParsedItem? {
    guard let chunk else { return nil }
    if nextReject < chunk.rejects.count {
      nextReject += 1
      return .reject(chunk.rejects[nextReject - 1])
    }
    let base = UnsafeRawPointer(chunk.storage.base)
    while at < chunk.byteCount {
      let start = at
      let end = boundary.firstEnd(base, from: start, to: chunk.byteCount)
      at = end ?? chunk.byteCount
      let length = at - start - (end == nil ? 0 : boundary.byteCount)
      if length > limitBytes {
        return .reject(
          .tooLong(length, limitBytes: limitBytes, offset: chunk.offset + start))
      }
      var bytes = UnsafeRawBufferPointer(start: base + start, count: length)
      // A byte order mark is no part of the first document.
      if chunk.offset + start == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
        bytes = UnsafeRawBufferPointer(rebasing: bytes[3...])
      }
      let item =
        format(of: chunk) == .jsonl
        ? parseLine(bytes, base: base + start, offset: chunk.offset + start)
        : parseText(bytes, base: base + start, offset: chunk.offset + start)
      if let item { return item }
    }
    return nil
  }

  private func format(of chunk: Chunk) -> InputFormat {
    fixedFormat == .automatic ? chunk.format : fixedFormat
  }

  /// Brings the document to valid UTF-8 if options allow; else says where it is not.
  ///
  /// - Parameter base: Where offsets in the document count from.
  func checkUTF8(
    _ bytes: inout UnsafeRawBufferPointer, base: UnsafeRawPointer, offset: Int
  ) -> Reject? {
    repaired = nil
    guard let start = bytes.baseAddress,
      let bad = UTF8Check.firstInvalid(start, count: bytes.count)
    else { return nil }
    if !options.repairUTF8 {
      return .invalidUTF8(bytes[bad], at: start + bad - base, offset: offset)
    }
    let copy = UTF8Check.repaired(bytes).withUnsafeBytes { PaddedBytes(copying: $0) }
    repaired = copy
    bytes = UnsafeRawBufferPointer(start: copy.base, count: copy.capacity)
    return nil
  }

  // MARK: Plain text

  /// Nil if the text is a blank part between separators.
  private func parseText(
    _ raw: UnsafeRawBufferPointer, base: UnsafeRawPointer, offset: Int
  ) -> ParsedItem? {
    var bytes = raw
    if let reject = checkUTF8(&bytes, base: base, offset: offset) { return .reject(reject) }
    if options.documentSeparator == [0x0A] && bytes.last == 0x0D {
      bytes = UnsafeRawBufferPointer(rebasing: bytes.dropLast())
    }
    if Whitespace.fills(bytes) {
      if boundary.byteCount > 0 { return nil }
      return .reject(Reject(reason: .emptyText, offset: offset, detail: "only white space"))
    }
    if let start = bytes.baseAddress, let hit = memchr(start, 0, bytes.count) {
      return .reject(
        Reject(
          reason: .nulByte, offset: offset,
          detail: "a NUL byte at byte \(UnsafeRawPointer(hit) - start) of the document"))
    }
    for index in numbers.indices { numbers[index] = .nan }
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    return .document(
      ParsedDocument(
        text: bytes, id: none, source: none, language: none,
        numbers: UnsafeBufferPointer(numbers), offset: offset))
  }
}
