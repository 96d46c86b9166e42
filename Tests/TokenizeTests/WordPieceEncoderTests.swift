import ShardifyCore
import Testing

@testable import Tokenize

/// Text of BERT tokenizers is cut before it is normalized, and words' ids are kept: both must not
/// show.
struct WordPieceEncoderTests {
  /// A tokenizer.json whose vocabulary is characters, so that ids tell what the normalizer made.
  private static func json(_ flags: String) -> String {
    var texts = ["[UNK]"]
    for scalar in Array(UInt32(0x21)...0x7E) + [0xE9, 0xE4, 0x4F60, 0x597D, 0x3001, 0xAC00, 0x1100]
    where scalar != 0x22 && scalar != 0x5C {
      texts += ["", "##"].map { $0 + String(Unicode.Scalar(scalar) ?? " ") }
    }
    texts += ["the", "##ing", "walk", "Walk"]
    let vocabulary = texts.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
    return """
      {"added_tokens": [], "normalizer": {"type": "BertNormalizer", \(flags)},
      "pre_tokenizer": {"type": "BertPreTokenizer"}, "decoder": null,
      "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 9, "vocab": {\(vocabulary)}}}
      """
  }

  private static let flags = [true, false].flatMap { lowercase in
    ["true", "false"].flatMap { other in
      [
        "\"lowercase\": \(lowercase), \"strip_accents\": \(other), \"clean_text\": true, "
          + "\"handle_chinese_chars\": true",
        "\"lowercase\": \(lowercase), \"strip_accents\": null, \"clean_text\": \(other), "
          + "\"handle_chinese_chars\": \(!lowercase)",
      ]
    }
  }

  private static func encoders(_ flags: String) throws -> (cut: Encoder, whole: Encoder) {
    try TemporaryFile.with(Array(json(flags).utf8), ending: "tokenizer.json") { path in
      var definition = try Tokenizer.load(path).definition
      let cut = Encoder(definition)
      #expect(definition.wordPieceActions != nil)
      definition.wordPieceActions = nil
      return (cut, Encoder(definition))
    }
  }

  @Test(
    "each character between letters, marks and spaces gives the ids of uncut text", arguments: flags
  )
  func everyCharacter(_ flags: String) throws {
    let (cut, whole) = try Self.encoders(flags)
    for scalar in UInt32(0)...0x2_FFFF {
      guard let scalar = Unicode.Scalar(scalar) else { continue }
      if scalar.value > 0x3400 && scalar.value % 64 != 3 { continue }
      let text = Array(
        "a\(scalar)b \(scalar)\u{301}\(scalar).\(scalar)\u{323}e\u{301} Walking".utf8)
      let (found, expected) = (cut.encode(text), whole.encode(text))
      if found != expected {
        Issue.record("U+\(String(scalar.value, radix: 16)): \(found), expected \(expected)")
        return
      }
    }
  }

  @Test("noise gives the ids of uncut text, whatever was encoded before", arguments: flags)
  func noise(_ flags: String) throws {
    let (cut, whole) = try Self.encoders(flags)
    var random = TestRandom(seed: 11)
    for round in 0..<600 {
      var text = round % 4 == 0 ? random.bytes(upTo: 60) : random.text(upTo: 120)
      if round % 3 == 0 { text += random.text(upTo: 3) + random.bytes(upTo: 4) }
      let (found, expected) = (cut.encode(text), whole.encode(text))
      if found != expected {
        Issue.record("round \(round), \(quoted(text)): \(found), expected \(expected)")
        return
      }
    }
  }
}
