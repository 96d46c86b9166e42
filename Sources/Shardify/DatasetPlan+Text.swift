import Balance
import Manifest
import ShardifyCore

extension DatasetPlan {
  /// The text, as `docs/shard-format.md` lays it out.
  var text: [UInt8] {
    var lines = ["shardify plan v\(isDivided ? 3 : 2)"]
    func add(_ fields: [String]) {
      lines.append(fields.map(DatasetManifest.escaped).joined(separator: "\t"))
    }
    for fact in facts { add([fact.key, fact.value]) }
    for language in languages {
      let supply = language.supply
      add([
        "language", "\(supply.tag)", "\(supply.documents)", "\(supply.pieces)",
        "\(supply.tokens)", "\(supply.bytes)", "\(supply.scalars)",
        "\(language.heldOutDocuments)", "\(language.quota)", language.rule,
        "\(language.start.pass)", language.start.key.map { Hex.string($0.bytes) } ?? "-",
        "\(language.startOffset)", language.digest,
      ])
    }
    for part in parts {
      add([
        "part", "\(part.tag)", "\(part.part)", part.pattern, "\(part.documents)",
        "\(part.pieces)", "\(part.tokens)", "\(part.bytes)", "\(part.quota)", part.rule,
        "\(part.start.pass)", part.start.key.map { Hex.string($0.bytes) } ?? "-",
        "\(part.startOffset)",
      ])
    }
    for source in sources {
      add(["source", "\(source.tag)", source.source, "\(source.documents)", "\(source.tokens)"])
    }
    for filter in filters {
      add(["filter", "\(filter.tag)", filter.reason, "\(filter.documents)"])
    }
    for reject in rejects { add(["reject", reject.reason, "\(reject.documents)"]) }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// Reads a text; lines it does not know are passed over.
  ///
  /// - Throws: `damaged`, naming the line; another version by its number.
  init(parsing bytes: [UInt8], path: String) throws(StageFailure) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DatasetPlan.failure(path, nil, found: "bytes that are not UTF-8")
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let first = lines[0]
    guard DatasetPlan.formatVersions.contains(where: { first == "shardify plan v\($0)" }) else {
      throw DatasetPlan.failure(
        path, nil, found: first.prefix(60).debugDescription,
        expected: "shardify plan v2 or v3",
        remedy: first.hasPrefix("shardify plan v")
          ? "use the shardify that wrote it, or balance into another folder"
          : "put the plan back; every shard holds a copy")
    }
    for (number, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        .map { DatasetManifest.unescaped($0) }
      guard try take(fields, path, number + 1) else {
        throw DatasetPlan.failure(
          path, number + 1, found: line.prefix(60).debugDescription,
          expected: "the fields of docs/shard-format.md")
      }
    }
    let sorted = zip(languages, languages.dropFirst()).allSatisfy { $0.supply.tag < $1.supply.tag }
    let partsSorted = zip(parts, parts.dropFirst()).allSatisfy {
      ($0.tag, $0.part) < ($1.tag, $1.part)
    }
    guard sorted, partsSorted else {
      throw DatasetPlan.failure(
        path, nil, found: "\(sorted ? "parts" : "languages") that do not ascend")
    }
  }

  private static func failure(
    _ path: String, _ line: Int?, found: String, expected: String? = nil, remedy: String? = nil
  ) -> StageFailure {
    StageFailure(
      .damaged, "cannot read plan", path: line.map { "\(path) line \($0)" } ?? path, found: found,
      expected: expected, remedy: remedy ?? "put the plan back; every shard holds a copy")
  }

  /// Takes one line's fields; false if they are malformed.
  private mutating func take(
    _ fields: [String], _ path: String, _ line: Int
  ) throws(StageFailure) -> Bool {
    switch fields[0] {
    case "language":
      guard let language = DatasetPlan.language(fields) else { return false }
      languages.append(language)
    case "part":
      guard let part = DatasetPlan.part(fields) else { return false }
      parts.append(part)
    case "source":
      guard fields.count >= 5, let tag = LanguageTag(fields[1]),
        let documents = DatasetPlan.count(fields[3]), let tokens = DatasetPlan.count(fields[4])
      else { return false }
      sources.append(
        .init(tag: tag, source: fields[2], documents: documents, tokens: tokens))
    case "filter":
      guard fields.count >= 4, let tag = LanguageTag(fields[1]),
        let documents = DatasetPlan.count(fields[3])
      else { return false }
      filters.append(.init(tag: tag, reason: fields[2], documents: documents))
    case "reject":
      guard fields.count >= 3, let documents = DatasetPlan.count(fields[2]) else { return false }
      rejects.append(.init(reason: fields[1], documents: documents))
    default:
      // A reader passes over lines of other kinds; those of two fields are facts.
      if fields.count == 2 { facts.append(Fact(key: fields[0], value: fields[1])) }
    }
    return true
  }

  private static func language(_ fields: [String]) -> Language? {
    guard fields.count >= 14, let tag = LanguageTag(fields[1]) else { return nil }
    let counts = fields[2...8].compactMap(count)
    guard counts.count == 7, let pass = count(fields[10]), let offset = count(fields[12]) else {
      return nil
    }
    guard let start = start(pass, fields[11]) else { return nil }
    var supply = LanguageSupply(
      tag: tag, documents: counts[0], pieces: counts[1], tokens: counts[2], bytes: counts[3],
      scalars: counts[4])
    supply.tokensBefore = start.tokens(offset: offset, ring: supply.tokens) ?? 0
    return Language(
      supply: supply, heldOutDocuments: counts[5], quota: counts[6], rule: fields[9],
      start: start, startOffset: offset, digest: fields[13])
  }

  private static func part(_ fields: [String]) -> Part? {
    guard fields.count >= 13, let tag = LanguageTag(fields[1]),
      let number = Int(fields[2]), (0...SourceWeights.limit).contains(number)
    else { return nil }
    let counts = fields[4...8].compactMap(count)
    guard counts.count == 5, let pass = count(fields[10]), let offset = count(fields[12]),
      let start = start(pass, fields[11])
    else { return nil }
    return Part(
      tag: tag, part: number, pattern: fields[3], documents: counts[0], pieces: counts[1],
      tokens: counts[2], bytes: counts[3], quota: counts[4], rule: fields[9], start: start,
      startOffset: offset)
  }

  private static func start(_ pass: Int, _ text: String) -> RingStart? {
    if text == "-" { return RingStart(pass: pass, key: nil) }
    return Hex.bytes(text).flatMap { PieceKey(bytes: $0) }.map { RingStart(pass: pass, key: $0) }
  }

  private static func count(_ text: String) -> Int? {
    Int(text).flatMap { (0...1 << 61).contains($0) ? $0 : nil }
  }
}

extension RingStart {
  /// Right after a copy of a piece.
  init(after key: PieceKey, pass: Int) {
    let (next, overflow) = key.piece.addingReportingOverflow(1)
    self.init(
      pass: pass,
      key: PieceKey(high: key.high, low: key.low, piece: overflow ? key.piece : next))
  }

  /// Tokens of the language from the ring's own start on the first pass to here; nil if that is
  /// more than any ring can have.
  ///
  /// - Parameters: `offset`, tokens of the ring before `key`; `ring`, tokens of the whole ring.
  func tokens(offset: Int, ring: Int) -> Int? {
    let (passes, overflow) = pass.multipliedReportingOverflow(by: ring)
    guard !overflow, pass >= 0, passes <= 1 << 61, offset <= 1 << 61 else { return nil }
    return passes + offset
  }
}

extension PieceKey {
  /// Twenty bytes: high, low, number, most significant first.
  var bytes: [UInt8] {
    ContentHash(high: high, low: low).bytes
      + (0..<4).map { UInt8(truncatingIfNeeded: piece >> (24 - 8 * UInt32($0))) }
  }

  /// Takes 20 bytes; nil if there are not 20.
  init?(bytes: [UInt8]) {
    guard bytes.count == 20, let pair = ContentHash(bytes: Array(bytes[..<16])) else { return nil }
    self.init(
      high: pair.high, low: pair.low, piece: bytes[16...].reduce(0) { $0 << 8 | UInt32($1) })
  }
}
