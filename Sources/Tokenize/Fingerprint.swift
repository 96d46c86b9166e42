import ShardifyCore

/// What fingerprints are made of.
enum Fingerprint {
  /// Ids and bytes of all tokens, in order of id.
  static func add(_ tokens: TokenTable, to hash: inout SHA256) {
    var out: [UInt8] = []
    out.appendLittleEndian(UInt32(tokens.count))
    for id in 0..<tokens.count {
      let bytes = tokens.bytes(of: TokenID(id))
      out.appendLittleEndian(UInt32(bytes.count))
      out.append(contentsOf: bytes)
    }
    hash.update(out)
  }

  /// Added tokens with their switches, in order of the file.
  static func add(_ tokens: [AddedTokens.Token], to hash: inout SHA256) {
    var out: [UInt8] = []
    out.appendLittleEndian(UInt32(tokens.count))
    for token in tokens {
      out.appendLittleEndian(token.id)
      out.appendLittleEndian(UInt32(token.text.count))
      out.append(contentsOf: token.text)
      for flag in [
        token.isSpecial, token.stripsLeft, token.stripsRight, token.isSingleWord,
        token.isNormalized,
      ] {
        out.append(flag ? 1 : 0)
      }
    }
    hash.update(out)
  }

  /// All of a model's members but the vocabulary object: names in order of bytes, long lists as
  /// they stand. `merges` count the same as strings and as pairs.
  static func addModel(
    _ json: JSONDocument, _ model: JSONDocument.Value, to hash: inout SHA256
  ) {
    var members: [(key: [UInt8], value: JSONDocument.Value)] = []
    var walk = json.children(model)
    while let key = walk.next(), let value = walk.next() {
      if json.rawBytes(key).elementsEqual("vocab".utf8) && json.kind(value) == .object { continue }
      if json.kind(value) == .null { continue }
      members.append((Array(json.rawBytes(key)), value))
    }
    members.sort { $0.key.lexicographicallyPrecedes($1.key) }
    for member in members {
      hash.update(member.key)
      if member.key.elementsEqual("merges".utf8) {
        addMerges(json, member.value, to: &hash)
      } else {
        hash.update(json.canonical(member.value))
      }
    }
  }

  private static func addMerges(
    _ json: JSONDocument, _ merges: JSONDocument.Value, to hash: inout SHA256
  ) {
    var out: [UInt8] = []
    for item in json.children(merges) {
      if json.kind(item) == .string {
        json.appendString(item, to: &out)
      } else {
        for (index, half) in json.children(item).enumerated() where json.kind(half) == .string {
          if index > 0 { out.append(0x20) }
          json.appendString(half, to: &out)
        }
      }
      out.append(0x0A)
    }
    hash.update(out)
  }
}
