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
    var merges = MergeList(json: json, path: path, table: vocabulary.table, options: options)
    var walk = json.children(list)
    while try merges.readBatch(&walk) {}
    return (merges.merges, merges.merged)
  }
}

/// Reads the merges of a `tokenizer.json`, a batch at a time: the memory of all look-ups of a batch
/// is asked for before the first.
private struct MergeList {
  /// A merge whose tokens are not yet looked up; its texts are in `text`.
  private struct Pair {
    var item: JSONDocument.Value
    var left: Range<Int>
    var right: Range<Int>
    var leftHash: UInt64 = 0
    var rightHash: UInt64 = 0
    var leftID = TokenTable.none
    var rightID = TokenTable.none
    /// The token of both.
    var result = TokenTable.none
  }

  private static let batch = 32

  let json: JSONDocument
  let path: String
  let table: TokenTable
  let options: BPEModel.Options
  private(set) var merges: [(left: TokenID, right: TokenID, rank: UInt32)] = []
  private(set) var merged: [TokenID] = []
  private var text: [UInt8] = []
  private var pairs: [Pair] = []

  init(
    json: JSONDocument, path: String, table: TokenTable, options: BPEModel.Options
  ) {
    self.json = json
    self.path = path
    self.table = table
    self.options = options
    merges.reserveCapacity(table.count)
    merged.reserveCapacity(table.count)
  }

  /// Reads some merges; false at the end of the list.
  mutating func readBatch(_ walk: inout JSONDocument.Children) throws(TokenizeFailure) -> Bool {
    text.removeAll(keepingCapacity: true)
    pairs.removeAll(keepingCapacity: true)
    // What is wrong with an earlier merge is told first.
    var bad: JSONDocument.Value?
    while bad == nil, pairs.count < Self.batch, let item = walk.next() {
      if let (left, right) = split(item) {
        pairs.append(Pair(item: item, left: left, right: right))
      } else {
        bad = item
      }
    }
    lookUp()
    for pair in pairs {
      try check(pair)
      merges.append((pair.leftID, pair.rightID, UInt32(merged.count)))
      merged.append(pair.result)
    }
    if let bad {
      throw .load(
        .malformed, path, at: json.offset(bad), "a merge that is no pair",
        expected: "\"a b\" or [\"a\", \"b\"]")
    }
    return pairs.count == Self.batch
  }

  /// Finds the tokens of the batch, `none` where there is none.
  private mutating func lookUp() {
    let table = table
    let prefixCount = options.continuingPrefix.count
    var last = merged.last ?? 0
    let text = text
    text.withUnsafeBufferPointer { text in
      pairs.withUnsafeMutableBufferPointer { pairs in
        guard let base = text.baseAddress else { return }
        for place in pairs.indices {
          let (left, right) = (pairs[place].left, pairs[place].right)
          if left.isEmpty || right.isEmpty { continue }
          pairs[place].leftHash = PieceHash.of(base + left.lowerBound, left.count)
          pairs[place].rightHash = PieceHash.of(base + right.lowerBound, right.count)
          table.prefetchSlot(pairs[place].leftHash)
          table.prefetchSlot(pairs[place].rightHash)
        }
        for place in pairs.indices {
          table.prefetchBytes(pairs[place].leftHash)
          table.prefetchBytes(pairs[place].rightHash)
        }
        for place in pairs.indices {
          let (left, right) = (pairs[place].left, pairs[place].right)
          if !left.isEmpty {
            let hash =
              right.isEmpty
              ? PieceHash.of(base + left.lowerBound, left.count) : pairs[place].leftHash
            pairs[place].leftID = table.find(base + left.lowerBound, left.count, hash)
          }
          if left.isEmpty || right.isEmpty { continue }
          pairs[place].rightID = table.find(
            base + right.lowerBound, right.count, pairs[place].rightHash)
          last = Self.joined(
            table, UnsafeBufferPointer(rebasing: text[left]),
            UnsafeBufferPointer(rebasing: text[right].dropFirst(prefixCount)), after: last)
          pairs[place].result = last
        }
      }
    }
  }

  /// The token of two texts, one or more bytes and any: most often the one after the last, since
  /// ids follow merges.
  private static func joined(
    _ table: TokenTable, _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>,
    after last: TokenID
  ) -> TokenID {
    let next = last &+ 1
    let bytes = table.bytes(of: next)
    if let base = bytes.baseAddress, let first = left.baseAddress, let second = right.baseAddress,
      !right.isEmpty, bytes.count == left.count + right.count,
      PieceHash.equal(base, first, left.count),
      PieceHash.equal(base + left.count, second, right.count)
    {
      return next
    }
    return table.id(of: Array(left) + Array(right)) ?? TokenTable.none
  }

  /// Throws what is wrong with a merge.
  private func check(_ pair: Pair) throws(TokenizeFailure) {
    if pair.result != TokenTable.none && pair.leftID != TokenTable.none
      && pair.rightID != TokenTable.none && options.continuingPrefix.isEmpty
      && merged.count + 1 < Int(PairTable.none)
    {
      return
    }
    if pair.leftID == TokenTable.none { throw unknown(text[pair.left], pair) }
    if pair.rightID == TokenTable.none { throw unknown(text[pair.right], pair) }
    let prefix = options.continuingPrefix
    guard text[pair.right].starts(with: prefix) else {
      throw .load(
        .inconsistent, path, at: json.offset(pair.item),
        "a merge with \(quoted(text[pair.right]))", expected: "the prefix \(quoted(prefix))")
    }
    if pair.result == TokenTable.none {
      throw unknown(text[pair.left] + text[pair.right].dropFirst(prefix.count), pair)
    }
    guard merged.count + 1 < Int(PairTable.none) else {
      throw .load(.unsupported, path, "more than \(PairTable.none) merges")
    }
  }

  private func unknown(_ text: ArraySlice<UInt8>, _ pair: Pair) -> TokenizeFailure {
    .load(
      .inconsistent, path, at: json.offset(pair.item),
      "a merge that names \(quoted(text)), which is not in the vocabulary",
      expected: "tokens of the vocabulary")
  }

  /// Reads `"a b"` or `["a", "b"]` to the end of `text`, and tells where the halves are.
  private mutating func split(_ item: JSONDocument.Value) -> (left: Range<Int>, right: Range<Int>)?
  {
    let start = text.count
    if json.kind(item) == .string {
      json.appendString(item, to: &text)
      guard let space = text[start...].firstIndex(of: 0x20),
        !text[(space + 1)...].contains(0x20)
      else { return nil }
      return (start..<space, space + 1..<text.count)
    }
    guard json.kind(item) == .array else { return nil }
    var walk = json.children(item)
    guard let first = walk.next(), let second = walk.next(), walk.next() == nil,
      json.kind(first) == .string, json.kind(second) == .string
    else { return nil }
    json.appendString(first, to: &text)
    let middle = text.count
    json.appendString(second, to: &text)
    return (start..<middle, middle..<text.count)
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
