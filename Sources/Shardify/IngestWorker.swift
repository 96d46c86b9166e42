import Detect
import Ingest
import ShardifyCore
import Shards
import Synchronization
import Tokenize

/// One thread's part of a run: parses, detects, tokenizes, and keeps the pieces until the run is
/// written. Its caches live on from run to run.
final class IngestWorker {
  /// What every worker shares.
  struct Settings: Sendable {
    var documents: DocumentOptions
    var languageSource: IngestOptions.LanguageSource
    var maxPieceTokens: Int
    var endOfTextID: TokenID
    var tokenWidthBytes: Int
    var storeKey: StoreKey
    var holdoutThreshold: UInt64
  }

  /// A piece with what the run needs to place it.
  struct Entry {
    var row: PieceRow
    var place: TokenArena.Place
    var unit: Int32
    var firstNumber: Int32
  }

  /// Rejected documents of one unit and reason.
  struct RejectKey: Hashable {
    var unit: UnitKey
    var reason: RejectReason
  }

  private(set) var entries: [Entry] = []
  private(set) var numbers: [Double] = []
  private(set) var sources: [[UInt8]] = []
  private(set) var documentsByUnit: [UnitKey: Int] = [:]
  private(set) var rejects: [RejectKey: (count: Int, first: Reject)] = [:]
  /// Over all runs: which fields came.
  private(set) var foundFields: FoundFields
  let arena: TokenArena

  private let settings: Settings
  private let detector: DetectWorker
  private let encoder: Encoder
  private let parser: DocumentParser
  private let progress: Progress
  private let scratch = TokenBuffer()
  private var sourceNumbers: [[UInt8]: Int] = [:]

  init(settings: Settings, detector: Detector, tokenizer: Tokenizer, progress: Progress) {
    self.settings = settings
    foundFields = FoundFields(settings.documents)
    self.detector = detector.makeWorker()
    encoder = tokenizer.makeEncoder()
    parser = DocumentParser(options: settings.documents)
    arena = TokenArena(widthBytes: settings.tokenWidthBytes)
    self.progress = progress
  }

  /// Forgets the pieces of the run that was written.
  func reset() {
    entries.removeAll(keepingCapacity: true)
    numbers.removeAll(keepingCapacity: true)
    sources = []
    sourceNumbers = [:]
    documentsByUnit = [:]
    rejects = [:]
    arena.removeAll()
  }

  /// Takes the documents of a chunk.
  func process(_ item: FeedItem) {
    let unit = UnitKey(input: item.input, unit: item.chunk.unit)
    var documents = 0
    var textBytes = 0
    let tokensBefore = entries.count
    var rejected = 0
    parser.start(item.chunk)
    while let found = parser.next() {
      documents += 1
      switch found {
      case .document(let document):
        textBytes += document.text.count
        take(document, unit: unit)
      case .reject(let reject):
        count(reject, in: unit)
        rejected += 1
      }
    }
    documentsByUnit[unit, default: 0] += documents
    var tokens = 0
    for entry in entries[tokensBefore...] { tokens += Int(entry.row.tokenCount) }
    progress.documents.wrappingAdd(documents, ordering: .relaxed)
    progress.textBytes.wrappingAdd(textBytes, ordering: .relaxed)
    progress.tokens.wrappingAdd(tokens, ordering: .relaxed)
    progress.rejected.wrappingAdd(rejected, ordering: .relaxed)
  }

  private func count(_ reject: Reject, in unit: UnitKey) {
    let key = RejectKey(unit: unit, reason: reject.reason)
    guard let (count, first) = rejects[key] else {
      rejects[key] = (1, reject)
      return
    }
    rejects[key] = (count + 1, reject.offset < first.offset ? reject : first)
  }

  private func take(_ document: ParsedDocument, unit: UnitKey) {
    foundFields.add(document)
    let content = ContentHash(of: document.text)
    let detection = detector.detect(document.text)
    var inputLanguage: LanguageTag?
    if !document.language.isEmpty {
      inputLanguage = LanguageLabels.normalize(document.language, script: detection.script)
    }
    let language = Self.language(detection, inputLanguage, settings.languageSource)
    var detectionFlags = detection.flags
    if let given = inputLanguage, given != detection.tag { detectionFlags.insert(.inputDisagrees) }
    // The second language, where there is one, stands in the place of the second-best label.
    let (first, next, third) = detection.candidates
    let hasSecond = detection.flags.contains(.secondLanguage)
    let labels = hasSecond ? (first, detection.second, next) : (first, next, third)

    scratch.truncate(to: 0)
    encoder.encode(document.text, special: false, into: scratch)
    scratch.append(settings.endOfTextID)

    let key = settings.storeKey.key(of: content)
    var flags: PieceFlags = []
    if settings.storeKey.holdoutRank(of: content) < settings.holdoutThreshold {
      flags.insert(.heldOut)
    }
    var row = PieceRow(
      language: language, key: key, content: content, tokenCount: 0, byteCount: 0, scalarCount: 0,
      flags: flags, source: UInt32(source(document.source)), input: UInt32(unit.input),
      offset: UInt64(document.offset),
      idHash: document.id.isEmpty ? 0 : max(1, ContentHash(of: document.id).high),
      script: detection.script, scriptShare: detection.scriptShare,
      detectionFlags: detectionFlags.rawValue,
      labels: (labels.0.tag, labels.1.tag, labels.2.tag),
      probabilities: (
        labels.0.probability, labels.1.probability, labels.2.probability
      ), inputLanguage: inputLanguage?.rawValue ?? 0)
    let firstNumber = Int32(numbers.count)
    numbers.append(contentsOf: document.numbers)
    split(
      &row, textBytes: document.text.count, scalars: scalarCount(document.text), unit: unit,
      firstNumber: firstNumber)
  }

  /// The language of a document whose input may have named one.
  private static func language(
    _ detection: Detection, _ given: LanguageTag?, _ source: IngestOptions.LanguageSource
  ) -> LanguageTag {
    switch source {
    case .model: return detection.tag
    case .input: return given ?? detection.tag
    case .agree:
      guard let given, given != detection.tag else { return detection.tag }
      return LanguageTag(language: "und", script: detection.script) ?? detection.tag
    }
  }

  /// Cuts the tokens in hand into pieces and keeps them.
  private func split(
    _ row: inout PieceRow, textBytes: Int, scalars: Int, unit: UnitKey, firstNumber: Int32
  ) {
    let total = scratch.count
    let held = row.flags
    var start = 0
    var piece: UInt32 = 0
    while start < total {
      let end = min(start + settings.maxPieceTokens, total)
      row.key = PieceKey(high: row.key.high, low: row.key.low, piece: piece)
      row.tokenCount = UInt32(end - start)
      row.byteCount = UInt32(part(textBytes, end, total) - part(textBytes, start, total))
      row.scalarCount = UInt32(part(scalars, end, total) - part(scalars, start, total))
      row.flags = held
      if start == 0 { row.flags.insert(.first) }
      if end == total { row.flags.insert(.last) }
      let place = arena.append(UnsafeBufferPointer(rebasing: scratch.ids[start..<end]))
      entries.append(
        Entry(row: row, place: place, unit: Int32(unit.unit), firstNumber: firstNumber))
      start = end
      piece += 1
    }
  }

  /// The part of `amount` before token `place` of `total`, rounded down.
  private func part(_ amount: Int, _ place: Int, _ total: Int) -> Int {
    let product = amount.multipliedFullWidth(by: place)
    return total.dividingFullWidth(product).quotient
  }

  private func source(_ name: UnsafeRawBufferPointer) -> Int {
    let bytes = Array(name)
    if let number = sourceNumbers[bytes] { return number }
    let number = sources.count
    sources.append(bytes)
    sourceNumbers[bytes] = number
    return number
  }

  private func scalarCount(_ text: UnsafeRawBufferPointer) -> Int {
    guard let base = text.baseAddress else { return 0 }
    // A byte 10xxxxxx goes on with a scalar: eight bytes at a time, bit 7 set and bit 6 not.
    var continuing = 0
    var place = 0
    while place &+ 8 <= text.count {
      let word = base.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      continuing &+= (word & ~(word << 1) & 0x8080_8080_8080_8080).nonzeroBitCount
      place &+= 8
    }
    while place < text.count {
      let byte = base.load(fromByteOffset: place, as: UInt8.self)
      continuing &+= byte & 0xC0 == 0x80 ? 1 : 0
      place &+= 1
    }
    return text.count - continuing
  }
}

/// A unit of an input.
struct UnitKey: Hashable, Comparable, Sendable {
  var input: Int
  var unit: Int

  static func < (a: UnitKey, b: UnitKey) -> Bool { (a.input, a.unit) < (b.input, b.unit) }
}

/// A chunk on its way to a worker.
struct FeedItem: Sendable {
  var input: Int
  var chunk: Chunk
}
