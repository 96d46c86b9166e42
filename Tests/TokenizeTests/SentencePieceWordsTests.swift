import Glibc
import ShardifyCore
import Testing

@testable import Tokenize

/// SentencePiece text is cut into words before it is normalized: that must not show.
@Suite(
  "Words cut before they are normalized",
  .enabled(if: SharedData.isThere, "the shared tokenizer data is not beside the checkout"))
struct SentencePieceWordsTests {
  private static let models = ["uni_mix", "bpe_mix", "mistral_v1", "mistral_v3", "t5_fr"]

  private struct Encoders {
    var cut: Encoder
    /// The same without a map of plain characters.
    var stepping: Encoder
    var whole: Encoder

    init(_ model: String) throws {
      var definition = try SharedData.tokenizer("\(model)/tokenizer.model").definition
      cut = Encoder(definition)
      #expect(definition.sentencePieceWords != nil)
      guard case .sentencePiece(let normalizer)? = definition.normalizer?.steps.first else {
        throw TestFailure.unexpected
      }
      var cuts: SafeCuts?
      switch definition.model {
      case .unigram(let unigram): cuts = unigram.cuts
      case .bpe(let bpe): cuts = bpe.cuts
      default: break
      }
      definition.sentencePieceWords = SentencePieceWords(normalizer, cuts: cuts, hasMap: false)
      stepping = Encoder(definition)
      definition.sentencePieceWords = nil
      whole = Encoder(definition)
    }

    /// Whether both ways to cut a text give the ids of the whole; records what differs.
    func agree(_ text: [UInt8], _ place: String) -> Bool {
      let expected = whole.encode(text)
      for (name, encoder) in [("with", cut), ("without", stepping)] {
        let found = encoder.encode(text)
        if found == expected { continue }
        let what = text.count < 400 ? "\(quoted(text)): \(found), expected \(expected)" : "differs"
        Issue.record("\(name) map, \(place), \(text.count) bytes: \(what)")
        return false
      }
      return true
    }
  }

  private enum TestFailure: Error { case unexpected }

  /// Not UTF-8: in more bytes than it needs, half of a pair, cut off.
  private static let bad: [[UInt8]] = [
    [0xE0, 0x81, 0x81], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xC1, 0x81], [0xE4, 0xB8], [0xD0],
  ]

  /// Words, spaces of all kinds and what rules touch: combining marks, wide forms, `▁` itself.
  private static func text(_ random: inout TestRandom, upTo limit: Int) -> [UInt8] {
    let parts = [
      " ", " ", " ", "  ", "\u{3000}", "\u{A0}", "\n", "\t", "\u{200B}", "the", "walking", "Über",
      "e\u{301}", "\u{301}", "か\u{3099}", "か", "ﾀﾞ", "，", "（）", "（中）", "，，", "．com", "：//", "1，000",
      "我，我", "！", "。", "中文", "我们的人民", "Привет", "т.е",
      "don't", ".", ",", "\"", "(x)", "http://a.b", "12", "½", "…", "\u{A8}", "ﷺ", "한국어",
      "\u{1100}\u{1161}",
      "नमस्ते", "क\u{93C}", "größe", "Straße,", "привет,", "مرحبا.", "สวัสดี", "🙂", "\u{2581}",
      "internationalization", "\u{FFFD}",
    ]
    var out: [UInt8] = []
    for _ in 0..<random.below(limit) { out += Array(parts[random.below(parts.count)].utf8) }
    return out
  }

  @Test("noise gives the ids of text normalized whole", arguments: models)
  func noise(_ model: String) throws {
    let encoders = try Encoders(model)
    var random = TestRandom(seed: 5)
    for round in 0..<2000 {
      var text = Self.text(&random, upTo: round % 7 == 0 ? 200 : 12)
      if round % 5 == 0 { text += random.bytes(upTo: 9) + random.text(upTo: 30) }
      if round % 5 == 1 { text += Self.bad[random.below(Self.bad.count)] + Array("а ".utf8) + text }
      if !encoders.agree(text, "round \(round)") { return }
    }
  }

  @Test("nothing is read past the end of a text", arguments: models)
  func ends(_ model: String) throws {
    let encoders = try Encoders(model)
    var random = TestRandom(seed: 4)
    // A page that may be read, and behind it one that may not.
    let page = Int(getpagesize())
    let memory = try #require(
      mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(memory, 2 * page) }
    try #require(memory != MAP_FAILED && mprotect(memory + page, page, PROT_NONE) == 0)
    for round in 0..<800 {
      let text = Self.text(&random, upTo: 12).suffix(page)
      // Cut anywhere, also inside characters.
      let some = Array(round % 3 == 0 ? text.dropLast(random.below(3)) : text)
      let place = UnsafeMutableRawBufferPointer(
        start: memory + (page - some.count), count: some.count)
      place.copyBytes(from: some)
      for encoder in [encoders.cut, encoders.stepping] {
        let output = TokenBuffer()
        encoder.encode(UnsafeRawBufferPointer(place), special: false, into: output)
        #expect(Array(output.ids) == encoders.whole.encode(some))
      }
    }
  }

  @Test("words that must be normalized, also long ones", arguments: models)
  func normalizedWords(_ model: String) throws {
    let encoders = try Encoders(model)
    var random = TestRandom(seed: 9)
    let hard = [
      "e\u{301}", "ﾀﾞ", "か\u{3099}", "½", "，", "（", "）", "．com", "：//", "，000", "ﷺ", "क\u{93C}", "x",
      "人", "т",
    ]
    for round in 0..<300 {
      let longest = [3, 30, 500, 3000][round % 4]
      var text: [UInt8] = []
      for _ in 0..<random.below(longest > 100 ? 9 : 300) {
        for _ in 0..<1 + random.below(longest) {
          text += Array(hard[random.below(hard.count)].utf8)
        }
        text += Array(["", " ", " the ", "  "][random.below(4)].utf8)
      }
      if !encoders.agree(text, "round \(round)") { return }
    }
  }

  @Test(
    "each character in, before and after words gives the ids of text normalized whole",
    arguments: models)
  func everyCharacter(_ model: String) throws {
    let encoders = try Encoders(model)
    for scalar in UInt32(0)...0x1_FFFF {
      guard let scalar = Unicode.Scalar(scalar) else { continue }
      let isDense = [0..<0x500, 0x2000..<0x2080, 0x2580..<0x2588, 0x3000..<0x3100, 0xFE70..<0xFF80]
        .contains { $0.contains(scalar.value) }
      if !isDense && scalar.value % 128 != 3 { continue }
      let text = Array("the\(scalar)n \(scalar) \(scalar)x, so\(scalar)".utf8)
      if !encoders.agree(text, "U+\(String(scalar.value, radix: 16))") { return }
    }
  }
}
