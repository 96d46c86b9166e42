import ShardifyCore
import Testing

@testable import Tokenize

/// One vocabulary and the reference ids made with it.
struct VectorCase: Sendable, CustomStringConvertible {
  var file: String
  var pattern: String?
  var vectors: String
  var description: String { vectors }
  var special: Bool { vectors.contains(".special") || vectors.contains(".hf") }

  static let all: [VectorCase] =
    [
      ("gpt2/r50k_base.tiktoken", "gpt2", "gpt2"),
      ("p50k_base/p50k_base.tiktoken", "p50k", "p50k_base"),
      ("cl100k_base/cl100k_base.tiktoken", "cl100k", "cl100k_base"),
      ("o200k_base/o200k_base.tiktoken", "o200k", "o200k_base"),
      ("kimi_k2/kimi_k2.tiktoken", "kimi", "kimi_k2"),
    ].flatMap { file, pattern, name in
      [".tiktoken", ".tiktoken.special"].map { kind in
        VectorCase(file: file, pattern: pattern, vectors: name + kind)
      }
    } + [VectorCase(file: "qwen2/qwen.tiktoken", pattern: "qwen2", vectors: "qwen2.tiktoken")]
    + [
      "gpt2", "gpt_neox", "clip", "mistral_v1", "mistral_v3", "t5_fr", "bert_uncased", "bert_cased",
      "mbert",
    ]
    .map { VectorCase(file: "\($0)/tokenizer.json", vectors: "\($0).hf") }
    + ["cl100k_base", "o200k_base", "qwen2", "kimi_k2", "deepseek_llm", "falcon", "uni_mix"]
    .map { VectorCase(file: "\($0)/tokenizer.gen.json", vectors: "\($0).hf") }
    + ["mistral_v1", "mistral_v3", "t5_fr", "axlearn_bpe128k", "sp_test", "uni_mix", "bpe_mix"]
    .map { VectorCase(file: "\($0)/tokenizer.model", vectors: "\($0).sp") }
}

@Suite(
  "Ids equal the reference's",
  .enabled(if: SharedData.isThere, "the shared tokenizer data is not beside the checkout"))
struct VectorTests {
  /// Unoptimized builds look at every 16th vector; `swift test -c release` at all of them.
  static var stride: Int {
    #if DEBUG
      16
    #else
      1
    #endif
  }

  @Test("every vector has the reference's ids", arguments: VectorCase.all)
  func vectorsHaveTheReferenceIDs(_ example: VectorCase) throws {
    let tokenizer = try SharedData.tokenizer(example.file, pattern: example.pattern)
    let encoder = tokenizer.makeEncoder()
    let lines = try SharedData.read("vectors/\(example.vectors).jsonl.zst").split(separator: 0x0A)
    #expect(lines.count == 4751)
    var wrong = 0
    for (number, line) in lines.enumerated() where number % Self.stride == 0 {
      let (text, ids) = try Array(line).withUnsafeBytes { try Self.parse($0) }
      let found = encoder.encode(text, special: example.special)
      if found != ids {
        wrong += 1
        let same = zip(found, ids).prefix { $0 == $1 }.count
        Issue.record(
          """
          line \(number + 1), \(quoted(text)): ids differ from place \(same) on: \
          \(found.dropFirst(same).prefix(8)), expected \(ids.dropFirst(same).prefix(8))
          """)
      }
      if wrong >= 5 { break }
    }
  }

  private static func parse(_ line: UnsafeRawBufferPointer) throws -> ([UInt8], [TokenID]) {
    let json = try JSONDocument(line, path: "vectors")
    let text = try #require(json.optionalString(json.root, "text"))
    let list = try #require(json.member(json.root, "ids"))
    return (text, json.children(list).compactMap { json.integer($0).map { TokenID($0) } })
  }

  @Test(
    "byte-level models give back any text",
    arguments: VectorCase.all.filter { $0.vectors.hasSuffix(".tiktoken") })
  func byteLevelTextComesBack(_ example: VectorCase) throws {
    let tokenizer = try SharedData.tokenizer(example.file, pattern: example.pattern)
    let encoder = tokenizer.makeEncoder()
    var random = TestRandom(seed: 11)
    for _ in 0..<300 {
      let noise = random.bytes(upTo: 200)
      #expect(try tokenizer.decode(encoder.encode(noise)) == noise)
      let text = random.text(upTo: 60)
      #expect(try tokenizer.decode(encoder.encode(text)) == text)
    }
  }
}
