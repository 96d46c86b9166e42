import Files
import ShardifyCore

/// Opens a tokenizer's file and finds its format by what is in it.
enum TokenizerFile {
  /// Larger files are refused; the largest published ones have 35 MB. What is made of a file is
  /// bounded by it: a double array holds two nodes for each byte at worst, and 2^27 in all.
  static let maxBytes = 1 << 26

  static func read(_ path: String, pattern: String?) throws(TokenizeFailure) -> TokenizerDefinition
  {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch {
      throw .load(.unreadable, path, error.found, remedy: error.remedy)
    }
    guard file.bytes.count <= maxBytes else {
      throw .load(
        .malformed, path, "\(file.bytes.count) bytes", expected: "at most \(maxBytes) bytes")
    }
    guard !file.bytes.isEmpty else {
      throw .load(.unknownFormat, path, "an empty file", expected: formats)
    }
    // A .model may start as JSON does: with a line feed, and the length of a piece.
    let isModel = pattern == nil && (path.hasSuffix(".model") || path.hasSuffix(".spm"))
    if path.hasSuffix(".json") || !isModel && firstVisible(file.bytes) == 0x7B {
      try refusePattern(pattern, path)
      return try HuggingFaceReader(file.bytes, path: path).definition()
    }
    if path.hasSuffix(".tiktoken") || pattern != nil {
      return try TiktokenReader(file.bytes, path: path, pattern: pattern).definition()
    }
    if isModel || file.bytes[0] == 0x0A {
      return try SentencePieceReader(file.bytes, path: path).definition()
    }
    throw .load(.unknownFormat, path, "an unknown format", expected: formats)
  }

  private static let formats = "tokenizer.json, a .tiktoken file or a SentencePiece .model"

  private static func refusePattern(_ pattern: String?, _ path: String) throws(TokenizeFailure) {
    guard let pattern else { return }
    throw .load(
      .pattern, path, "pattern \(pattern) for a file that names its own",
      expected: "no pattern", remedy: "leave the pattern out")
  }

  private static func firstVisible(_ bytes: UnsafeRawBufferPointer) -> UInt8? {
    bytes.prefix(4096).first { $0 > 0x20 }
  }

  /// The names a document's end goes by, the first that is there wins.
  static let endNames = [
    "<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|im_end|>", "[EOS]",
    "<｜end▁of▁sentence｜>", "[SEP]",
  ]

  /// The end-of-text token among special tokens, by name.
  static func endOfText(_ special: [(text: [UInt8], id: TokenID)]) -> TokenID? {
    for name in endNames {
      if let found = special.first(where: { $0.text.elementsEqual(name.utf8) }) { return found.id }
    }
    return nil
  }
}
