import ShardifyCore

/// The parts of a SentencePiece `.model` that decide ids.
struct SentencePieceFile {
  /// What a piece is for.
  enum Kind: UInt64 {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  struct Piece {
    var text: [UInt8] = []
    var score: Float = 0
    var kind = Kind.normal
  }

  private(set) var pieces: [Piece] = []
  /// 1 Unigram, 2 BPE, 3 word, 4 character.
  private(set) var modelType: UInt64 = 1
  private(set) var hasByteFallback = false
  private(set) var unknownID = 0
  private(set) var endID = 2
  private(set) var normalizer = SentencePieceNormalizer()
  /// The bytes of the character map.
  private(set) var charsMapBytes: [UInt8] = []
  private let path: String

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(TokenizeFailure) {
    self.path = path
    var reader = ProtobufReader(bytes, 0..<bytes.count, path: path)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let range)): try readPiece(bytes, range)
      case (2, .bytes(let range)): try readTrainer(bytes, range)
      case (3, .bytes(let range)): try readNormalizer(bytes, range)
      case (1...3, _): throw reader.wrongType(field, "the model")
      default: break
      }
    }
    guard !pieces.isEmpty else {
      throw .load(.inconsistent, path, "no pieces", expected: "a SentencePiece model")
    }
  }

  private mutating func readPiece(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>)
    throws(TokenizeFailure)
  {
    var piece = Piece()
    var reader = ProtobufReader(bytes, range, path: path)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let text)): piece.text = Array(bytes[text])
      case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
      case (3, .varint(let kind)):
        guard let known = Kind(rawValue: kind) else {
          throw .unsupported(path, "piece type \(kind)")
        }
        piece.kind = known
      case (1...3, _): throw reader.wrongType(field, "a piece")
      default: break
      }
    }
    guard pieces.count < TokenTable.maxCount else {
      throw .load(.unsupported, path, "more than \(TokenTable.maxCount) pieces")
    }
    guard !piece.text.isEmpty, !piece.score.isNaN else {
      throw .load(
        .malformed, path, at: range.lowerBound, "piece \(pieces.count) without text or score",
        expected: "both")
    }
    pieces.append(piece)
  }

  private mutating func readTrainer(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>)
    throws(TokenizeFailure)
  {
    var reader = ProtobufReader(bytes, range, path: path)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (3, .varint(let type)): modelType = type
      case (24, .varint(let flag)): normalizer.spaceIsSuffix = flag != 0
      case (35, .varint(let flag)): hasByteFallback = flag != 0
      case (40, .varint(let id)): unknownID = Int(truncatingIfNeeded: id)
      case (42, .varint(let id)): endID = Int(truncatingIfNeeded: id)
      case (3, _), (24, _), (35, _), (40, _), (42, _):
        throw reader.wrongType(field, "the trainer settings")
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>)
    throws(TokenizeFailure)
  {
    var reader = ProtobufReader(bytes, range, path: path)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (2, .bytes(let map)):
        charsMapBytes = Array(bytes[map])
        guard !charsMapBytes.isEmpty else { continue }
        guard let charsMap = CharsMap(charsMapBytes) else {
          throw .load(
            .malformed, path, at: map.lowerBound,
            "a character map of \(map.count) bytes whose trie does not fit in it",
            expected: "a trie size and a trie")
        }
        normalizer.charsMap = charsMap
      case (3, .varint(let flag)): normalizer.addsDummyPrefix = flag != 0
      case (4, .varint(let flag)): normalizer.removesExtraSpaces = flag != 0
      case (5, .varint(let flag)): normalizer.escapesSpaces = flag != 0
      case (2...5, _): throw reader.wrongType(field, "the normalizer settings")
      default: break
      }
    }
  }
}
