import ShardifyCore

/// Turns ids back into bytes.
struct TokenDecoder: Sendable {
  /// How the bytes of tokens become text.
  enum Joining: Sendable {
    /// They are the text.
    case plain
    /// WordPiece: a space before each token that does not start with the prefix.
    case words(prefix: [UInt8])
    /// The first space of the text goes.
    case dropsFirstSpace
  }

  /// What each id stands for.
  let bytes: TokenTable
  var joining = Joining.plain

  /// Appends the bytes of an id; false if it is not in the vocabulary.
  func append(_ id: TokenID, to out: inout [UInt8]) -> Bool {
    let token = bytes.bytes(of: id)
    guard !token.isEmpty else { return false }
    switch joining {
    case .plain: out.append(contentsOf: token)
    case .dropsFirstSpace:
      out.append(
        contentsOf: out.isEmpty && token.first == 0x20 ? token.dropFirst()[...] : token[...])
    case .words(let prefix):
      if token.starts(with: prefix) && token.count > prefix.count {
        out.append(contentsOf: token.dropFirst(prefix.count))
      } else {
        if !out.isEmpty { out.append(0x20) }
        out.append(contentsOf: token)
      }
    }
    return true
  }
}
