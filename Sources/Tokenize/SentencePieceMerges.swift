import ShardifyCore

/// Turns the pieces of a SentencePiece BPE model into merges of ids.
///
/// SentencePiece merges neighbours whenever their joined text is a piece, best score first. A
/// character that is part of pieces and is none itself gets an id past the vocabulary, which
/// becomes the unknown token or bytes at the end; so do user-defined pieces, which never merge.
struct SentencePieceMerges {
  private let file: SentencePieceFile
  private let path: String

  init(_ file: SentencePieceFile, path: String) {
    self.file = file
    self.path = path
  }

  func model(_ tokens: TokenTable, _ fallback: [TokenID]?) throws(TokenizeFailure) -> BPEModel {
    var builder = TokenTable.Builder()
    var findable: [Bool] = []
    for (id, piece) in file.pieces.enumerated() {
      if piece.kind == .unused {
        throw .unsupported(path, "a SentencePiece BPE model with unused pieces")
      }
      _ = builder.add(id, piece.text)
      findable.append(piece.kind == .normal)
    }
    for character in missingCharacters(tokens) {
      guard builder.add(builder.count, character) else {
        throw .load(.unsupported, path, "more than \(TokenTable.maxCount) pieces")
      }
      findable.append(true)
    }
    let symbols = TokenTable(builder, isFindable: { findable[$0] })
    let (ranks, priorities) = ranks()
    var merged = [TokenID](repeating: 0, count: ranks.count { $0 != nil })
    for (id, rank) in ranks.enumerated() {
      if let rank { merged[Int(rank)] = TokenID(id) }
    }
    let pieces = PieceMerges(symbols, merged: merged, priorities: priorities)
    var options = BPEModel.Options()
    options.symbols = .characters
    options.unknown = TokenID(file.unknownID)
    options.fusesUnknown = fallback == nil
    options.byteFallback = fallback
    options.pieceCount = file.pieces.count
    options.frozen = frozen()
    let none = [TokenID](repeating: TokenTable.none, count: 256)
    return BPEModel(
      options: options, tokens: symbols, merges: pieces.merges, merged: merged, byteTokens: none,
      lastByteTokens: none, priorities: priorities, characterTree: pieces.tree)
  }

  /// Each normal piece's place by score, best first, nil for the others; and the place of the
  /// first piece with that score, for each place; nil if no two scores are equal.
  private func ranks() -> (ranks: [UInt32?], priorities: [UInt32]?) {
    let mergeable = file.pieces.indices.filter {
      file.pieces[$0].kind == .normal && UTF8Check.scalars(file.pieces[$0].text).count > 1
    }
    // Zeros of both signs are two scores.
    let scores = file.pieces.map { piece in
      let bits = Int32(bitPattern: piece.score.bitPattern)
      return bits < 0 ? bits ^ .max : bits
    }
    let order = mergeable.sorted {
      scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
    }
    var priorities: [UInt32] = []
    var ranks = [UInt32?](repeating: nil, count: file.pieces.count)
    for (rank, id) in order.enumerated() {
      let isEqual = rank > 0 && scores[order[rank - 1]] == scores[id]
      priorities.append(isEqual ? priorities[rank - 1] : UInt32(rank))
      ranks[id] = UInt32(rank)
    }
    let areRanks = priorities.indices.allSatisfy { priorities[$0] == UInt32($0) }
    return (ranks, areRanks ? nil : priorities)
  }

  /// Characters inside normal pieces that are no normal pieces, in order of bytes.
  private func missingCharacters(_ tokens: TokenTable) -> [[UInt8]] {
    var seen: Set<[UInt8]> = []
    for piece in file.pieces where piece.kind == .normal {
      piece.text.withUnsafeBufferPointer { text in
        forEachScalar(text) { _, bytes in
          if bytes.count < text.count { seen.insert(Array(bytes)) }
        }
      }
    }
    return seen.filter { text in
      tokens.id(of: text).map { file.pieces[Int($0)].kind != .normal } ?? true
    }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func frozen() -> ByteTrie? {
    let symbols = file.pieces.enumerated().filter { $0.element.kind == .userDefined }
    guard !symbols.isEmpty else { return nil }
    var trie = ByteTrie()
    for symbol in symbols { trie.insert(symbol.element.text, value: Int32(symbol.offset)) }
    trie.finish()
    return trie
  }
}
