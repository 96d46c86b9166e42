import ShardifyCore
import Testing

@testable import Tokenize

/// Small `.model` files with the ids that SentencePiece 0.2.3 gives for them.
@Suite("Odd SentencePiece models")
struct SentencePieceModelTests {
  private enum Kind: UInt8 {
    case normal = 1
    case unknown
    case userDefined = 4
  }

  private struct ModelFile {
    enum ModelType: UInt8 {
      case unigram = 1
      case bpe
    }

    var type: ModelType
    var pieces: [(String, Float, Kind)]
    var addsPrefix = true
    var map: [UInt8] = []

    /// The file, in which spaces are kept.
    var bytes: [UInt8] {
      var out: [UInt8] = []
      for (text, score, kind) in pieces {
        var score4: [UInt8] = []
        score4.appendLittleEndian(score.bitPattern)
        let text = Array(text.utf8)
        let start = [0x0A, UInt8(text.count)] + text
        Self.append(1, start + [0x15] + score4 + [0x18, kind.rawValue], &out)
      }
      Self.append(2, [0x18, type.rawValue], &out)
      var normalizer: [UInt8] = []
      if !map.isEmpty { Self.append(2, map, &normalizer) }
      Self.append(3, normalizer + [0x18, addsPrefix ? 1 : 0, 0x20, 0], &out)
      return out
    }

    private static func append(_ field: UInt8, _ bytes: [UInt8], _ out: inout [UInt8]) {
      out.append(field << 3 | 2)
      var count = bytes.count
      while count > 127 {
        out.append(UInt8(count & 127) | 128)
        count >>= 7
      }
      out.append(UInt8(count))
      out += bytes
    }
  }

  private func expect(_ file: ModelFile, _ cases: [(String, [TokenID])]) throws {
    let tokenizer = try TemporaryFile.with(file.bytes, ending: "a.model") { try Tokenizer.load($0) }
    let encoder = tokenizer.makeEncoder()
    // Each twice: the second time from the cache.
    for (text, ids) in cases + cases {
      #expect(encoder.encode(Array(text.utf8)) == ids, "\(quoted(Array(text.utf8)))")
    }
  }

  /// A character map that makes nothing of `q`.
  private static let withoutQ: [UInt8] = {
    var units = [UInt32](repeating: 0, count: 256)
    units[0] = 1 << 10
    units[0x70] = 0x71 | 1 << 8 | 1 << 10
    units[0x71] = 1 << 31
    var bytes: [UInt8] = []
    for number in [1024] + units { bytes.appendLittleEndian(number) }
    return bytes + [0]
  }()

  private static let marked: [(String, Float, Kind)] = [
    ("<unk>", 0, .unknown), ("▁", -3, .normal), ("▁▁", -1, .normal), ("a", -4, .normal),
    ("▁a", -2, .normal),
  ]

  @Test("spaces on both sides of a word that becomes nothing are one run: BPE")
  func vanishingWordsOfBPE() throws {
    try expect(
      ModelFile(type: .bpe, pieces: Self.marked, map: Self.withoutQ),
      [
        ("q ", [2]), ("q", [1]), ("a q", [4, 1]), ("a q a", [4, 2, 3]), ("a q q  a", [4, 2, 2, 3]),
        ("qa q", [4, 1]), ("q q q", [2, 1]),
      ])
  }

  @Test("spaces on both sides of a word that becomes nothing are one run: Unigram")
  func vanishingWordsOfUnigram() throws {
    try expect(
      ModelFile(type: .unigram, pieces: Self.marked, map: Self.withoutQ),
      [
        ("q ", [2]), ("q", [1]), ("a q", [4, 1]), ("a q a", [4, 1, 4]), ("a q q  a", [4, 1, 2, 4]),
        ("qa q", [4, 1]), ("q q q", [1, 2]),
      ])
  }

  @Test("a user-defined piece of Unigram scores a tenth for each byte but one")
  func userDefinedScores() throws {
    try expect(
      ModelFile(
        type: .unigram,
        pieces: [
          ("<unk>", 0, .unknown), ("a", -4, .normal), ("ab", -3, .normal), ("cde", -1, .normal),
          ("bcde", -1, .userDefined), ("bc", 0, .userDefined),
        ], addsPrefix: false),
      [("abcde", [1, 4]), ("abc", [1, 5]), ("abcdebcde", [1, 4, 4])])
  }

  @Test("a score of -0 is below one of 0")
  func zeros() throws {
    try expect(
      ModelFile(
        type: .bpe,
        pieces: [
          ("<unk>", 0, .unknown), ("a", -4, .normal), ("b", -4, .normal), ("ab", -0.0, .normal),
          ("ba", 0, .normal),
        ], addsPrefix: false),
      [("aba", [1, 4]), ("abab", [1, 4, 2])])
  }

  @Test("a `▁` that is no piece is one with the unknown characters around it")
  func unknownMark() throws {
    try expect(
      ModelFile(
        type: .bpe, pieces: [("<unk>", 0, .unknown), ("a", -4, .normal), ("▁a", -1, .normal)]),
      [("x x", [0]), ("x a x", [0, 2, 0]), ("x", [0])])
  }

  @Test("what is between two `▁` may vanish in a tokenizer.json without an unknown token")
  func vanishingCharacters() throws {
    let json = """
      {"added_tokens":[],"normalizer":null,"pre_tokenizer":null,"model":{"type":"BPE",
      "vocab":{"▁":0,"▁▁":1,"a":2,"▁a":3},"merges":["▁ ▁","▁ a"]}}
      """
    let encoder = try Small.load(json).makeEncoder()
    // As tokenizers 0.23.3 has it.
    for (text, ids) in [("▁x▁", [1]), ("▁ ▁a", [1, 2]), ("a▁x", [2, 0])] {
      #expect(encoder.encode(Array(text.utf8)) == ids.map { TokenID($0) }, "\(text)")
    }
  }

  @Test("a file that starts as JSON may: with a line feed and a brace")
  func startsAsJSON() throws {
    // A first piece whose message has 123 bytes, the code of a brace.
    let unknown = String(repeating: "u", count: 114)
    let file = ModelFile(
      type: .bpe,
      pieces: [
        (unknown, 0, .unknown), ("a", -1, .normal), ("b", -2, .normal), ("ab", -3, .normal),
      ],
      addsPrefix: false)
    #expect(file.bytes.starts(with: [0x0A, 0x7B]))
    try expect(file, [("abb", [3, 2])])
  }
}
