import ShardifyCore

/// What a run says of itself: the facts it shares with its store, its frames and its totals.
public struct RunIndex: Sendable, Equatable {
  /// The format this program writes.
  public static let formatVersion: UInt32 = 1

  /// The store it belongs to.
  public var storeKey: StoreKey
  /// The tokenizer that made its tokens.
  public var tokenizer: SHA256.Digest
  /// Bytes of a token: 2 or 4.
  public var tokenWidthBytes: Int
  /// Documents with the same content as one that stayed, left out when the run was written.
  public var duplicates: Int
  /// The frames, sorted by language and first key.
  public var frames: [RunFrame]

  /// Makes an index; see the properties.
  public init(
    storeKey: StoreKey, tokenizer: SHA256.Digest, tokenWidthBytes: Int, duplicates: Int = 0,
    frames: [RunFrame] = []
  ) {
    self.storeKey = storeKey
    self.tokenizer = tokenizer
    self.tokenWidthBytes = tokenWidthBytes
    self.duplicates = duplicates
    self.frames = frames
  }

  /// The payload of the index frame.
  func encode() -> [UInt8] {
    var out: [UInt8] = []
    out.appendLittleEndian(RunIndex.formatVersion)
    out.append(contentsOf: storeKey.bytes)
    out.append(contentsOf: tokenizer.bytes)
    out.appendLittleEndian(UInt32(tokenWidthBytes))
    out.appendLittleEndian(UInt64(duplicates))
    out.appendLittleEndian(UInt64(frames.count))
    for frame in frames { frame.encode(into: &out) }
    return out
  }

  /// Reads the payload of an index frame; nil if it is not one of this version.
  static func decode(_ payload: UnsafeRawBufferPointer) -> RunIndex? {
    var reader = ByteReader(payload)
    guard reader.read(UInt32.self) == formatVersion,
      let key = reader.take(16), let storeKey = StoreKey(hex: Hex.string(key)),
      let digest = reader.take(32), let tokenizer = SHA256.Digest(bytes: digest),
      let width = reader.read(UInt32.self), width == 2 || width == 4,
      let duplicates = reader.read(UInt64.self), duplicates < 1 << 48,
      let count = reader.read(UInt64.self),
      count <= UInt64(reader.remaining / RunFrame.encodedBytes),
      Int(count) * RunFrame.encodedBytes == reader.remaining
    else { return nil }
    var frames: [RunFrame] = []
    frames.reserveCapacity(Int(count))
    for _ in 0..<count {
      guard let frame = RunFrame(from: &reader) else { return nil }
      frames.append(frame)
    }
    return RunIndex(
      storeKey: storeKey, tokenizer: tokenizer, tokenWidthBytes: Int(width),
      duplicates: Int(duplicates), frames: frames)
  }
}

/// One frame of a run: whole pieces of one language, in key order.
public struct RunFrame: Sendable, Equatable {
  /// Bytes of a frame in the index.
  static let encodedBytes = 8 + 8 + 4 + 8 + 4 + 4 + 4 + 4 + 8 + 8 + 20 + 20

  /// Tokens of a frame at most: of the longest piece there can be, and of a full frame.
  static let mostTokens: UInt32 = 1 << 18

  /// The language of all its pieces.
  public var language: LanguageTag
  /// Where the compressed tokens start in the file.
  public var tokensOffset: Int
  /// Compressed bytes of the tokens.
  public var tokensSizeBytes: Int
  /// Where the skippable frame with the piece table starts.
  public var tableOffset: Int
  /// Bytes of that frame.
  public var tableSizeBytes: Int
  /// Pieces in the frame.
  public var pieceCount: Int
  /// Documents that start in the frame.
  public var documentCount: Int
  /// Tokens in the frame.
  public var tokenCount: Int
  /// UTF-8 bytes of text.
  public var byteCount: Int
  /// Unicode scalars of text.
  public var scalarCount: Int
  /// The key of its first piece.
  public var firstKey: PieceKey
  /// The key of its last piece.
  public var lastKey: PieceKey

  fileprivate func encode(into out: inout [UInt8]) {
    out.appendLittleEndian(language.rawValue)
    out.appendLittleEndian(UInt64(tokensOffset))
    out.appendLittleEndian(UInt32(tokensSizeBytes))
    out.appendLittleEndian(UInt64(tableOffset))
    out.appendLittleEndian(UInt32(tableSizeBytes))
    out.appendLittleEndian(UInt32(pieceCount))
    out.appendLittleEndian(UInt32(documentCount))
    out.appendLittleEndian(UInt32(tokenCount))
    out.appendLittleEndian(UInt64(byteCount))
    out.appendLittleEndian(UInt64(scalarCount))
    for key in [firstKey, lastKey] {
      out.appendLittleEndian(key.high)
      out.appendLittleEndian(key.low)
      out.appendLittleEndian(key.piece)
    }
  }

  fileprivate init?(from reader: inout ByteReader) {
    func key() -> PieceKey? {
      guard let high = reader.read(UInt64.self), let low = reader.read(UInt64.self),
        let piece = reader.read(UInt32.self)
      else { return nil }
      return PieceKey(high: high, low: low, piece: piece)
    }
    guard let raw = reader.read(UInt64.self), let language = LanguageTag(rawValue: raw),
      let tokensOffset = reader.read(UInt64.self), let tokensSize = reader.read(UInt32.self),
      let tableOffset = reader.read(UInt64.self), let tableSize = reader.read(UInt32.self),
      let pieces = reader.read(UInt32.self), let documents = reader.read(UInt32.self),
      let tokens = reader.read(UInt32.self), let bytes = reader.read(UInt64.self),
      let scalars = reader.read(UInt64.self), let first = key(), let last = key(),
      tokensOffset < 1 << 60, tableOffset < 1 << 60, bytes < 1 << 40, scalars < 1 << 40,
      pieces > 0, pieces <= tokens, documents <= pieces, tokens <= RunFrame.mostTokens
    else { return nil }
    self.language = language
    self.tokensOffset = Int(tokensOffset)
    self.tokensSizeBytes = Int(tokensSize)
    self.tableOffset = Int(tableOffset)
    self.tableSizeBytes = Int(tableSize)
    self.pieceCount = Int(pieces)
    self.documentCount = Int(documents)
    self.tokenCount = Int(tokens)
    self.byteCount = Int(bytes)
    self.scalarCount = Int(scalars)
    self.firstKey = first
    self.lastKey = last
  }

  /// Makes a frame; see the properties.
  init(
    language: LanguageTag, tokensOffset: Int, tokensSizeBytes: Int, tableOffset: Int,
    tableSizeBytes: Int, pieceCount: Int, documentCount: Int, tokenCount: Int, byteCount: Int,
    scalarCount: Int, firstKey: PieceKey, lastKey: PieceKey
  ) {
    self.language = language
    self.tokensOffset = tokensOffset
    self.tokensSizeBytes = tokensSizeBytes
    self.tableOffset = tableOffset
    self.tableSizeBytes = tableSizeBytes
    self.pieceCount = pieceCount
    self.documentCount = documentCount
    self.tokenCount = tokenCount
    self.byteCount = byteCount
    self.scalarCount = scalarCount
    self.firstKey = firstKey
    self.lastKey = lastKey
  }
}
