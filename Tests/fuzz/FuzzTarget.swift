import Glibc
import ShardifyCore

@testable import Detect
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

/// Texts that a fuzzed model is asked about.
private let questions = [
  "", "das ist ein haus und der hund", "The quick brown fox</s>", "你好世界 это дом",
  String(repeating: "langeswort ", count: 200), "\u{E000}\u{301}1 2 3 __label__deu",
].map { Array($0.utf8) }

/// What tells languages: the built-in model, and the files of FUZZ_MODELS (paths with colons between).
nonisolated(unsafe) private let workers: [DetectWorker] = {
  let paths = getenv("FUZZ_MODELS").map { String(cString: $0) } ?? ""
  return ([nil] + paths.split(separator: ":").map(String.init)).map {
    guard let detector = try? Detector(modelPath: $0) else { abort() }
    return detector.makeWorker()
  }
}()

/// Asks twice and checks what holds for every text: a sound tag, shares within 1, equal answers.
private func ask(_ worker: DetectWorker, _ text: UnsafeRawBufferPointer) {
  let found = worker.detect(text)
  guard LanguageTag(rawValue: found.tag.rawValue) != nil, found.probability <= 10_000,
    found.scriptShare <= 10_000, worker.detect(text) == found,
    worker.candidates(text, count: 5).count <= 5
  else { abort() }
}

/// Reads a language model and, if it is one, asks it.
private func readModel(_ bytes: UnsafeRawBufferPointer) {
  guard let detector = try? Detector(model: bytes, path: "fuzz.bin") else { return }
  let worker = detector.makeWorker()
  for text in questions { text.withUnsafeBytes { ask(worker, $0) } }
}

/// A text, sampled and whole.
private func detect(_ text: UnsafeRawBufferPointer) {
  for worker in workers {
    for isSampling in [true, false] {
      worker.isSampling = isSampling
      ask(worker, text)
    }
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
  #elseif FUZZ_LANGUAGEMODEL
    readModel(bytes)
  #elseif FUZZ_DETECT
    detect(bytes)
  #else
    if let definition = try? read(bytes) {
      _ = Encoder(definition).encode(Array("The quick brown fox, 你好世界 \u{2581}12".utf8))
    }
  #endif
  return 0
}
