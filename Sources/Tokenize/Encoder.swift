import ShardifyCore

/// Turns text into ids. One per thread: it holds a cache and scratch space.
///
/// Ids depend on the text and the tokenizer alone, never on what was encoded before.
public final class Encoder {
  private let definition: TokenizerDefinition
  private let model: ModelEncoder

  init(_ definition: TokenizerDefinition) {
    self.definition = definition
    model = ModelEncoder(definition)
  }

  /// Appends the ids of valid UTF-8.
  ///
  /// `special`: text that spells a special token becomes that token; else it is ordinary text.
  /// Added tokens that the file does not call special are always found. No template (BOS, EOS,
  /// `[CLS]`) is applied. Bytes that are not UTF-8 do no harm: byte-level models encode them as
  /// they are, the others as U+FFFD or an unknown character. Text past 1 GiB is encoded in parts
  /// of that size.
  public func encode(_ text: UnsafeRawBufferPointer, special: Bool, into output: TokenBuffer) {
    guard text.count <= Self.maxBytes else {
      encodeInParts(text, special: special, into: output)
      return
    }
    let bytes = text.assumingMemoryBound(to: UInt8.self)
    guard !definition.addedTokens.isIdle(special: special) else {
      model.encode(bytes, special: special, isStart: true, into: output)
      return
    }
    definition.addedTokens.split(bytes, special: special) { part in
      if let id = part.id {
        output.append(id)
      } else {
        model.encode(
          UnsafeBufferPointer(rebasing: bytes[part.range]), special: special,
          isStart: part.range.lowerBound == 0, into: output)
      }
    }
  }

  /// Longer texts are encoded in parts of this size: places inside a pretoken have 32 bits.
  private static let maxBytes = 1 << 30

  private func encodeInParts(
    _ text: UnsafeRawBufferPointer, special: Bool, into output: TokenBuffer
  ) {
    var start = 0
    while start < text.count {
      var end = min(text.count, start + Self.maxBytes)
      while end < text.count && end > start + 1 && text[end] & 0xC0 == 0x80 { end -= 1 }
      encode(UnsafeRawBufferPointer(rebasing: text[start..<end]), special: special, into: output)
      start = end
    }
  }

  /// The ids of a string; for tests and reports.
  public func encode(_ text: [UInt8], special: Bool = false) -> [TokenID] {
    let output = TokenBuffer(capacity: text.count / 2 + 16)
    text.withUnsafeBytes { encode($0, special: special, into: output) }
    return Array(output.ids)
  }
}
