import ShardifyCore
import Testing

@testable import Tokenize

/// SentencePiece text is cut into words before it is normalized: that must not show.
@Suite(
  "Words cut before they are normalized",
  .enabled(if: SharedData.isThere, "the shared tokenizer data is not beside the checkout"))
struct SentencePieceWordsTests {
  private static let models = ["uni_mix", "bpe_mix", "mistral_v1", "mistral_v3", "t5_fr"]

  private static func encoders(_ model: String) throws -> (cut: Encoder, whole: Encoder) {
    var definition = try SharedData.tokenizer("\(model)/tokenizer.model").definition
    let cut = Encoder(definition)
    #expect(definition.sentencePieceWords != nil)
    definition.sentencePieceWords = nil
    return (cut, Encoder(definition))
  }

  /// Words, spaces of all kinds and what rules touch: combining marks, wide forms, `▁` itself.
  private static func text(_ random: inout TestRandom, upTo limit: Int) -> [UInt8] {
    let parts = [
      " ", " ", " ", "  ", "\u{3000}", "\u{A0}", "\n", "\t", "\u{200B}", "the", "walking", "Über",
      "e\u{301}", "\u{301}", "か\u{3099}", "か", "ﾀﾞ", "，", "。", "中文", "我们的人民", "Привет", "т.е",
      "don't", ".", ",", "\"", "(x)", "http://a.b", "12", "½", "…", "\u{A8}", "ﷺ", "한국어",
      "\u{1100}\u{1161}",
      "नमस्ते", "क\u{93C}", "สวัสดี", "🙂", "\u{2581}", "internationalization", "\u{FFFD}",
    ]
    var out: [UInt8] = []
    for _ in 0..<random.below(limit) { out += Array(parts[random.below(parts.count)].utf8) }
    return out
  }

  @Test("noise gives the ids of text normalized whole", arguments: models)
  func noise(_ model: String) throws {
    let (cut, whole) = try Self.encoders(model)
    var random = TestRandom(seed: 5)
    for round in 0..<3000 {
      var text = Self.text(&random, upTo: round % 7 == 0 ? 200 : 12)
      if round % 5 == 0 { text += random.bytes(upTo: 9) + random.text(upTo: 30) }
      let (found, expected) = (cut.encode(text), whole.encode(text))
      if found != expected {
        Issue.record("round \(round), \(quoted(text)): \(found), expected \(expected)")
        return
      }
    }
  }

  @Test("words that must be normalized, also long ones", arguments: models)
  func normalizedWords(_ model: String) throws {
    let (cut, whole) = try Self.encoders(model)
    var random = TestRandom(seed: 9)
    let hard = ["e\u{301}", "ﾀﾞ", "か\u{3099}", "½", "，", "ﷺ", "क\u{93C}", "x", "人", "т"]
    for round in 0..<300 {
      let longest = [3, 30, 500, 3000][round % 4]
      var text: [UInt8] = []
      for _ in 0..<random.below(longest > 100 ? 9 : 300) {
        for _ in 0..<1 + random.below(longest) {
          text += Array(hard[random.below(hard.count)].utf8)
        }
        text += Array(["", " ", " the ", "  "][random.below(4)].utf8)
      }
      let (found, expected) = (cut.encode(text), whole.encode(text))
      if found != expected {
        Issue.record("round \(round), \(text.count) bytes: differs")
        return
      }
    }
  }

  @Test(
    "each character in, before and after words gives the ids of text normalized whole",
    arguments: models)
  func everyCharacter(_ model: String) throws {
    let (cut, whole) = try Self.encoders(model)
    for scalar in UInt32(0)...0x1_FFFF {
      guard let scalar = Unicode.Scalar(scalar) else { continue }
      let isDense = [0..<0x500, 0x2000..<0x2080, 0x2580..<0x2588, 0x3000..<0x3100, 0xFE70..<0xFF80]
        .contains { $0.contains(scalar.value) }
      if !isDense && scalar.value % 64 != 3 { continue }
      let text = Array("the\(scalar)n \(scalar) \(scalar)x, so\(scalar)".utf8)
      let (found, expected) = (cut.encode(text), whole.encode(text))
      if found != expected {
        Issue.record("U+\(String(scalar.value, radix: 16)): \(found), expected \(expected)")
        return
      }
    }
  }
}
