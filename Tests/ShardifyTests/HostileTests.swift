import Files
import Manifest
import Testing

@testable import Shardify

/// Folders, catalogs and options that somebody made to do harm, or by mistake.
@Suite struct HostileTests {
  let place: Workplace
  let documents = Array(Corpus.mixed().prefix(60))

  init() throws { place = try Workplace() }

  @Test func aStoreThatLostItsCatalogKeepsItsRuns() throws {
    let input = try place.write(documents, to: "in.jsonl")
    try place.ingest([input])
    let runs = try place.files(below: "store/runs")
    try FileSystem.remove(place.at("store/catalog.sqlite"))
    let message = failure { try place.ingest([input]) }
    #expect(message?.contains("and no catalog.sqlite, expected a new or empty folder") == true)
    #expect(try place.files(below: "store/runs") == runs)
    #expect(!runs.isEmpty)
  }

  @Test func filesInRunsThatAreNotRunsStay() throws {
    let input = try place.write(documents, to: "in.jsonl")
    try place.ingest([input])
    let names = ["notes.txt", "events.out.1", "x1.run.zst", ".run.zst", "1.run.zst.old"]
    for name in names { try place.write("mine".utf8, to: "store/runs/\(name)") }
    let orphans = ["00000099.run.zst", "00000098.run.zst.partial"]
    for name in orphans { try place.write("half".utf8, to: "store/runs/\(name)") }
    try place.ingest([input])
    let left = try place.files(below: "store/runs").keys
    for name in names { #expect(left.contains("store/runs/\(name)"), "\(name)") }
    for name in orphans { #expect(!left.contains("store/runs/\(name)"), "\(name)") }
  }

  @Test(arguments: [Int.max, Int.max / 4, Int.min, -1])
  func anyHoldoutMinimumIsTaken(_ minimum: Int) throws {
    let input = try place.write(documents, to: "in.jsonl")
    let summary = try place.ingest([input]) { $0.holdoutMinimum = minimum }
    #expect(summary.documentsIn == documents.count)
  }

  @Test func anEmptyPathIsNotTheRoot() throws {
    let input = try place.write(documents, to: "in.jsonl")
    let store = failure { try place.ingest([input]) { $0.store = "" } }
    #expect(
      store == "cannot make token store: an empty path, expected a folder; name one with --to")
    try place.ingest([input])
    let dataset = failure { try place.balance(to: "data") { $0.dataset = "" } }
    #expect(dataset == "cannot make dataset: an empty path, expected a folder; name one with --to")
  }
}
