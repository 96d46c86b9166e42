import ShardifyCore
import Testing

@testable import Tokenize

struct TokenizerTests {
  @Test("the built-in tokenizer maps bytes to themselves and back")
  func bytesComeBack() throws {
    let tokenizer = try Tokenizer.load("bytes")
    let all = Array(UInt8.min...UInt8.max)
    let ids = tokenizer.makeEncoder().encode(all)
    #expect(ids == (0..<256).map { TokenID($0) })
    #expect(try tokenizer.decode(ids) == all)
    #expect(tokenizer.vocabularySize == 257)
    #expect(tokenizer.endOfTextID == 256)
    #expect(tokenizer.id(ofSpecial: "<|endoftext|>") == 256)
    #expect(tokenizer.id(ofSpecial: "<|other|>") == nil)
  }

  @Test("special-token text is ordinary text unless it is asked for")
  func specialTextIsOrdinary() throws {
    let encoder = Tokenizer.bytes.makeEncoder()
    let text = Array("a<|endoftext|>b".utf8)
    #expect(encoder.encode(text, special: false) == text.map { TokenID($0) })
    #expect(encoder.encode(text, special: true) == [97, 256, 98])
  }

  @Test("an id past the vocabulary is refused with the vocabulary's size")
  func unknownIDIsRefused() {
    let failure = #expect(throws: TokenizeFailure.self) { try Tokenizer.bytes.decode([1, 400]) }
    #expect(
      failure?.message
        == "cannot decode tokens: id 400, expected an id of the vocabulary, below 257; "
        + "use the tokenizer that made the ids")
  }

  @Test("a small tokenizer.json merges by rank, then from left to right")
  func smallMerges() throws {
    let tokenizer = try Small.load(Small.json())
    #expect(tokenizer.kind == "byte-level BPE")
    let encoder = tokenizer.makeEncoder()
    #expect(encoder.encode(Array("abab".utf8)) == [258])
    #expect(encoder.encode(Array("aab".utf8)) == [97, 256])
    #expect(encoder.encode(Array("abc".utf8)) == [257])
    #expect(encoder.encode(Array("ababc".utf8)) == [256, 257])
    #expect(encoder.encode(Array("x<end>".utf8)) == Array("x<end>".utf8).map { TokenID($0) })
    #expect(encoder.encode(Array("x<end>".utf8), special: true) == [120, 259])
    #expect(tokenizer.endOfTextID == nil)
    #expect(tokenizer.vocabularySize == 260)
  }

  @Test("the pattern of a .tiktoken file may be a regex; what it does not match has no ids")
  func givenRegex() throws {
    let tokens = (0..<256).map { [UInt8($0)] } + [Array("ab".utf8), Array("abab".utf8)]
    let file = tokens.enumerated().map { rank, bytes in
      let word = UInt32(bytes[0]) << 16 | (bytes.count == 2 ? UInt32(bytes[1]) << 8 : 0)
      let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".unicodeScalars)
      func digit(_ shift: UInt32) -> String { String(digits[Int(word >> shift & 63)]) }
      if bytes.count == 4 { return "YWJhYg== \(rank)\n" }
      return digit(18) + digit(12) + (bytes.count == 2 ? digit(6) : "=") + "= \(rank)\n"
    }.joined()
    func ids(_ pattern: String, _ text: String) throws -> [TokenID] {
      try Small.load(Array(file.utf8), ending: "a.tiktoken", pattern: pattern).makeEncoder()
        .encode(Array(text.utf8))
    }
    #expect(try ids("[a-z]+", "abab1ab") == [257, 256])
    #expect(try ids("ab|.", "abab1ab") == [256, 256, 49, 256])
    #expect(try ids("gpt2", "abab1ab") == [257, 49, 256])
    let (one, other) = (
      try Small.load(Array(file.utf8), ending: "a.tiktoken", pattern: "[a-z]+"),
      try Small.load(Array(file.utf8), ending: "a.tiktoken", pattern: "ab|.")
    )
    #expect(one.fingerprint != other.fingerprint)
  }

  @Test("the fingerprint follows the definition, not the layout of the file")
  func fingerprintIgnoresLayout() throws {
    let first = try Small.load(Small.json())
    let spaced = try Small.load(
      Small.json().replacing("\"merges\":", with: "\n \"merges\" :  "))
    let pairs = try Small.load(Small.json().replacing("\"a b\"", with: "[\"a\",\"b\"]"))
    let other = try Small.load(Small.json().replacing("\"ab c\"", with: "\"ab ab\""))
    #expect(first.fingerprint == spaced.fingerprint)
    #expect(first.fingerprint == pairs.fingerprint)
    #expect(first.fingerprint != other.fingerprint)
    #expect(first.fingerprint != Tokenizer.bytes.fingerprint)
  }

  @Test("ids do not depend on what the encoder saw before")
  func cacheDoesNotChangeIDs() throws {
    let tokenizer = try Small.load(Small.json())
    let used = tokenizer.makeEncoder()
    var random = TestRandom(seed: 5)
    for _ in 0..<60 {
      let text = (0..<random.below(90)).map { _ in UInt8(97 + random.below(3)) }
      #expect(used.encode(text) == tokenizer.makeEncoder().encode(text))
    }
  }
}

/// A byte-level BPE of a few merges: ab = 256, abc = 257, abab = 258.
enum Small {
  static func json(
    merges: String = "[\"a b\",\"ab c\",\"ab ab\"]", extra: String = "",
    normalizer: String = "null",
    pretokenizer: String =
      "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true}"
  ) -> String {
    var members: [String] = []
    for byte in UInt8.min...UInt8.max {
      var text: [UInt8] = []
      withUnsafePointer(to: byte) {
        ByteAlphabet.appendText(of: UnsafeBufferPointer(start: $0, count: 1), to: &text)
      }
      let name = String(decoding: text, as: UTF8.self)
      members.append("\"\(name == "\"" ? "\\\"" : name == "\\" ? "\\\\" : name)\":\(byte)")
    }
    members += ["\"ab\":256", "\"abc\":257", "\"abab\":258"]
    if !extra.isEmpty { members.append(extra) }
    return """
      {"added_tokens":[{"id":259,"content":"<end>","special":true}],"normalizer":\(normalizer),
      "pre_tokenizer":\(pretokenizer),
      "model":{"type":"BPE","vocab":{\(members.joined(separator: ","))},"merges":\(merges)}}
      """
  }

  static func load(_ json: String, ending: String = "tokenizer.json", pattern: String? = nil)
    throws -> Tokenizer
  {
    try load(Array(json.utf8), ending: ending, pattern: pattern)
  }

  static func load(_ bytes: [UInt8], ending: String, pattern: String? = nil) throws -> Tokenizer {
    try TemporaryFile.with(bytes, ending: ending) { try Tokenizer.load($0, pattern: pattern) }
  }
}
