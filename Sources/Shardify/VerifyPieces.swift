import Balance
import Manifest
import ShardifyCore
import Shards

/// Checks the pieces of one shard one after another: ids, end of text, ring, place.
struct PieceWalk {
  private let facts: VerifyFacts
  private let row: DatasetManifest.Shard
  /// Tokens of each ring so far; nil in a shard of held-out documents.
  private var coordinates: [Int]?
  private let width: Int
  private var previous: (place: Place, language: Int)?
  private var previousLanguage = 0
  /// The number of the current piece in the shard, and its language.
  private var current = (number: 0, tag: "")
  /// What was found so far.
  private(set) var audit: ShardAudit

  init(
    facts: VerifyFacts, row: DatasetManifest.Shard, tokensBefore: [Int]?, width: Int,
    audit: ShardAudit
  ) {
    self.facts = facts
    self.row = row
    coordinates = tokensBefore
    self.width = width
    self.audit = audit
  }

  private mutating func problem(_ text: String) {
    audit.problems.add("\(row.path): piece \(current.number) (\(current.tag)): \(text)")
  }

  /// Takes the next piece; its number in the header has been checked by the reader.
  mutating func take(_ piece: ShardPiece, _ tokens: UnsafeRawBufferPointer, number: Int) {
    let isHoldout = row.split == .holdout
    let start: (high: UInt64, low: UInt64)
    if isHoldout {
      let language = facts.languages[piece.languageIndex]
      (current, start) = ((number, language.row.tag.description), language.start)
    } else {
      let ring = facts.rings[piece.languageIndex]
      (current, start) = ((number, ring.name), ring.start)
    }
    let documentKey = facts.storeKey.key(of: piece.content)
    let key = PieceKey(
      high: documentKey.high, low: documentKey.low, piece: UInt32(clamping: piece.piece))
    checkTokens(piece, tokens)
    let hash = PieceSum.hash(
      key: key, flags: piece.flags.rawValue, byteCount: piece.byteCount, tokens: tokens)
    let wrapped = (key.high, key.low) < start
    let edge = ShardAudit.Edge(
      order: RingOrder(pass: piece.pass, wrapped: wrapped && !isHoldout, key: key),
      flags: piece.flags, tokenCount: piece.tokenCount)
    if let last = audit.parts[piece.languageIndex]?.last {
      if let wrong = last.problem(before: edge) { problem(wrong) }
    }
    var part =
      audit.parts[piece.languageIndex] ?? ShardAudit.Part(first: edge, last: edge)
    part.last = edge
    part.tokens += piece.tokenCount
    part.pieces += 1
    part.bytes += piece.byteCount
    if isHoldout {
      if piece.flags.contains(.first) { part.documents += 1 }
      part.sum &+= hash
      if piece.pass != 0 { problem("pass \(piece.pass), expected 0") }
      if piece.languageIndex < previousLanguage { problem("languages are not in order") }
      previousLanguage = piece.languageIndex
    } else {
      onRing(piece, key, hash, &part)
    }
    audit.parts[piece.languageIndex] = part
  }

  private mutating func checkTokens(_ piece: ShardPiece, _ tokens: UnsafeRawBufferPointer) {
    let found = width == 2 ? scan(tokens, UInt16.self) : scan(tokens, UInt32.self)
    if Int(found.largest) >= facts.vocabularySize {
      problem("token id \(found.largest), expected below \(facts.vocabularySize)")
    }
    if piece.tokenCount > facts.maxPieceTokens {
      problem("\(piece.tokenCount) tokens, expected at most \(facts.maxPieceTokens)")
    }
    if piece.flags.contains(.first) != (piece.piece == 0) {
      problem("piece \(piece.piece) of its document with flags \(piece.flags.rawValue)")
    }
    if piece.flags.rawValue & ~3 != 0 { problem("flags \(piece.flags.rawValue), expected 0 to 3") }
    let ends = found.last == facts.endOfTextID
    if ends != piece.flags.contains(.last) {
      problem(ends ? "ends with the end-of-text id" : "does not end with the end-of-text id")
    }
    audit.innerEndOfText += found.endOfText - (ends ? 1 : 0)
  }

  private func scan<ID: FixedWidthInteger & UnsignedInteger>(
    _ tokens: UnsafeRawBufferPointer, _ type: ID.Type
  ) -> (largest: TokenID, last: TokenID, endOfText: Int) {
    let size = MemoryLayout<ID>.size
    let endOfText = ID(clamping: facts.endOfTextID)
    var largest: ID = 0
    var last: ID = 0
    var count = 0
    var offset = 0
    while offset < tokens.count {
      last = ID(littleEndian: tokens.loadUnaligned(fromByteOffset: offset, as: type))
      largest = max(largest, last)
      count &+= last == endOfText ? 1 : 0
      offset &+= size
    }
    return (TokenID(largest), TokenID(last), count)
  }

  /// Counts the copy on along its ring, and checks its pass and its place.
  private mutating func onRing(
    _ piece: ShardPiece, _ key: PieceKey, _ hash: UInt64, _ part: inout ShardAudit.Part
  ) {
    let plan = facts.rings[piece.languageIndex]
    guard let start = coordinates?[piece.languageIndex], plan.availableTokens > 0 else {
      problem("a shard the manifest does not count")
      return
    }
    // A lap is one time round from where the dataset starts; passes count from the ring's start.
    let ring = plan.availableTokens
    let (lap, offset) = start.quotientAndRemainder(dividingBy: ring)
    let pass = plan.firstPass + (plan.firstOffset + start) / ring
    coordinates?[piece.languageIndex] = start + piece.tokenCount
    let placed = PieceSum.placed(hash, offset: offset)
    part.sum &+= PieceSum.weight(pass: lap) &* placed
    if lap == 0 {
      if piece.flags.contains(.first) { part.documents += 1 }
      part.firstLap &+= placed
      if offset < plan.partialTokens { part.firstLapPart &+= placed }
    }
    if piece.pass != pass { problem("pass \(piece.pass), expected \(pass)") }
    guard start < plan.quotaTokens else {
      problem("begins at token \(start) of its ring, expected below its quota")
      return
    }
    let place = Place(
      start: start, end: start + piece.tokenCount, quota: plan.quotaTokens,
      jitter: Ring.jitter(seed: facts.seed, pass: pass, key: key))
    if place.shard(of: facts.shardCount) != row.shard {
      problem("belongs to shard \(place.shard(of: facts.shardCount))")
    }
    if let previous, (place, piece.languageIndex) < (previous.place, previous.language) {
      problem("out of order: its place is before that of the piece before it")
    }
    previous = (place, piece.languageIndex)
  }
}
