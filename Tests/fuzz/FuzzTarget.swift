import Glibc
import ShardifyCore

@testable import Tokenize

/// The tokenizers that text is encoded with: the built-in one, and the files of FUZZ_TOKENIZERS
/// (paths with colons between them; `.tiktoken` files with the pattern gpt2).
nonisolated(unsafe) private let subjects: [(tokenizer: Tokenizer, encoder: Encoder)] = {
  var all = [Tokenizer.bytes]
  let paths = getenv("FUZZ_TOKENIZERS").map { String(cString: $0) } ?? ""
  for path in paths.split(separator: ":").map(String.init) {
    let pattern = path.hasSuffix(".tiktoken") ? "gpt2" : nil
    guard let tokenizer = try? Tokenizer.load(path, pattern: pattern) else { abort() }
    all.append(tokenizer)
  }
  return all.map { ($0, $0.makeEncoder()) }
}()

private func encode(_ text: UnsafeRawBufferPointer) {
  let ids = TokenBuffer(capacity: 16)
  for (index, subject) in subjects.enumerated() {
    ids.truncate(to: 0)
    subject.encoder.encode(text, special: text.count % 2 == 1, into: ids)
    guard let decoded = try? subject.tokenizer.decode(ids.ids) else { abort() }
    if index == 0 && !decoded.elementsEqual(text) { abort() }
  }
}

private func read(_ bytes: UnsafeRawBufferPointer) throws -> TokenizerDefinition {
  #if FUZZ_JSON
    try HuggingFaceReader(bytes, path: "fuzz.json").definition()
  #elseif FUZZ_RANKS
    try TiktokenReader(bytes, path: "fuzz.tiktoken", pattern: "o200k").definition()
  #else
    try SentencePieceReader(bytes, path: "fuzz.model").definition()
  #endif
}

/// libFuzzer's entry. What is fuzzed is chosen when it is built: a file format, or encoding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  #if FUZZ_ENCODE
    encode(bytes)
  #else
    if let definition = try? read(bytes) {
      _ = Encoder(definition).encode(Array("The quick brown fox, 你好世界 \u{2581}12".utf8))
    }
  #endif
  return 0
}
