import Files
import Glibc
import ShardifyCore
import Testing

@testable import Tokenize

/// Broken definitions: each is refused with one line that says what and where.
struct BadInputTests {
  private func message(
    _ bytes: [UInt8], ending: String = "tokenizer.json", pattern: String? = nil
  ) throws -> String {
    try TemporaryFile.with(bytes, ending: ending) { path in
      let failure = #expect(throws: TokenizeFailure.self) {
        try Tokenizer.load(path, pattern: pattern)
      }
      let line = failure?.message ?? ""
      #expect(line.hasPrefix("cannot load tokenizer: \(path)"))
      #expect(!line.contains("\n"))
      return line.replacing(path, with: "FILE")
    }
  }

  private func message(json: String) throws -> String { try message(Array(json.utf8)) }

  private func expect(
    _ line: String, ends wanted: String, _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(line.hasSuffix(wanted), "\(line)", sourceLocation: location)
  }

  @Test("a missing file is named")
  func missingFile() {
    let failure = #expect(throws: TokenizeFailure.self) {
      try Tokenizer.load("/nowhere/tokenizer.json")
    }
    #expect(
      failure?.message
        == "cannot load tokenizer: /nowhere/tokenizer.json: no such file or folder; check the path")
  }

  @Test("empty and unknown files are named as such")
  func unknownFormats() throws {
    expect(
      try message([]),
      ends: ": an empty file, expected tokenizer.json, a .tiktoken file or a SentencePiece .model")
    expect(
      try message(Array("hello".utf8), ending: "x.bin"),
      ends:
        ": an unknown format, expected tokenizer.json, a .tiktoken file or a SentencePiece .model"
    )
    expect(
      try message(json: "{}"),
      ends: ": no \"model\" object, expected a tokenizer.json; "
        + "vocab.json and merges.txt alone are not enough")
    expect(try message(json: "[1]"), ends: ": a JSON array, expected an object")
  }

  @Test(
    "broken JSON is refused at its byte",
    arguments: [
      ("{\"a\":1", " at byte 6: bad JSON, the end of the file, expected ',' or '}'"),
      ("{\"a\" 1}", " at byte 5: bad JSON, \"1\", expected ':'"),
      ("{\"a\":1}x", " at byte 7: bad JSON, text after the value, expected the end of the file"),
      ("{\"a\":01}", " at byte 5: bad JSON, a number with a leading 0, expected no leading 0"),
      (
        "{\"a\":\"\\q\"}",
        " at byte 6: bad JSON, a bad escape, expected \\n, \\u1234 or another JSON escape"
      ),
      (
        "{\"a\":\"\\ud800\"}",
        " at byte 6: bad JSON, a bad escape, expected \\n, \\u1234 or another JSON escape"
      ),
      ("{\"a\":[1,]}", " at byte 8: bad JSON, \"]\", expected a value"),
      ("{\"a\":tru}", " at byte 8: bad JSON, \"}\", expected true"),
      ("{\"a\":\"\u{1}\"}", " at byte 6: bad JSON, a control character, expected an escape"),
    ])
  func brokenJSON(_ example: (String, String)) throws {
    expect(try message(json: example.0), ends: example.1)
  }

  @Test("JSON that is not UTF-8 or nested too deep is refused")
  func hostileJSON() throws {
    expect(
      try message(Array("{\"a\":\"".utf8) + [0xFF, 0x22, 0x7D]),
      ends: " at byte 6: bad JSON, bytes that are not UTF-8, expected UTF-8")
    expect(
      try message(json: "{\"a\":" + String(repeating: "[", count: 100_000)),
      ends: " at byte 68: bad JSON, nesting deeper than 64, expected at most 64 levels")
  }

  @Test("a vocabulary that contradicts itself is refused")
  func contradictions() throws {
    expect(
      try message(json: Small.json(extra: "\"zz\":97")),
      ends: "id 97 for two tokens, expected each id once")
    expect(
      try message(json: Small.json(extra: "\"ab\":300")),
      ends: "token \"ab\" with ids 256 and 300, expected each token once")
    expect(
      try message(json: Small.json(extra: "\"zz\":2147483648")),
      ends: "id 2147483648, expected ids below 2097151")
    expect(
      try message(json: Small.json(extra: "\"zz\":-1")),
      ends: "an id that is no whole number, expected an id from 0 on")
    expect(
      try message(json: Small.json(merges: "[\"a q1\"]")),
      ends: "a merge that names \"q1\", which is not in the vocabulary, "
        + "expected tokens of the vocabulary")
    expect(
      try message(json: Small.json(merges: "[\"ab\"]")),
      ends: "a merge that is no pair, expected \"a b\" or [\"a\", \"b\"]")
    expect(
      try message(json: Small.json(merges: "[[\"a\"]]")),
      ends: "a merge that is no pair, expected \"a b\" or [\"a\", \"b\"]")
  }

  @Test("parts that are not supported are refused by name")
  func unsupportedParts() throws {
    expect(
      try message(json: Small.json(normalizer: "{\"type\":\"Nmt\"}")),
      ends: ": normalizer Nmt is not supported")
    expect(
      try message(json: Small.json(pretokenizer: "{\"type\":\"UnicodeScripts\"}")),
      ends: ": pre_tokenizer UnicodeScripts is not supported")
    expect(
      try message(json: Small.json().replacing("\"BPE\"", with: "\"Magic\"")),
      ends: ": model type Magic is not supported")
    expect(
      try message(json: Small.json().replacing("\"BPE\",", with: "\"BPE\",\"dropout\":0.1,")),
      ends: ": BPE dropout is not supported; set dropout to null")
    expect(
      try message(
        json: Small.json(
          pretokenizer: "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?<=a)b\"}}")),
      ends: ": a group that starts with ? in pattern \"(?<=a)b\" is not supported")
  }

  @Test("a .tiktoken file needs a known pattern")
  func patternIsNeeded() throws {
    let names = "gpt2, r50k, p50k, cl100k, o200k, llama3, qwen2 or kimi"
    let file = Array("IQ== 0\n".utf8)
    expect(
      try message(file, ending: "a.tiktoken"),
      ends: ": a .tiktoken file and no pattern, expected \(names), or a regex; "
        + "name the pattern its tokens were made with")
    expect(
      try message(file, ending: "a.tiktoken", pattern: "gpt9"),
      ends: ": pattern gpt9, expected \(names), or a regex")
    expect(
      try message(file, ending: "a.tiktoken", pattern: "(a"),
      ends: ": an open ( in pattern \"(a\" is not supported")
    expect(
      try TemporaryFile.with(Array(Small.json().utf8), ending: "tokenizer.json") { path in
        let failure = #expect(throws: TokenizeFailure.self) {
          try Tokenizer.load(path, pattern: "gpt2")
        }
        return failure?.message ?? ""
      },
      ends:
        ": pattern gpt2 for a file that names its own, expected no pattern; leave the pattern out")
  }

  @Test(
    "broken .tiktoken lines are refused at their byte",
    arguments: [
      ("IQ== 0\nI!== 1\n", " at byte 7: \"I!==\", expected base64"),
      ("IQ== 0\nIg==\n", " at byte 7: \"Ig==\", expected base64, a space and a rank"),
      ("IQ== 0\nIg== x\n", " at byte 12: rank \"x\", expected a whole number below 2097151"),
      (
        "IQ== 99999999999999999999\n",
        " at byte 5: rank \"99999999999999999999\", expected a whole number below 2097151"
      ),
      ("IQ== 0\nIg== 0\n", " at byte 7: rank 0 twice, expected each rank once"),
      (
        "IQ== 0\nIg== 2\n",
        ": no token of rank 1 below rank 2, expected ranks without gaps; the file may be cut; fetch it again"
      ),
      ("IQ== 0\nIQ== 1\n", ": ranks 0 and 1 for the same bytes, expected each token once"),
      (
        "IQ== 0\n",
        ": no token for byte 0, expected a token for each byte; the file may be cut; fetch it again"
      ),
    ])
  func brokenRanks(_ example: (String, String)) throws {
    expect(
      try message(Array(example.0.utf8), ending: "a.tiktoken", pattern: "gpt2"), ends: example.1)
  }

  @Test("a broken SentencePiece model is refused")
  func brokenModels() throws {
    func model(_ bytes: [UInt8]) throws -> String { try message(bytes, ending: "a.model") }
    expect(
      try model([0x0A, 0x7F]),
      ends:
        " at byte 2: bad SentencePiece model, a field of 127 bytes, expected at most the 0 that are left"
    )
    expect(
      try model([0x0F]),
      ends: " at byte 1: bad SentencePiece model, wire type 7, expected 0, 1, 2 or 5")
    expect(
      try model([0x08, 0x01]),
      ends:
        " at byte 2: bad SentencePiece model, field 1 of the model with a wrong wire type, expected its own type"
    )
    expect(
      try model([0x0A] + [UInt8](repeating: 0xFF, count: 12)),
      ends:
        " at byte 11: bad SentencePiece model, a number of more than ten bytes, expected at most ten"
    )
    expect(try model([0x12, 0x00]), ends: ": no pieces, expected a SentencePiece model")
    expect(
      try model([0x0A, 0x03, 0x0A, 0x01, 0x61]),
      ends: ": unk_id 0 that is no unknown piece, expected the id of the unknown piece")
    expect(
      try model([0x0A, 0x05, 0x0A, 0x01, 0x61, 0x18, 0x09]),
      ends: ": piece type 9 is not supported")
    expect(
      try model([0x0A, 0x03, 0x0A, 0x01, 0x61, 0x1A, 0x06, 0x12, 0x04, 0xFF, 0xFF, 0xFF, 0x7F]),
      ends: " at byte 9: a character map of 4 bytes whose trie does not fit in it, "
        + "expected a trie size and a trie")
  }

  @Test("sizes that a file claims are not believed")
  func claimedSizes() throws {
    expect(
      try message([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07], ending: "a.model"),
      ends: " at byte 6: bad SentencePiece model, a field of 2147483647 bytes, "
        + "expected at most the 0 that are left")
    expect(
      try message(
        [0x0A, 0x03, 0x0A, 0x01, 0x61, 0x1A, 0x06, 0x12, 0x04, 0xFC, 0xFF, 0xFF, 0xFF],
        ending: "a.model"),
      ends: " at byte 9: a character map of 4 bytes whose trie does not fit in it, "
        + "expected a trie size and a trie")
    try TemporaryFile.with(Array("{".utf8), ending: "tokenizer.json") { path in
      // A hole of 2 GB: nothing of it is read.
      #expect(truncate(path, 1 << 31) == 0)
      let failure = #expect(throws: TokenizeFailure.self) { try Tokenizer.load(path) }
      #expect(
        failure?.message == "cannot load tokenizer: \(path): 2147483648 bytes, "
          + "expected at most 67108864 bytes")
    }
  }

  @Test("fields of the wrong wire type are refused where they stand")
  func wrongWireTypes() throws {
    // The model's pieces as a number, a piece's text as a number, its score as bytes.
    for (bytes, place) in [
      ([0x08, 0x01], 2), ([0x0A, 0x02, 0x08, 0x01], 4),
      ([0x0A, 0x06, 0x0A, 0x01, 0x61, 0x12, 0x01, 0x00], 8),
    ] as [([UInt8], Int)] {
      let line = try message(bytes, ending: "a.model")
      #expect(line.contains(" at byte \(place): bad SentencePiece model, field "), "\(line)")
      #expect(line.hasSuffix("with a wrong wire type, expected its own type"), "\(line)")
    }
  }

  @Test("a character map that points outside finds nothing there")
  func mapThatPointsOutside() {
    // One unit for "a" that ends a key, with the largest offsets there are.
    var random = TestRandom(seed: 3)
    let text = Array("abcabcé\u{3042}".utf8)
    for round in 0..<200 {
      var bytes: [UInt8] = [0, 4, 0, 0]
      for unit in 0..<256 {
        let noise = UInt32(truncatingIfNeeded: random.next())
        let value = round == 0 ? 0xFFFF_FFFF : noise & 0xFFFF_FF00 | UInt32(unit)
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
      }
      bytes += Array("xyz".utf8)
      guard let map = CharsMap(bytes) else {
        Issue.record("a map of sound sizes is refused")
        return
      }
      text.withUnsafeBufferPointer { text in
        for place in text.indices {
          if let found = map.longest(text, from: place) {
            #expect(found.length <= text.count - place)
            #expect(found.replacement.count <= 3)
          }
          if let found = map.longestRange(text, from: place) {
            map.withReplacement(found.replacement) { #expect($0.count <= 3) }
          }
        }
        var out: [UInt8] = []
        map.appendByGrapheme(text, to: &out)
      }
      map.forEachStart { _, _ in }
    }
  }

  @Test("added tokens inside each other, twice, or that normalize to each other have one reading")
  func addedTokensInsideEachOther() throws {
    let json = Small.json(normalizer: "{\"type\":\"Lowercase\"}").replacing(
      "\"added_tokens\":[",
      with: "\"added_tokens\":["
        + ["<x>", "<<x>>", "<X>", "<x>"].map {
          "{\"id\":7,\"content\":\"\($0)\",\"special\":false,\"normalized\":true},"
        }.joined())
    let tokenizer = try Small.load(json)
    let encoder = tokenizer.makeEncoder()
    let inner = encoder.encode(Array("<X>".utf8))
    #expect(inner.count == 1)
    #expect(encoder.encode(Array("<<x>>".utf8)).count == 1)
    #expect(encoder.encode(Array("<<<X>>>".utf8)).count == 3)
  }

  @Test("no cut of a sound file traps")
  func cutsDoNotTrap() throws {
    let json = Array(Small.json().utf8)
    for length in stride(from: 1, to: json.count, by: 97) {
      _ = try message(Array(json[..<length]))
    }
  }

  @Test("no changed byte of a sound file traps", arguments: 1...8)
  func changesDoNotTrap(_ seed: Int) throws {
    var random = TestRandom(seed: UInt64(seed))
    let sound = Array(Small.json().utf8)
    for _ in 0..<60 {
      var bytes = sound
      for _ in 0...random.below(4) {
        bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      }
      try TemporaryFile.with(bytes, ending: "tokenizer.json") { path in
        guard let tokenizer = try? Tokenizer.load(path) else { return }
        _ = tokenizer.makeEncoder().encode(random.bytes(upTo: 100))
      }
    }
  }
}
