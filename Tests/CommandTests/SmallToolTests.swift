import Foundation
import Testing

/// The fixed forms that scripts build on.
@Suite struct SmallToolTests {
  let tool: CommandLineTool
  let tokenizer = CommandLineTool.fixture("tokenizer/tokenizer.json")

  init() throws { tool = try CommandLineTool() }

  @Test func detectAnswersEachLineWithFourColumns() throws {
    let texts = [
      "The children walked to the old harbour and watched the boats come in.", "",
      "Дети пошли в старую гавань и смотрели на лодки.", "子供たちは古い港へ歩いて行きました。",
    ]
    let found = try tool.run(["detect"], input: texts.joined(separator: "\n") + "\n")
    #expect(found.status == 0 && found.error == "")
    let rows = found.lines.map { $0.split(separator: "\t").map(String.init) }
    #expect(rows.map(\.count) == [4, 4, 4, 4])
    #expect(rows.map { $0[0] } == ["eng_Latn", "zxx_Zyyy", "rus_Cyrl", "jpn_Jpan"])
    #expect(rows[0][2...] == ["Latn", "1.0000"])
    for row in rows {
      for column in [1, 3] {
        #expect(row[column].utf8.count == 6, "\(row[column])")
        #expect((0...1).contains(Double(row[column]) ?? -1))
      }
    }
    let objects = texts.map { #"{"text":"\#($0)"}"# }.joined(separator: "\n")
    let asJSON = try tool.run(["detect", "--jsonl"], input: objects)
    #expect(asJSON.status == 0)
    #expect(asJSON.out == found.out)
  }

  @Test func threadsDoNotChangeWhatIsDetected() throws {
    let sentences = [
      ("eng_Latn", "The children walked to the old harbour and watched the boats come in."),
      ("rus_Cyrl", "Дети пошли в старую гавань и смотрели на лодки."),
      ("deu_Latn", "Die Kinder gingen zum alten Hafen."), ("und", "x1 y2"),
    ]
    // Several blocks of lines of many lengths.
    let rows = (0..<6000).map { number in
      let (label, text) = sentences[number % 4]
      return (label, String(repeating: "\(text) \(number) ", count: 1 + number % 7))
    }
    let input = rows.map { "\($0.1)\n" }.joined()
    let one = try tool.run(["detect", "--top", "3"], input: input)
    #expect(one.status == 0 && one.lines.count == 6000)
    let gold = NSTemporaryDirectory() + "gold-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: gold) }
    try rows.map { "\($0.0)\t\($0.1)\n" }.joined().write(
      toFile: gold, atomically: true, encoding: .utf8)
    let measured = try tool.run(["language-eval", "--json", gold])
    #expect(measured.status == 0 && measured.out.contains("deu_Latn"))
    for threads in ["2", "3", "5"] {
      #expect(
        try tool.run(["detect", "--top", "3", "--threads", threads], input: input).out == one.out)
      #expect(
        try tool.run(["language-eval", "--json", "--jobs", threads, gold]).out == measured.out)
    }
  }

  @Test func encodeAndDecodeAreEachOthersReverse() throws {
    let texts = ["Hello, world!", "", "grün \\\"x\\\"\\n", "日本語 🙂"]
    let input = texts.map { "{\"text\":\"\($0)\"}\n" }.joined()
    for tokenizer in ["bytes", tokenizer] {
      let encoded = try tool.run(["encode", "--tokenizer", tokenizer], input: input)
      #expect(encoded.status == 0 && encoded.error == "")
      #expect(encoded.lines.count == 4 && encoded.lines[1] == "[]")
      let decoded = try tool.run(["decode", "--tokenizer", tokenizer], input: encoded.out)
      #expect(decoded.status == 0 && decoded.error == "")
      #expect(decoded.lines == texts.map { "\"\($0)\"" })
    }
  }

  /// The ids of the fixture's vectors were made by the reference implementation, which always
  /// takes special tokens.
  @Test func encodeGivesTheReferencesIds() throws {
    struct Vector: Decodable {
      var text: String?
      var ids: [Int]?
    }
    let lines = try String(
      contentsOfFile: CommandLineTool.fixture("tokenizer/vectors.jsonl"), encoding: .utf8
    ).split(separator: "\n")
    var texts: [String] = []
    var expected: [[Int]] = []
    for line in lines {
      let vector = try JSONDecoder().decode(Vector.self, from: Data(line.utf8))
      guard let text = vector.text, let ids = vector.ids else { continue }
      texts.append(String(decoding: try JSONEncoder().encode(["text": text]), as: UTF8.self))
      expected.append(ids)
    }
    try #require(expected.count > 10)
    let found = try tool.run(
      ["encode", "--special", "--tokenizer", tokenizer], input: texts.joined(separator: "\n"))
    let ids = try found.lines.map { try JSONDecoder().decode([Int].self, from: Data($0.utf8)) }
    #expect(ids == expected)
  }

  @Test func onlySpecialLetsTextBecomeSpecialTokens() throws {
    let input = #"{"text":"a<|endoftext|>"}"#
    let plain = try tool.run(["encode", "--tokenizer", tokenizer], input: input)
    let special = try tool.run(["encode", "--special", "--tokenizer", tokenizer], input: input)
    #expect(plain.out != special.out)
    #expect(special.lines.first?.hasSuffix(",0]") == true)
  }

  @Test func aBadLineEndsTheToolNamingItsPlace() throws {
    let good = #"{"text":"a"}"# + "\n"
    let encoded = try tool.run(["encode", "--tokenizer", "bytes"], input: good + "{}\n" + good)
    #expect(encoded.status == 1 && encoded.out == "[97]\n")
    #expect(encoded.error.contains("cannot encode: standard input at byte 13: missing_text"))
    let decoded = try tool.run(["decode", "--tokenizer", "bytes"], input: "[97]\n[1,-2]\n")
    #expect(decoded.status == 1 && decoded.out == "\"a\"\n")
    #expect(decoded.error.contains("cannot decode: standard input at byte 5: not an array of ids"))
    let detected = try tool.run(["detect", "--jsonl"], input: "[]\n")
    #expect(detected.status == 1)
    #expect(detected.error.contains("cannot detect: standard input at byte 0: not_an_object"))
    let unknown = try tool.run(["decode", "--tokenizer", "bytes"], input: "[999999]\n")
    #expect(unknown.status == 1 && unknown.error.contains("id 999999, expected an id of the"))
  }

  @Test(arguments: [
    [], ["--bogus"], ["bogus"], ["ingest"], ["ingest", "x", "--to", "y"],
    ["ingest", "x", "--to", "y", "--tokenizer", "bytes", "--jobs", "0"], ["balance", "store"],
    ["balance", "store", "--to", "d", "--temperature", "2", "--alpha", "1"],
    ["balance", "store", "--to", "d", "--unit", "pages"],
    ["balance", "store", "--to", "d", "--budget", "many"], ["encode"], ["decode"], ["verify"],
    ["inspect"], ["order"], ["order", "data"], ["order", "data", "--global-batch", "8"],
  ]) func wrongUsageIs64(arguments: [String]) throws {
    let found = try tool.run(arguments)
    if arguments.isEmpty {
      #expect(found.status == 0 && found.out.contains("USAGE"))
    } else {
      #expect(found.status == 64)
      #expect(found.error.hasPrefix("Error: ") && found.out == "")
    }
  }

  @Test func helpAndVersionAre0() throws {
    for arguments in [["--help"], ["ingest", "--help"], ["--version"]] {
      let found = try tool.run(arguments)
      #expect(found.status == 0 && !found.out.isEmpty && found.error == "")
    }
  }

  /// Else the first file that is opened stands in its place: the tokenizer was encoded.
  @Test func aClosedStandardInputIsAnEmptyOne() throws {
    let closed = try tool.run(
      shell: "\"$0\" encode --tokenizer \"$1\" <&-; echo \"status $?\"", [tokenizer])
    let empty = try tool.run(["encode", "--tokenizer", tokenizer])
    #expect(closed.out == empty.out + "status \(empty.status)\n", "\(closed.out.prefix(200))")
  }

  @Test func trustInTheInputNeedsItsField() throws {
    try tool.write("{\"text\":\"a\"}\n".utf8, to: "in.jsonl")
    for trust in ["input", "agree"] {
      let found = try tool.ingest(["in.jsonl"], ["--trust", trust])
      #expect(found.status == 64)
      #expect(found.error.contains("--trust \(trust) needs --language-field FIELD"))
    }
  }

  @Test func verifyOfAStoreReadsItsRuns() throws {
    try tool.write("{\"text\":\"some words\"}\n".utf8, to: "in.jsonl")
    #expect(try tool.ingest(["in.jsonl"]).status == 0)
    let sound = try tool.run(["verify", "store"])
    #expect(sound.status == 0 && sound.out.hasSuffix("nothing is wrong\n"), "\(sound.out)")
    let run = tool.folder.appendingPathComponent("store/runs/00000001.run.zst")
    var bytes = try Data(contentsOf: run)
    bytes[bytes.startIndex + 12] ^= 1
    try bytes.write(to: run)
    let damaged = try tool.run(["verify", "store", "--quiet"])
    #expect(damaged.status == 1 && damaged.lines.count == 3, "\(damaged.out)")
    #expect(
      damaged.out.contains(
        "what mends it: rm store/runs/00000001.run.zst, run shardify repair store,"))
  }
}
