import ShardifyCore

/// Reads a BPE model of a `tokenizer.json`.
struct BPEReader {
  let json: JSONDocument
  let path: String
  let model: JSONDocument.Value
  /// Whether tokens are written with the byte alphabet.
  let isByteLevel: Bool
  /// The tokens by their text.
  let vocabulary: VocabularyReader.Vocabulary

  init(
    json: JSONDocument, path: String, model: JSONDocument.Value, isByteLevel: Bool
  ) throws(TokenizeFailure) {
    self.json = json
    self.path = path
    self.model = model
    self.isByteLevel = isByteLevel
    vocabulary = try VocabularyReader(json: json, path: path).read(model)
  }

  /// The model.
  func bpe() throws(TokenizeFailure) -> BPEModel {
    let options = try options()
    let (merges, merged) = try readMerges(options)
    let texts = vocabulary.table
    guard isByteLevel else {
      let none = [TokenID](repeating: TokenTable.none, count: 256)
      return BPEModel(
        options: options, tokens: texts, merges: merges, merged: merged, byteTokens: none,
        lastByteTokens: none)
    }
    var bytes: [TokenID] = []
    var lastBytes: [TokenID] = []
    for byte in UInt8.min...UInt8.max {
      var text: [UInt8] = []
      withUnsafePointer(to: byte) {
        ByteAlphabet.appendText(of: UnsafeBufferPointer(start: $0, count: 1), to: &text)
      }
      bytes.append(texts.id(of: text) ?? TokenTable.none)
      lastBytes.append(texts.id(of: text + options.wordSuffix) ?? TokenTable.none)
    }
    return BPEModel(
      options: options, tokens: byteTable(), merges: merges, merged: merged, byteTokens: bytes,
      lastByteTokens: lastBytes)
  }

  /// The tokens by the bytes they write; those that write none cannot be found.
  private func byteTable() -> TokenTable {
    var builder = TokenTable.Builder()
    var written = [Bool](repeating: false, count: vocabulary.table.count)
    var bytes: [UInt8] = []
    for id in 0..<vocabulary.table.count {
      let text = vocabulary.table.bytes(of: TokenID(id))
      bytes.removeAll(keepingCapacity: true)
      written[id] = ByteAlphabet.appendBytes(of: text, to: &bytes)
      _ = written[id] ? builder.add(id, bytes) : builder.add(id, text)
    }
    return TokenTable(builder, isFindable: { written[$0] })
  }

  private func options() throws(TokenizeFailure) -> BPEModel.Options {
    var options = BPEModel.Options()
    if let dropout = json.member(model, "dropout"), json.isPresent(dropout),
      json.double(dropout) != 0
    {
      throw .unsupported(path, "BPE dropout", remedy: "set dropout to null")
    }
    options.symbols = isByteLevel ? .bytes : .characters
    options.wholeFirst = json.flag(model, "ignore_merges")
    options.fusesUnknown = json.flag(model, "fuse_unk")
    options.continuingPrefix = json.optionalString(model, "continuing_subword_prefix") ?? []
    options.wordSuffix = json.optionalString(model, "end_of_word_suffix") ?? []
    if isByteLevel && !options.continuingPrefix.isEmpty {
      throw .unsupported(path, "continuing_subword_prefix in a byte-level model")
    }
    if let unknown = json.optionalString(model, "unk_token") {
      guard let id = vocabulary.table.id(of: unknown) else {
        throw .load(
          .inconsistent, path, "unk_token \(quoted(unknown)) that is not in the vocabulary",
          expected: "a token of the vocabulary")
      }
      options.unknown = id
    }
    if json.flag(model, "byte_fallback") {
      options.byteFallback = ByteFallback.tokens(vocabulary.table)
    }
    return options
  }

  private func readMerges(_ options: BPEModel.Options) throws(TokenizeFailure)
    -> (merges: [(left: TokenID, right: TokenID, rank: UInt32)], merged: [TokenID])
  {
    guard let list = json.member(model, "merges"), json.kind(list) == .array else {
      throw .load(
        .malformed, path, at: json.offset(model), "a BPE model without merges",
        expected: "an array \"merges\"")
    }
    var merges: [(left: TokenID, right: TokenID, rank: UInt32)] = []
    var merged: [TokenID] = []
    var left: [UInt8] = []
    var right: [UInt8] = []
    for item in json.children(list) {
      guard split(item, &left, &right) else {
        throw .load(
          .malformed, path, at: json.offset(item), "a merge that is no pair",
          expected: "\"a b\" or [\"a\", \"b\"]")
      }
      let a = try token(left, item)
      let b = try token(right, item)
      guard right.starts(with: options.continuingPrefix) else {
        throw .load(
          .inconsistent, path, at: json.offset(item), "a merge with \(quoted(right))",
          expected: "the prefix \(quoted(options.continuingPrefix))")
      }
      left.append(contentsOf: right.dropFirst(options.continuingPrefix.count))
      merged.append(try token(left, item))
      guard merged.count < Int(PairTable.none) else {
        throw .load(.unsupported, path, "more than \(PairTable.none) merges")
      }
      merges.append((a, b, UInt32(merged.count - 1)))
    }
    return (merges, merged)
  }

  private func token(_ text: [UInt8], _ item: JSONDocument.Value) throws(TokenizeFailure)
    -> TokenID
  {
    let id = text.withUnsafeBufferPointer { bytes -> TokenID in
      guard let base = bytes.baseAddress, !bytes.isEmpty else { return TokenTable.none }
      return vocabulary.table.find(base, bytes.count, PieceHash.of(base, bytes.count))
    }
    guard id != TokenTable.none else {
      throw .load(
        .inconsistent, path, at: json.offset(item),
        "a merge that names \(quoted(text)), which is not in the vocabulary",
        expected: "tokens of the vocabulary")
    }
    return id
  }

  /// Reads `"a b"` or `["a", "b"]`.
  private func split(
    _ item: JSONDocument.Value, _ left: inout [UInt8], _ right: inout [UInt8]
  ) -> Bool {
    left.removeAll(keepingCapacity: true)
    right.removeAll(keepingCapacity: true)
    if json.kind(item) == .string {
      json.appendString(item, to: &left)
      guard let space = left.firstIndex(of: 0x20) else { return false }
      right.append(contentsOf: left[(space + 1)...])
      left.removeSubrange(space...)
      return !right.contains(0x20)
    }
    guard json.kind(item) == .array else { return false }
    var walk = json.children(item)
    guard let first = walk.next(), let second = walk.next(), walk.next() == nil,
      json.kind(first) == .string, json.kind(second) == .string
    else { return false }
    json.appendString(first, to: &left)
    json.appendString(second, to: &right)
    return true
  }
}

/// The tokens `<0x00>` to `<0xFF>`.
enum ByteFallback {
  /// Their ids, `TokenTable.none` where one is missing; nil if all are.
  static func tokens(_ table: TokenTable) -> [TokenID]? {
    let digits = Array("0123456789ABCDEF".utf8)
    let ids = (0..<256).map { byte in
      table.id(of: Array("<0x".utf8) + [digits[byte >> 4], digits[byte & 15]] + Array(">".utf8))
        ?? TokenTable.none
    }
    return ids.allSatisfy { $0 == TokenTable.none } ? nil : ids
  }
}
