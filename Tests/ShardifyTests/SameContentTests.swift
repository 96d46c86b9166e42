import Balance
import Files
import ShardifyCore
import Testing

@testable import Shardify

/// The same shards and the same fingerprint however the work was done.
@Suite struct SameContentTests {
  let place: Workplace
  let documents = Corpus.mixed()

  init() throws { place = try Workplace() }

  /// The outcome of one undisturbed ingest and balance.
  func expected() throws -> Outcome {
    let input = try place.write(documents, to: "in/all.jsonl")
    try place.ingest([input], store: "expected-store") { $0.jobs = 1 }
    return Outcome(
      try place.balance(store: "expected-store", to: "expected") { $0.jobs = 1 })
  }

  @Test func forAnyNumberOfJobs() throws {
    let expected = try expected()
    for jobs in [2, 4] {
      try place.ingest([place.at("in/all.jsonl")], store: "store\(jobs)") { $0.jobs = jobs }
      let manifest = try place.balance(store: "store\(jobs)", to: "data\(jobs)") {
        $0.jobs = jobs
      }
      #expect(Outcome(manifest) == expected)
    }
  }

  @Test func forTheInputCutIntoSevenFilesInAnotherOrder() throws {
    let expected = try expected()
    var random = SeededRandom(seed: 11)
    let other = Corpus.shuffled(documents, &random)
    var files: [String] = []
    for part in 0..<7 {
      let lines = other.enumerated().filter { $0.offset % 7 == part }.map(\.element)
      files.append(try place.write(lines, to: "cut/\(6 - part).jsonl"))
    }
    try place.ingest(Corpus.shuffled(files, &random))
    #expect(Outcome(try place.balance(to: "data")) == expected)
  }

  @Test func forRunsUnmergedAndMerged() throws {
    let input = try place.write(documents, to: "in/all.jsonl")
    try place.ingest([input], store: "one") { $0.holdoutMinimum = 0 }
    let expected = Outcome(try place.balance(store: "one", to: "expected"))
    var counts: [Int] = []
    for steps in [5, 12] {
      for step in 0..<steps {
        let lines = documents.enumerated().filter { $0.offset % steps == step }.map(\.element)
        let file = try place.write(lines, to: "parts\(steps)/\(step).jsonl")
        let summary = try place.ingest([file], store: "steps\(steps)") { $0.holdoutMinimum = 0 }
        counts.append(summary.runs)
      }
      let manifest = try place.balance(store: "steps\(steps)", to: "data\(steps)")
      #expect(Outcome(manifest) == expected)
      #expect(try place.verify("data\(steps)", store: "steps\(steps)").problems == [])
    }
    #expect(counts.contains(8) && counts.last != 12, "the runs were never merged")
  }

  @Test func forSmallMemory() throws {
    let expected = try expected()
    let manifest = try place.balance(store: "expected-store", to: "data") {
      $0.memoryBytes = 1
      $0.jobs = 4
    }
    #expect(Outcome(manifest) == expected)
  }

  @Test func whenAShardIsMissingDamagedOrForeign() throws {
    let expected = try expected()
    let folder = place.at("expected/shards")
    let files = try FileSystem.names(in: folder).map { folder + "/" + $0 }
    try FileSystem.remove(files[0])
    var bytes = try FileSystem.read(files[1], limitBytes: 1 << 20)
    bytes[bytes.count / 2] ^= 4
    try FileSystem.writeAtomically(bytes, to: files[1])
    try FileSystem.writeAtomically(try FileSystem.read(files[3], limitBytes: 1 << 20), to: files[2])
    try FileSystem.writeAtomically([1, 2, 3], to: files[4])
    try FileSystem.writeAtomically([1, 2, 3], to: folder + "/shard-00001.zst.partial")
    let untouched = FileSystem.status(files[3])?.modifiedNanoseconds
    let manifest = try place.balance(store: "expected-store", to: "expected")
    #expect(Outcome(manifest) == expected)
    #expect(FileSystem.status(files[3])?.modifiedNanoseconds == untouched)
    #expect(try FileSystem.names(in: folder).count == 5)
    #expect(try place.verify("expected", store: "expected-store").problems == [])
  }
}
