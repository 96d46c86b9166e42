import ShardifyCore

/// Works out how the ids of a `tokenizer.json` become text again.
struct DecoderReader {
  let json: JSONDocument

  /// The decoder. Byte-level tokens write bytes; in others `▁` is a space and `<0x0A>` a byte,
  /// where the file's decoder says so.
  func decoder(_ texts: TokenTable, _ added: [AddedTokens.Token], isByteLevel: Bool)
    -> TokenDecoder
  {
    let decoder = json.member(json.root, "decoder")
    let names = decoder.map { types($0) } ?? []
    var builder = TokenTable.Builder()
    for token in added { _ = builder.add(Int(token.id), token.text) }
    let suffix = json.member(json.root, "model").flatMap {
      json.optionalString($0, "end_of_word_suffix")
    }
    var bytes: [UInt8] = []
    for id in 0..<texts.count {
      let text = texts.bytes(of: TokenID(id))
      if text.isEmpty { continue }
      if isByteLevel && suffix == nil {
        bytes.removeAll(keepingCapacity: true)
        let isWritten = ByteAlphabet.appendBytes(of: text, to: &bytes)
        _ = isWritten ? builder.add(id, bytes) : builder.add(id, text)
        continue
      }
      _ = builder.add(id, written(text, names, suffix ?? [], isByteLevel: isByteLevel))
    }
    var result = TokenDecoder(bytes: TokenTable(builder, isSearched: false))
    if names.contains("WordPiece") {
      result.joining = .words(
        prefix: decoder.flatMap { json.optionalString($0, "prefix") } ?? Array("##".utf8))
    } else if names.contains("Metaspace") || names.contains("Strip") {
      result.joining = .dropsFirstSpace
    }
    return result
  }

  private func types(_ value: JSONDocument.Value) -> [String] {
    let own = json.optionalString(value, "type").map { String(decoding: $0, as: UTF8.self) }
    let inner = json.member(value, "decoders").map { json.children($0).flatMap { types($0) } }
    return (own.map { [$0] } ?? []) + (inner ?? [])
  }

  private func written(
    _ text: UnsafeBufferPointer<UInt8>, _ names: [String], _ suffix: [UInt8], isByteLevel: Bool
  ) -> [UInt8] {
    var out: [UInt8] = []
    if isByteLevel {
      var stem = text
      var ending: [UInt8] = []
      if !suffix.isEmpty && text.count > suffix.count
        && text.suffix(suffix.count).elementsEqual(suffix)
      {
        stem = UnsafeBufferPointer(rebasing: text.dropLast(suffix.count))
        ending = [0x20]
      }
      return ByteAlphabet.appendBytes(of: stem, to: &out) ? out + ending : Array(text)
    }
    let hasMark = names.contains("Metaspace") || names.contains("Replace")
    if names.contains("ByteFallback"), let byte = SentencePieceText.byte(text) { return [byte] }
    return hasMark ? SentencePieceText.plain(text) : Array(text)
  }
}

/// How SentencePiece writes spaces and bytes.
enum SentencePieceText {
  /// U+2581.
  static let mark: [UInt8] = [0xE2, 0x96, 0x81]

  /// The byte that `<0x0A>` stands for, or nil.
  static func byte(_ text: UnsafeBufferPointer<UInt8>) -> UInt8? {
    guard text.count == 6, text.starts(with: Array("<0x".utf8)), text[5] == 0x3E else { return nil }
    return UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
  }

  /// The text with marks as spaces.
  static func plain(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var at = 0
    while at < text.count {
      if text[at] == mark[0], at + 3 <= text.count, text[at..<at + 3].elementsEqual(mark) {
        out.append(0x20)
        at += 3
      } else {
        out.append(text[at])
        at += 1
      }
    }
    return out
  }
}
