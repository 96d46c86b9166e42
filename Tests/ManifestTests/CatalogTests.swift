import Files
import GRDB
import Manifest
import ShardifyCore
import Testing

@Suite struct CatalogTests {
  private let input = InputRecord(
    number: 0, name: "/a/b.jsonl", options: "text=text", fileSizeBytes: 100,
    modifiedNanoseconds: -5, isDone: false)

  private func run(_ number: Int, tokens: Int) -> RunRecord {
    RunRecord(
      number: number, file: "runs/\(number).run.zst", tokens: tokens, pieces: 3, documents: 2,
      duplicates: 1, fileSizeBytes: 50)
  }

  @Test func factsAndRowsReadBackAsTheyWereWritten() throws {
    let folder = try TemporaryFolder()
    let catalog = try Catalog.create(path: folder.file("catalog.sqlite"), facts: testFacts())
    #expect(try catalog.nextRunNumber() == 1)
    var saved = input
    saved.number = try catalog.save(input)
    let units = (0..<2).map {
      UnitRecord(input: saved.number, unit: $0, bytes: 10, documents: 4, digest: UInt64.max - 1)
    }
    let reject = RejectRecord(
      input: saved.number, unit: 1, reason: "not-json", documents: 2, firstOffset: 12,
      detail: "x")
    try catalog.add(
      run(1, tokens: 9), units: units, rejects: [reject], finished: [saved.number])
    let content = ContentHash(high: 1, low: UInt64.max)
    let tag = try #require(LanguageTag("deu_Latn"))
    try catalog.addHoldout([(tag, content), (tag, content)])
    saved.isDone = true
    let again = try Catalog.open(path: folder.file("catalog.sqlite"), readOnly: true)
    #expect(again.facts == testFacts())
    #expect(try again.inputs() == [saved])
    #expect(try again.units(of: saved.number) == units)
    #expect(try again.runs() == [run(1, tokens: 9)])
    #expect(try again.nextRunNumber() == 2)
    #expect(try again.documentCount() == 8)
    #expect(try again.byteCount() == 20)
    #expect(try again.rejects().map { "\($0.reason) \($0.documents)" } == ["not-json 2"])
    #expect(try again.firstRejects().map(\.offset) == [12])
    #expect(try again.holdout() == [tag: [content]])
    #expect(try FileSystem.names(in: folder.path) == ["catalog.sqlite"])
  }

  @Test func theFirstRejectOfAReasonGoesByInputNameThenOffset() throws {
    let folder = try TemporaryFolder()
    let catalog = try Catalog.create(path: folder.file("catalog.sqlite"), facts: testFacts())
    for (name, unit, offset) in [("/b", 0, 1), ("/a", 0, 200), ("/a", 1, 30)] {
      let known = try catalog.inputs().first { $0.name == name }
      var record = known ?? input
      record.name = name
      record.number = try catalog.save(record)
      try catalog.add(
        nil, units: [],
        rejects: [
          RejectRecord(
            input: record.number, unit: unit, reason: "nul", documents: 1, firstOffset: offset,
            detail: "")
        ], finished: [])
    }
    let first = try catalog.firstRejects()
    #expect(first.map { "\($0.reason) \($0.input) \($0.offset)" } == ["nul /a 30"])
  }

  @Test func aMergedRunTakesThePlaceOfItsPartsAndNumbersAreNotUsedAgain() throws {
    let folder = try TemporaryFolder()
    let catalog = try Catalog.create(path: folder.file("catalog.sqlite"), facts: testFacts())
    for number in 1...3 {
      try catalog.add(run(number, tokens: number), units: [], rejects: [], finished: [])
    }
    try catalog.replace([run(2, tokens: 2), run(3, tokens: 3)], with: run(4, tokens: 5))
    #expect(try catalog.runs() == [run(1, tokens: 1), run(4, tokens: 5)])
    try catalog.replace([run(4, tokens: 5)], with: run(5, tokens: 5))
    #expect(try catalog.nextRunNumber() == 6)
  }

  @Test(arguments: [
    (
      "UPDATE facts SET value = '2' WHERE key = 'format_version'", ManifestFailureCode.version,
      "format version 2, expected version 1"
    ),
    ("DELETE FROM facts WHERE key = 'store_key'", .notOurs, "no readable fact store_key"),
    (
      "UPDATE facts SET value = 'x' WHERE key = 'vocabulary_size'", .notOurs,
      "no readable fact vocabulary_size"
    ),
    ("PRAGMA application_id = 1", .notOurs, "an SQLite file of something else"),
  ])
  func aCatalogThatIsNotOneIsRefused(sql: String, code: ManifestFailureCode, text: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("catalog.sqlite")
    _ = try Catalog.create(path: path, facts: testFacts())
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
    let failure = #expect(throws: ManifestFailure.self) {
      try Catalog.open(path: path, readOnly: true)
    }
    #expect(failure?.code == code)
    #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "")")
  }

  @Test func aRowOfTheWrongTypeIsAFailureAndNoTrap() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("catalog.sqlite")
    let catalog = try Catalog.create(path: path, facts: testFacts())
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction {
      try $0.execute(
        sql: """
          DROP TABLE runs;
          CREATE TABLE runs (run, file, tokens, pieces, documents, duplicates, size_bytes);
          INSERT INTO runs VALUES ('one', x'00', 1e300, NULL, -1, 0, 0)
          """)
    }
    try queue.close()
    let failure = #expect(throws: ManifestFailure.self) { try catalog.runs() }
    #expect(failure?.code == .notOurs)
  }

  @Test func anotherFolderIsRefusedByName() throws {
    let folder = try TemporaryFolder()
    let failure = #expect(throws: ManifestFailure.self) {
      try Catalog.open(path: folder.file("catalog.sqlite"), readOnly: true)
    }
    #expect(failure?.code == .missing)
    #expect(failure?.path == folder.path)
  }
}
