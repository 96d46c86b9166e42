import Foundation
import Testing

/// Ingest, balance, verify and inspect as a user types them, on the bundled corpus.
@Suite struct WholeWayTests {
  let tool: CommandLineTool

  init() throws { tool = try CommandLineTool() }

  func object(_ outcome: CommandLineTool.Outcome) throws -> [String: Any] {
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.count == 1)
    let value = try JSONSerialization.jsonObject(with: Data(outcome.out.utf8))
    return try #require(value as? [String: Any])
  }

  @Test func everyCommandsJSONParsesAndAgrees() throws {
    let notes = CommandLineTool.fixture("corpus/notes")
    let ingest = [
      "--language-field", "lang", "--source-field", "source", "--trust", "input",
      "--document-separator", #"\n-----\n"#,
    ]
    let store = try object(try tool.ingest([notes], ingest + ["--json"]))
    let documents = try #require(store["documents_in"] as? Int)
    #expect(documents > 500)
    let plan = try object(
      try tool.run(["balance", "store", "--temperature", "3.33", "--dry-run", "--json"]))
    #expect(!plan.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: tool.folder.path + "/data"))
    let balance = [
      "balance", "store", "--to", "data", "--temperature", "3.33", "--shards", "3", "--json",
    ]
    let data = try object(try tool.run(balance))
    #expect(data["shards"] as? Int == 3)
    let facts = try #require(data["facts"] as? [String: String])
    let parts = ["in_shards", "held_out", "left_over", "filtered", "duplicate", "rejected"]
    let sum = parts.reduce(0) { $0 + (facts["documents_" + $1].flatMap { Int($0) } ?? -1_000_000) }
    #expect(sum == documents && facts["documents_in"] == "\(documents)")
    let verified = try object(try tool.run(["verify", "data", "--store", "store", "--json"]))
    #expect(verified["clean"] as? Bool == true)
    #expect(verified["fingerprint"] as? String == facts["fingerprint"])
    for path in ["store", "data", "data/manifest.sqlite", "data/shards/shard-00001.zst"] {
      #expect(try !object(try tool.run(["inspect", path, "--json"])).isEmpty)
    }
    // Once more: nothing to do, and the same summary.
    let again = try object(try tool.run(balance))
    #expect(NSDictionary(dictionary: again) == NSDictionary(dictionary: data))
    try expectDamageIsTold()
  }

  func expectDamageIsTold() throws {
    let path = tool.folder.path + "/data/shards/shard-00001.zst"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    let damaged = try tool.run(["verify", "data"])
    #expect(damaged.status == 1)
    #expect(
      damaged.out.contains("problem: shards/shard-00001.zst: SHA-256: "),
      "\(damaged.out.suffix(500))")
  }

  @Test func quietPrintsNothingAndTheDefaultSaysWhatIsNext() throws {
    let input = CommandLineTool.fixture("corpus/stories/deu_Latn.jsonl")
    let quiet = try tool.ingest([input], ["--quiet"])
    #expect(quiet.status == 0 && quiet.out == "" && quiet.error == "")
    let spoken = try tool.ingest([input])
    #expect(spoken.status == 0 && spoken.out.contains("next: shardify balance store"))
    #expect(!spoken.error.contains("\u{1B}"), "no terminal, no control sequences")
    let balance = ["balance", "store", "--to", "data", "--quiet"]
    let written = try tool.run(balance)
    #expect(written.status == 0 && written.out == "" && written.error == "")
  }

  @Test func standardInputIsAnInput() throws {
    let text = try String(
      contentsOfFile: CommandLineTool.fixture("corpus/stories/deu_Latn.jsonl"), encoding: .utf8)
    let found = try tool.run(
      ["ingest", "-", "--to", "store", "--tokenizer", "bytes", "--json"], input: text)
    let store = try object(found)
    #expect(store["documents_in"] as? Int == text.split(separator: "\n").count)
  }
}
