import Balance
import Files
import Manifest
import ShardifyCore
import Shards
import Testing

@testable import Shardify

/// Token stores read from end to end: sound ones have no problem, and no byte can change unseen.
@Suite struct StoreVerifyTests {
  let place: Workplace

  init() throws {
    place = try Workplace()
    let documents = Corpus.mixed()
    let first = try place.write(documents.prefix(60), to: "a.jsonl")
    let second = try place.write(documents.dropFirst(60).prefix(40), to: "b.jsonl")
    try place.ingest([first])
    try place.ingest([first, second])
  }

  func verify() throws -> StoreVerifyReport {
    try StoreVerify(store: place.at("store"), jobs: 2, progress: Progress(), stop: StopFlag()).run()
  }

  func bytes(_ name: String) throws -> [UInt8] {
    try FileSystem.read(place.at("store/" + name), limitBytes: 1 << 24)
  }

  @Test func aSoundStoreHasNoProblem() throws {
    let report = try verify()
    #expect(report.problems == [] && report.notes == [])
    let summary = try place.ingest([place.at("a.jsonl"), place.at("b.jsonl")])
    #expect(report.runs == 2 && report.tokens == summary.tokens)
    #expect(report.documents == summary.documents)
    #expect(report.text().hasSuffix("nothing is wrong"))
    #expect(report.json().hasPrefix(#"{"kind":"store","path":""#))
    #expect(StoreVerify.isStore(place.at("store")))
    #expect(!StoreVerify.isStore(place.path) && !StoreVerify.isStore(place.at("none")))
  }

  /// All that a run gives to a reader.
  private func contents(_ path: String) throws -> [[UInt8]] {
    let run = try RunReader(path: path)
    let zstd = try StoreView.decompressor()
    return try run.index.frames.indices.flatMap { number in
      let table = try run.table(of: number, with: zstd)
      let rows = (0..<table.count).map {
        table.row($0, language: run.index.frames[number].language)
      }
      return [
        try run.tokens(of: number, with: zstd), PieceTable.encode(rows, numbers: [], columns: 0),
      ]
    }
  }

  @Test func everyChangedByteOfARunIsFound() throws {
    let path = place.at("store/runs/00000001.run.zst")
    let whole = try bytes("runs/00000001.run.zst")
    let read = try contents(path)
    var found = 0
    for offset in stride(from: 0, to: whole.count, by: whole.count / 60) {
      var changed = whole
      changed[offset] ^= 0x20
      try FileSystem.writeAtomically(changed, to: path)
      let problems = try verify().problems
      // A bit that zstd does not use may change nothing that is read.
      if problems.isEmpty, try contents(path) == read { continue }
      #expect(problems.count >= 2, "byte \(offset)")
      found += 1
      #expect(problems.allSatisfy { $0.hasPrefix("runs/00000001.run.zst: ") })
      #expect(
        problems.last
          == "runs/00000001.run.zst: what mends it: rm \(path), run shardify repair"
          + " \(place.at("store")), then the same ingest again, which reads anew what was in it")
    }
    #expect(found > 55)
    try FileSystem.writeAtomically(Array(whole.dropLast(20)), to: path)
    #expect(try verify().problems.count == 2)
    try FileSystem.remove(path)
    #expect(try verify().problems.first == "runs/00000001.run.zst: no such file")
    try FileSystem.writeAtomically(whole, to: path)
    #expect(try verify().isClean)
  }

  /// Files that are well formed and not what the catalog says.
  @Test func theCatalogIsComparedWithTheRuns() throws {
    let path = place.at("store/catalog.sqlite")
    let other = try Workplace()
    try other.ingest([place.at("b.jsonl")])
    let run = try FileSystem.read(other.at("store/runs/00000001.run.zst"), limitBytes: 1 << 24)
    let own = try bytes("runs/00000002.run.zst")
    try place.write(run, to: "store/runs/00000002.run.zst")
    let swapped = try verify().problems
    #expect(swapped.contains { $0.hasPrefix("runs/00000002.run.zst: ") && $0.contains("expected") })
    try place.write(own, to: "store/runs/00000002.run.zst")
    try place.write("shardify holdout v1\n".utf8, to: "store/holdout.tsv")
    #expect(try verify().problems.first?.hasPrefix("holdout.tsv: 0 documents held out") == true)
    try FileSystem.remove(place.at("store/holdout.tsv"))
    #expect(try verify().isClean && verify().notes.first?.hasPrefix("no holdout.tsv: ") == true)
    let catalog = try Catalog.open(path: path, readOnly: false)
    try catalog.add(
      nil, units: [UnitRecord(input: 1, unit: 7, bytes: 1, documents: 3, digest: 0)], rejects: [],
      finished: [])
    try catalog.setFinished(false)
    let report = try verify()
    #expect(report.problems.count == 1)
    #expect(
      report.problems.first?.contains("documents read, expected 100 in runs") == true
        || report.problems.first?.hasPrefix("catalog: 103 documents read, expected ") == true)
    #expect(report.notes.contains { $0.contains("did not finish") })
    #expect(report.text().hasSuffix("1 problem found"))
  }

  /// Ids, keys and ends that are wrong in a run whose checksums are right.
  @Test func whatARunHoldsIsChecked() throws {
    let path = place.at("store/runs/00000002.run.zst")
    let reader = try RunReader(path: path)
    let zstd = try StoreView.decompressor()
    typealias Change = (inout PieceRow, inout [UInt8]) -> Void
    let cases: [(String, Change)] = [
      (
        "token id 65535, expected below",
        {
          $1[0] = 255
          $1[1] = 255
        }
      ),
      (
        "ends with id 65, expected the end-of-text id",
        {
          $1[$1.count - 2] = 65
          $1[$1.count - 1] = 0
        }
      ),
      (
        "a key that is not that of its content hash",
        { row, _ in
          row.content = ContentHash(high: 1, low: row.content.low)
        }
      ),
      ("held out", { row, _ in row.flags.formSymmetricDifference(.heldOut) }),
      ("input 77, which the catalog does not name", { row, _ in row.input = 77 }),
      ("with flags", { row, _ in row.flags.remove(.first) }),
    ]
    for (text, change) in cases {
      let writer = try RunWriter(
        path: path,
        index: RunIndex(
          storeKey: reader.index.storeKey, tokenizer: reader.index.tokenizer,
          tokenWidthBytes: reader.index.tokenWidthBytes),
        numberColumns: 0, level: 1, jobs: 1)
      var isFirst = true
      for (number, frame) in reader.index.frames.enumerated() {
        let table = try reader.table(of: number, with: zstd)
        let tokens = try reader.tokens(of: number, with: zstd)
        var start = 0
        for index in 0..<table.count {
          var row = table.row(index, language: frame.language)
          let size = table.tokenCount(index) * reader.index.tokenWidthBytes
          var ids = Array(tokens[start..<start + size])
          start += size
          if isFirst && row.flags.contains([.first, .last]) {
            change(&row, &ids)
            isFirst = false
          }
          try ids.withUnsafeBytes { try writer.append(row, numbers: [], tokens: $0) }
        }
      }
      _ = try writer.finish(names: reader.names, duplicates: reader.index.duplicates)
      let problems = try verify().problems
      #expect(problems.contains { $0.contains(text) }, "\(text): \(problems)")
    }
  }
}
