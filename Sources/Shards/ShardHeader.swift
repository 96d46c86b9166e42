import ShardifyCore

/// What a shard says of itself.
public struct ShardHeader: Sendable, Equatable {
  /// The formats this program reads and writes.
  public static let versions: ClosedRange<UInt32> = 1...2

  /// 2 where a language is divided and may be in the list several times, else 1.
  public var version: UInt32
  /// Bytes of a token: 2 or 4.
  public var tokenWidthBytes: Int
  /// Every id is below this.
  public var vocabularySize: Int
  /// The id after the last piece of each document.
  public var endOfTextID: TokenID
  /// The tokenizer that made the ids.
  public var tokenizer: SHA256.Digest
  /// The SHA-256 of the plan's text.
  public var plan: SHA256.Digest
  /// The shard's number, from 0.
  public var shard: Int
  /// Shards in its part of the dataset.
  public var shardCount: Int
  /// Whether it holds held-out documents.
  public var isHoldout: Bool
  /// Tokens in the shard.
  public var tokenCount: Int
  /// Tokens in every frame but the last.
  public var frameTokens: Int
  /// The SHA-256 of the raw tokens of all frames.
  public var payload: SHA256.Digest
  /// The SHA-256 of the piece table, decompressed.
  public var pieces: SHA256.Digest
  /// The languages its piece table refers to by number, sorted by tag. In version 2 a language is there
  /// once for each of its parts.
  public var languages: [LanguageTag]

  /// Makes a header; see the properties.
  public init(
    tokenWidthBytes: Int, vocabularySize: Int, endOfTextID: TokenID, tokenizer: SHA256.Digest,
    plan: SHA256.Digest, shard: Int, shardCount: Int, isHoldout: Bool, languages: [LanguageTag],
    version: UInt32 = 1
  ) {
    self.version = version
    self.tokenWidthBytes = tokenWidthBytes
    self.vocabularySize = vocabularySize
    self.endOfTextID = endOfTextID
    self.tokenizer = tokenizer
    self.plan = plan
    self.shard = shard
    self.shardCount = shardCount
    self.isHoldout = isHoldout
    self.languages = languages
    tokenCount = 0
    payload = SHA256.of([])
    pieces = payload
    frameTokens = ShardWriter.frameTokens
  }

  /// The payload of the header frame: its fields, then the SHA-256 of them.
  func encode() -> [UInt8] {
    var out = Array("SHRDSHD\u{1}".utf8)
    out.appendLittleEndian(version)
    out.appendLittleEndian(UInt32(tokenWidthBytes))
    out.appendLittleEndian(UInt32(vocabularySize))
    out.appendLittleEndian(endOfTextID)
    out.append(contentsOf: tokenizer.bytes)
    out.append(contentsOf: plan.bytes)
    out.appendLittleEndian(UInt32(shard))
    out.appendLittleEndian(UInt32(shardCount))
    out.appendLittleEndian(UInt32(isHoldout ? 1 : 0))
    out.appendLittleEndian(UInt32(frameTokens))
    out.appendLittleEndian(UInt64(tokenCount))
    out.append(contentsOf: payload.bytes)
    out.append(contentsOf: pieces.bytes)
    out.appendLittleEndian(UInt32(languages.count))
    for language in languages { out.appendLittleEndian(language.rawValue) }
    out.append(contentsOf: SHA256.of(out).bytes)
    return out
  }

  /// What a header frame turned out to be.
  enum Decoded {
    case header(ShardHeader)
    case version(UInt32)
    case malformed
  }

  static func decode(_ payload: UnsafeRawBufferPointer) -> Decoded {
    var reader = ByteReader(payload)
    guard let magic = reader.take(8), Array(magic) == Array("SHRDSHD\u{1}".utf8),
      let version = reader.read(UInt32.self)
    else { return .malformed }
    guard versions.contains(version) else { return .version(version) }
    guard payload.count >= 32,
      SHA256.of(UnsafeRawBufferPointer(rebasing: payload[..<(payload.count - 32)])).bytes
        == Array(payload[(payload.count - 32)...]),
      let width = reader.read(UInt32.self), width == 2 || width == 4,
      let vocabulary = reader.read(UInt32.self), let endOfText = reader.read(UInt32.self),
      let tokenizer = reader.take(32).flatMap({ SHA256.Digest(bytes: $0) }),
      let plan = reader.take(32).flatMap({ SHA256.Digest(bytes: $0) }),
      let shard = reader.read(UInt32.self), let shards = reader.read(UInt32.self),
      let holdout = reader.read(UInt32.self), holdout <= 1,
      let frameTokens = reader.read(UInt32.self),
      frameTokens > 0, frameTokens <= 1 << 26,
      let tokens = reader.read(UInt64.self), tokens < 1 << 48,
      let payloadDigest = reader.take(32).flatMap({ SHA256.Digest(bytes: $0) }),
      let piecesDigest = reader.take(32).flatMap({ SHA256.Digest(bytes: $0) }),
      let count = reader.read(UInt32.self), Int(count) * 8 + 32 == reader.remaining
    else { return .malformed }
    var languages: [LanguageTag] = []
    for _ in 0..<count {
      guard let raw = reader.read(UInt64.self), let tag = LanguageTag(rawValue: raw),
        languages.last.map({ version == 1 ? $0 < tag : $0 <= tag }) ?? true
      else {
        return .malformed
      }
      languages.append(tag)
    }
    var header = ShardHeader(
      tokenWidthBytes: Int(width), vocabularySize: Int(vocabulary), endOfTextID: endOfText,
      tokenizer: tokenizer, plan: plan, shard: Int(shard), shardCount: Int(shards),
      isHoldout: holdout == 1, languages: languages, version: version)
    header.tokenCount = Int(tokens)
    header.frameTokens = Int(frameTokens)
    header.payload = payloadDigest
    header.pieces = piecesDigest
    return .header(header)
  }
}
