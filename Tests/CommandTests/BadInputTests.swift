import Foundation
import Testing

/// Every bad input has its message, and an exit status that scripts can go by.
@Suite struct BadInputTests {
  let tool: CommandLineTool

  init() throws { tool = try CommandLineTool() }

  /// A row of `fixtures/corrupt/expected.tsv`.
  struct Row: Sendable, CustomTestStringConvertible {
    var file: String
    var outcome: String
    var documents: Int
    var rejects: Int
    var message: String

    var testDescription: String { file }
  }

  static let rows: [Row] = {
    let path = CommandLineTool.fixture("corrupt/expected.tsv")
    guard let table = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    return table.split(separator: "\n").dropFirst().map { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Row(
        file: cells[0], outcome: cells[1], documents: Int(cells[2]) ?? -1,
        rejects: Int(cells[3]) ?? -1, message: cells[4])
    }
  }()

  struct Summary: Decodable {
    var documentsIn: Int
    var documents: Int
    var rejected: Int
    var rejects: [String: Int]

    init(_ outcome: CommandLineTool.Outcome) throws {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      self = try decoder.decode(Summary.self, from: Data(outcome.out.utf8))
    }
  }

  static let tokenizerRows = rows.filter { $0.file.contains("tokenizer") }
  static let inputRows = rows.filter { !$0.file.contains("tokenizer") }

  @Test func theTableIsThere() { #expect(Self.rows.count > 25) }

  @Test(arguments: inputRows) func aCorruptInputEndsAsExpected(row: Row) throws {
    let path = CommandLineTool.fixture("corrupt/" + row.file)
    let found = try tool.ingest([path], ["--max-reject-rate", "1", "--json"])
    if row.outcome == "failure" {
      #expect(found.status == 1)
      #expect(found.error.contains(path) && found.error.contains(row.message), "\(found.error)")
      return
    }
    #expect(found.status == 0, "\(found.error)")
    let summary = try Summary(found)
    #expect(summary.documents == row.documents)
    #expect(summary.rejected == row.rejects)
    #expect(summary.documentsIn == row.documents + row.rejects)
    if row.outcome == "accepted" {
      #expect(summary.rejects.isEmpty)
    } else {
      #expect(summary.rejects == [row.outcome: row.rejects])
      // By default so many rejects are a failure, with the reason, the file and the place.
      let strict = try tool.ingest([path], store: "strict")
      #expect(strict.status == 1)
      #expect(strict.error.contains("too many documents rejected: strict: "))
      #expect(strict.error.contains("\(row.outcome) first in \(path) at byte "))
      #expect(strict.error.contains(row.message), "\(strict.error)")
    }
  }

  @Test(arguments: tokenizerRows) func aBadTokenizerIsNamed(row: Row) throws {
    let path = CommandLineTool.fixture("corrupt/" + row.file)
    let found = try tool.ingest([CommandLineTool.fixture("corrupt/bom.jsonl")], tokenizer: path)
    #expect(found.status == 1)
    #expect(found.error.contains(path) && found.error.contains(row.message), "\(found.error)")
    #expect(!FileManager.default.fileExists(atPath: tool.folder.path + "/store"))
  }

  @Test func invalidUTF8CanBeRepaired() throws {
    let path = CommandLineTool.fixture("corrupt/invalid-utf8.jsonl")
    let found = try tool.ingest([path], ["--repair-utf8", "--json"])
    #expect(found.status == 0)
    let summary = try Summary(found)
    #expect(summary.documents == 3 && summary.rejected == 0)
  }

  @Test func aMissingInputAndAMissingTokenizerAreNamed() throws {
    let input = try tool.ingest(["none.jsonl"])
    #expect(input.status == 1)
    #expect(
      input.error
        == "error: cannot find input: none.jsonl: no such file or folder; check the path\n")
    let tokenizer = try tool.ingest(
      [CommandLineTool.fixture("corrupt/bom.jsonl")], tokenizer: "none.json")
    #expect(tokenizer.status == 1)
    #expect(tokenizer.error.contains("cannot load tokenizer: none.json: no such file or folder"))
  }

  @Test func aLineOfAHundredMegabytesIsRejectedByName() throws {
    let path = tool.folder.path + "/long.jsonl"
    try tool.write("{\"text\":\"first\"}\n{\"text\":\"".utf8, to: "long.jsonl")
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    let part = Data(repeating: UInt8(ascii: "a"), count: 10_000_000)
    for _ in 0..<10 { try file.write(contentsOf: part) }
    try file.write(contentsOf: Data("\"}\n{\"text\":\"last\"}\n".utf8))
    try file.close()
    let found = try tool.ingest(["long.jsonl"])
    #expect(found.status == 1)
    #expect(
      found.error.contains(
        "1 of 3: too_long first in \(tool.folder.resolvingSymlinksInPath().path)/long.jsonl at byte "
          + "17 (100000011 bytes, expected at most 33554432)"), "\(found.error)")
  }

  @Test func duplicateIdsAreTakenAndDuplicateTextsCounted() throws {
    let lines = [("1", "a text"), ("1", "another text"), ("2", "a text")].map {
      #"{"id":"\#($0)","text":"\#($1)"}"# + "\n"
    }
    try tool.write(lines.joined().utf8, to: "ids.jsonl")
    let found = try tool.ingest(["ids.jsonl"], ["--json"])
    #expect(found.status == 0)
    let summary = try Summary(found)
    #expect(summary.documentsIn == 3 && summary.documents == 2 && summary.rejected == 0)
    #expect(found.out.contains(#""duplicates":1"#))
  }

  @Test func aStoreThatIsNoneIsNamed() throws {
    let none = try tool.run(["balance", "none", "--to", "data"])
    #expect(none.status == 1)
    #expect(none.error.contains("cannot open token store: none: no such folder"))
    let fixtures = CommandLineTool.fixtures.path
    let other = try tool.run(["balance", fixtures, "--to", "data"])
    #expect(other.status == 1)
    #expect(other.error.contains("cannot open token store: \(fixtures): no catalog.sqlite in it"))
    #expect(!FileManager.default.fileExists(atPath: tool.folder.path + "/data"))
  }

  /// A folder below `/proc` cannot be made by anyone, root neither.
  @Test func anOutputThatCannotBeWrittenIsNamed() throws {
    let input = CommandLineTool.fixture("corrupt/bom.jsonl")
    let store = try tool.ingest([input], store: "/proc/store")
    #expect(store.status == 1)
    #expect(store.error.contains("cannot make folder: /proc/store: "), "\(store.error)")
    #expect(try tool.ingest([input]).status == 0)
    let data = try tool.run([
      "balance", "store", "--to", "/proc/data", "--include-undetermined", "--max-epochs", "none",
    ])
    #expect(data.status == 1)
    #expect(data.error.contains("cannot make folder: /proc/data: "), "\(data.error)")
  }

  @Test func anOutputFolderInUseForSomethingElseIsRefused() throws {
    try tool.write("text".utf8, to: "notes.txt")
    let found = try tool.ingest([CommandLineTool.fixture("corrupt/bom.jsonl")], store: ".")
    #expect(found.status == 1)
    #expect(found.error.contains("is no token store, expected a new or empty folder"))
  }
}
