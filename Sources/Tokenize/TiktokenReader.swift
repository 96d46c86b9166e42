import ShardifyCore

/// Reads a `.tiktoken` file: lines of base64 and a rank. Its pattern has a name, or is a regex.
struct TiktokenReader {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private let encoding: NamedEncoding

  init(_ bytes: UnsafeRawBufferPointer, path: String, pattern: String?) throws(TokenizeFailure) {
    self.bytes = bytes
    self.path = path
    guard let pattern else {
      throw .load(
        .pattern, path, "a .tiktoken file and no pattern",
        expected: "\(NamedEncoding.names), or a regex",
        remedy: "name the pattern its tokens were made with")
    }
    encoding = try NamedEncoding.read(pattern, path: path)
  }

  /// The tokenizer the file and the pattern define.
  func definition() throws(TokenizeFailure) -> TokenizerDefinition {
    var builder = try readRanks()
    let rankCount = builder.count
    let tokens = TokenTable(builder)
    try checkRanks(tokens, rankCount)
    let special = encoding.special(ranks: rankCount)
    for token in special where !builder.add(Int(token.id), token.text) {
      throw .load(
        .inconsistent, path, "rank \(token.id) for a token",
        expected: "that id free for \(quoted(token.text))")
    }
    let bytes = (0..<256).map { tokens.id(of: [UInt8($0)]) ?? TokenTable.none }
    let tree = MergeTree(ranks: tokens, byteTokens: bytes)
    var options = BPEModel.Options()
    options.wholeFirst = true
    let model = BPEModel(
      options: options, tokens: tokens, merges: tree?.merges ?? RankMerges.derive(tokens),
      merged: (0..<rankCount).map { TokenID($0) }, byteTokens: bytes, lastByteTokens: bytes,
      tree: tree)
    let names = special.map { ($0.text, $0.id) }
    return TokenizerDefinition(
      kind: "byte-level BPE", model: .bpe(model), pretokenizer: encoding.pretokenizer,
      addedTokens: AddedTokens(special),
      decoder: TokenDecoder(bytes: TokenTable(builder, isSearched: false)),
      specialTokens: names, endOfTextID: TokenizerFile.endOfText(names),
      fingerprint: fingerprint(tokens, special))
  }

  private func readRanks() throws(TokenizeFailure) -> TokenTable.Builder {
    var builder = TokenTable.Builder()
    var at = 0
    var token: [UInt8] = []
    while at < bytes.count {
      var end = at
      while end < bytes.count && bytes[end] != 0x0A { end += 1 }
      let next = end + 1
      if end > at && bytes[end - 1] == 0x0D { end -= 1 }
      if end > at { try readLine(at..<end, &token, &builder) }
      at = next
    }
    return builder
  }

  private func readLine(
    _ line: Range<Int>, _ token: inout [UInt8], _ builder: inout TokenTable.Builder
  ) throws(TokenizeFailure) {
    guard let gap = bytes[line].firstIndex(of: 0x20), gap > line.lowerBound else {
      throw .load(
        .malformed, path, at: line.lowerBound, quoted(bytes[line]),
        expected: "base64, a space and a rank")
    }
    token.removeAll(keepingCapacity: true)
    guard
      Base64.decode(UnsafeRawBufferPointer(rebasing: bytes[line.lowerBound..<gap]), into: &token),
      !token.isEmpty
    else {
      throw .load(
        .malformed, path, at: line.lowerBound, quoted(bytes[line.lowerBound..<gap]),
        expected: "base64")
    }
    var rank = 0
    guard gap + 1 < line.upperBound else { throw badRank(gap..<line.upperBound) }
    for index in gap + 1..<line.upperBound {
      let digit = bytes[index]
      guard digit >= 0x30, digit <= 0x39, rank < TokenTable.maxCount else {
        throw badRank(gap + 1..<line.upperBound)
      }
      rank = rank * 10 + Int(digit - 0x30)
    }
    guard rank < TokenTable.maxCount else { throw badRank(gap + 1..<line.upperBound) }
    guard builder.add(rank, token) else {
      throw .load(
        .inconsistent, path, at: line.lowerBound, "rank \(rank) twice", expected: "each rank once")
    }
  }

  private func badRank(_ range: Range<Int>) -> TokenizeFailure {
    .load(
      .malformed, path, at: range.lowerBound, "rank \(quoted(bytes[range]))",
      expected: "a whole number below \(TokenTable.maxCount)")
  }

  /// Every byte has a token, no bytes stand twice, and the gaps are the known ones.
  private func checkRanks(_ tokens: TokenTable, _ rankCount: Int) throws(TokenizeFailure) {
    for id in 0..<rankCount {
      if tokens.bytes(of: TokenID(id)).isEmpty {
        if encoding.gaps.contains(id) { continue }
        throw .load(
          .inconsistent, path, "no token of rank \(id) below rank \(rankCount - 1)",
          expected: "ranks without gaps", remedy: "the file may be cut; fetch it again")
      }
      if let double = tokens.firstDouble, double.id == id {
        throw .load(
          .inconsistent, path, "ranks \(double.lower) and \(id) for the same bytes",
          expected: "each token once")
      }
    }
    for byte in 0..<256 where tokens.id(of: [UInt8(byte)]) == nil {
      throw .load(
        .inconsistent, path, "no token for byte \(byte)", expected: "a token for each byte",
        remedy: "the file may be cut; fetch it again")
    }
  }

  private func fingerprint(_ tokens: TokenTable, _ special: [AddedTokens.Token]) -> SHA256.Digest {
    var hash = SHA256()
    var head: [UInt8] = []
    head.appendLengthPrefixed("tiktoken 1 \(encoding.fingerprint)")
    hash.update(head)
    Fingerprint.add(tokens, to: &hash)
    Fingerprint.add(special, to: &hash)
    return hash.finish()
  }
}

/// Merges of a vocabulary that has ranks and no merge list: a pair merges if its bytes are a
/// token, at that token's rank.
enum RankMerges {
  static func derive(_ tokens: TokenTable) -> [(left: TokenID, right: TokenID, rank: UInt32)] {
    var merges: [(left: TokenID, right: TokenID, rank: UInt32)] = []
    merges.reserveCapacity(tokens.count * 5 / 2)
    for id in 0..<tokens.count {
      let bytes = tokens.bytes(of: TokenID(id))
      guard let base = bytes.baseAddress, bytes.count > 1 else { continue }
      for cut in 1..<bytes.count {
        let left = tokens.find(base, cut, PieceHash.of(base, cut))
        if left == TokenTable.none { continue }
        let rest = bytes.count - cut
        let right = tokens.find(base + cut, rest, PieceHash.of(base + cut, rest))
        if right == TokenTable.none { continue }
        merges.append((left, right, UInt32(id)))
      }
    }
    return merges
  }
}
