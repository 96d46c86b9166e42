import Foundation
import Testing

/// The lines of `order`, which scripts and other readers compare with.
@Suite struct OrderTests {
  let tool: CommandLineTool

  init() throws {
    tool = try CommandLineTool()
    let input = CommandLineTool.fixture("corpus/stories")
    #expect(try tool.ingest([input], ["--quiet"]).status == 0)
    let balance = ["balance", "store", "--to", "data", "--shards", "3", "--quiet"]
    #expect(try tool.run(balance).status == 0)
  }

  func order(_ more: [String]) throws -> CommandLineTool.Outcome {
    try tool.run(["order", "data", "--sequence-length", "64", "--global-batch", "6"] + more)
  }

  @Test func aSampleIsALineOfSixColumns() throws {
    let found = try order(["--from-step", "3", "--steps", "2"])
    #expect(found.status == 0 && found.error == "")
    let rows = found.lines.map { $0.split(separator: "\t").map(String.init) }
    #expect(rows.map { $0.prefix(3) } == (18..<30).map { ["\($0 / 6)", "\($0 % 6)", "\($0)"] })
    for row in rows {
      #expect(row.count == 6 && row[5].utf8.count == 64)
      #expect((0..<3).contains(Int(row[3]) ?? -1) && Int(row[4]) != nil)
    }
    let part = try order(
      ["--from-step", "3", "--steps", "2", "--world-size", "4", "--rank", "1"])
    #expect(part.lines == [found.lines[1], found.lines[2], found.lines[7], found.lines[8]])
    let unhashed = try order(["--from-step", "3", "--no-hash"])
    #expect(unhashed.lines.first == rows[0][..<5].joined(separator: "\t") + "\t-")
  }

  @Test func documentsAddColumnsAndJSONSaysTheSame() throws {
    let plain = try order(["--steps", "2"]).lines
    let rows = try order(["--steps", "2", "--documents"]).lines
      .map { $0.split(separator: "\t").map(String.init) }
    var samples: [String] = []
    var tokens: [String: Int] = [:]
    for row in rows {
      #expect(row.count == 12 && row[9].utf8.count == 32)
      let sample = row[..<6].joined(separator: "\t")
      if samples.last != sample { samples.append(sample) }
      #expect(tokens[row[2], default: 0] == Int(row[6]))
      tokens[row[2], default: 0] += Int(row[7]) ?? 0
    }
    #expect(samples == plain && tokens.values.allSatisfy { $0 == 65 })
    let objects = try order(["--steps", "2", "--documents", "--json"]).lines
      .map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    let fromJSON = objects.flatMap { object -> [[String]] in
      let names = ["step", "place", "sample", "shard", "first_token", "sha256"]
      let start = names.map { "\(object?[$0] ?? "")" }
      let pieces = object?["pieces"] as? [[String: Any]] ?? []
      return pieces.map { piece in
        start
          + ["first_token", "tokens", "language", "content", "shard", "piece"].map {
            "\(piece[$0] ?? "")"
          }
      }
    }
    #expect(fromJSON == rows)
  }

  @Test func measureCountsWhatWasRead() throws {
    let found = try order(["--steps", "5", "--measure"])
    #expect(found.status == 0 && found.lines.count == 1)
    let object = try JSONSerialization.jsonObject(with: Data(found.out.utf8)) as? [String: Any]
    #expect(object?["samples"] as? Int == 30 && object?["tokens"] as? Int == 30 * 64)
  }

  @Test func badInputHasItsMessageAndStatus() throws {
    for arguments in [["--steps", "-1"], ["--global-batch", "0"], ["--threads", "0"]] {
      #expect(try order(arguments).status == 64)
    }
    let many = try order(["--world-size", "7"])
    #expect(many.status == 1 && many.error.contains("world size 7, expected 1 to the global batch"))
    let missing = try tool.run(
      ["order", "store", "--sequence-length", "64", "--global-batch", "6"])
    #expect(
      missing.status == 1
        && missing.error.contains("cannot open manifest: store/manifest.sqlite: no such file"))
    #expect(missing.lines.isEmpty)
  }
}
