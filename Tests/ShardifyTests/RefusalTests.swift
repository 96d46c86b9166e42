import Balance
import Files
import Glibc
import Ingest
import Manifest
import ShardifyCore
import Testing

@testable import Shardify

/// What stages refuse, by message.
@Suite struct RefusalTests {
  let place: Workplace
  let documents = Array(Corpus.mixed().prefix(60))

  init() throws { place = try Workplace() }

  func filled() throws -> String {
    let input = try place.write(documents, to: "in.jsonl")
    try place.ingest([input])
    return input
  }

  @Test func aDatasetFolderWithAnotherPlan() throws {
    _ = try filled()
    try place.balance(to: "data", Mixture(policy: .temperature(2)))
    let before = try place.files(below: "data").filter { !$0.key.hasSuffix("/lock") }
    let message = failure { try place.balance(to: "data", Mixture(policy: .temperature(3))) }
    #expect(message?.contains("cannot go on with dataset: \(place.at("data"))") == true)
    #expect(message?.contains("another plan") == true)
    #expect(message?.contains("name another folder with --to") == true)
    #expect(try place.files(below: "data").filter { !$0.key.hasSuffix("/lock") } == before)
    let seed = failure { try place.balance(to: "data") { $0.seed = 9 } }
    #expect(seed?.contains("another plan (seed 0), expected seed 9") == true)
  }

  @Test func aDatasetFolderThatHoldsSomethingElse() throws {
    _ = try filled()
    try place.write("hello".utf8, to: "home/thesis.txt")
    let message = failure { try place.balance(to: "home") }
    #expect(message?.contains("a folder that holds thesis.txt and is no dataset") == true)
    let file = failure { try place.balance(to: "home/thesis.txt") }
    #expect(file?.contains("a file, expected a folder") == true)
    let store = failure { try place.ingest([place.at("in.jsonl")], store: "home") }
    #expect(store?.contains("a folder that holds thesis.txt and is no token store") == true)
  }

  @Test func anInputThatChanged() throws {
    let input = try filled()
    var changed = documents
    changed[30].text = String(changed[30].text.reversed())
    try place.write(changed, to: "in.jsonl")
    let message = failure { try place.ingest([input]) }
    #expect(message?.contains("input changed since it was read: \(input)") == true)
    #expect(message?.contains("other bytes from byte 0") == true)
  }

  @Test func anInputThatGrewOrShrank() throws {
    let input = try filled()
    for count in [documents.count + 1, documents.count - 1] {
      try place.write((documents + documents).prefix(count), to: "in.jsonl")
      let message = failure { try place.ingest([input]) }
      #expect(message?.contains("input changed since it was read: \(input)") == true)
      #expect(message?.contains("put the old file back") == true)
    }
    try place.write(documents, to: "in.jsonl")
    try place.ingest([input])
  }

  @Test func notAnInputThatWasOnlyTouched() throws {
    let input = try filled()
    let before = try place.files(below: "store").filter { $0.key.contains("/runs/") }
    try TemporaryPath.touch(input)
    let summary = try place.ingest([input])
    #expect(summary.documentsIn == documents.count)
    #expect(try place.files(below: "store").filter { $0.key.contains("/runs/") } == before)
  }

  @Test func anInputReadWithOtherOptions() throws {
    let input = try filled()
    let message = failure {
      try place.ingest([input]) { $0.documents.repairUTF8 = true }
    }
    #expect(message?.contains("cannot go on with input: \(input)") == true)
  }

  @Test func aStoreMadeInAnotherWay() throws {
    let input = try filled()
    let pieces = failure { try place.ingest([input]) { $0.maxPieceTokens = 65 } }
    #expect(
      pieces?.contains("max_piece_tokens 65 from --max-piece-tokens, expected 64 as when") == true)
    let seed = failure { try place.ingest([input]) { $0.storeSeed = 1 } }
    #expect(seed?.contains("from --store-seed") == true)
    let source = failure { try place.ingest([input]) { $0.languageSource = .model } }
    #expect(source?.contains("language_source model from --trust, expected input") == true)
  }

  @Test func theSecondProcessNamingTheFirst() throws {
    let input = try filled()
    let lock = try FileLock(path: place.at("store/lock"), purpose: "shardify ingest")
    let message = failure { try place.ingest([input]) }
    #expect(
      message
        == "cannot use folder: \(place.at("store")): in use by process \(getpid()) "
        + "(shardify ingest); wait until it is done, or stop it")
    withExtendedLifetime(lock) {}
    try place.balance(to: "data")
    let other = try FileLock(path: place.at("data/lock"), purpose: "shardify balance")
    let balance = failure { try place.balance(to: "data") }
    #expect(balance?.contains("in use by process \(getpid()) (shardify balance)") == true)
    withExtendedLifetime(other) {}
  }

  @Test func aStoreThatIsNone() throws {
    let missing = failure { try place.balance(store: "nowhere", to: "data") }
    #expect(missing?.contains("cannot open token store: \(place.at("nowhere"))") == true)
    try FileSystem.makeFolders(place.at("empty"))
    let empty = failure { try place.balance(store: "empty", to: "data") }
    #expect(empty?.contains(place.at("empty")) == true)
    try place.write("not a database".utf8, to: "garbage/catalog.sqlite")
    let garbage = failure { try place.balance(store: "garbage", to: "data") }
    #expect(garbage?.contains(place.at("garbage/catalog.sqlite")) == true)
    #expect(FileSystem.status(place.at("data")) == nil)
  }

  @Test func aStoreOfANewerFormat() throws {
    let input = try filled()
    // Key and value of the fact stand side by side in its row.
    let path = place.at("store/catalog.sqlite")
    var bytes = try FileSystem.read(path, limitBytes: 1 << 24)
    let row = Array("format_version1".utf8)
    let start = try #require(
      bytes.indices.first { bytes[$0...].starts(with: row) }, "no fact format_version")
    bytes[start + row.count - 1] = UInt8(ascii: "2")
    try FileSystem.writeAtomically(bytes, to: path)
    for message in [
      failure { try place.balance(to: "data") }, failure { try place.ingest([input]) },
    ] {
      #expect(
        message?.contains("format version 2, expected version 1") == true,
        "\(message ?? "no failure")")
    }
  }

  @Test func aRunThatIsMissingTruncatedOrDamaged() throws {
    _ = try filled()
    let run = place.at("store/runs/00000001.run.zst")
    let bytes = try FileSystem.read(run, limitBytes: 1 << 24)
    try FileSystem.remove(run)
    let missing = failure { try place.balance(to: "data") }
    #expect(missing?.contains("cannot read run: \(run)") == true)
    try FileSystem.writeAtomically(Array(bytes.dropLast(9)), to: run)
    let truncated = failure { try place.balance(to: "data") }
    #expect(truncated?.contains(run) == true)
    // A flipped bit is noticed wherever it lies, before a manifest is written.
    var unnoticed: [Int] = []
    for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 23)) {
      var damaged = bytes
      damaged[place] ^= 1
      try FileSystem.writeAtomically(damaged, to: run)
      let message = failure { try self.place.balance(to: "flip\(place)") }
      if message?.contains(run) != true { unnoticed.append(place) }
    }
    #expect(unnoticed == [])
  }

  @Test func aShardThatIsDamagedWhenVerified() throws {
    _ = try filled()
    let manifest = try place.balance(to: "data")
    for shard in manifest.shards {
      let path = place.at("data/" + shard.path)
      let bytes = try FileSystem.read(path, limitBytes: 1 << 24)
      var damaged = bytes
      damaged[bytes.count / 3] ^= 1
      try FileSystem.writeAtomically(damaged, to: path)
      #expect(try !place.verify("data").isClean)
      try FileSystem.writeAtomically(bytes, to: path)
    }
    #expect(try place.verify("data").isClean)
  }

  @Test func tooManyRejectsButKeepsWhatWasRead() throws {
    let lines = documents.map(\.line).joined() + "{\n"
    let input = try place.write(lines.utf8, to: "in.jsonl")
    let message = failure { try place.ingest([input]) }
    #expect(message?.contains("1 of \(documents.count + 1): not_json first in \(input)") == true)
    #expect(message?.contains("expected at most 0.01 of them") == true)
    try place.ingest([input]) { $0.maxRejectRate = 0.5 }
  }

  @Test(arguments: [0, 100_000]) func aNumberOfShardsOutOfRange(shards: Int) throws {
    _ = try filled()
    let message = failure { try place.balance(to: "data", shards: shards) }
    #expect(message?.contains("--shards \(shards), expected from 1 to 99999") == true)
    #expect(FileSystem.status(place.at("data")) == nil)
  }

  /// A first ingest with the wrong field leaves nothing behind that the right one would trip over.
  @Test func anInputOfWhichNothingWasKeptIsReadAnew() throws {
    let place = try Workplace()
    let good = try place.write(Corpus.mixed().prefix(40), to: "good.jsonl")
    let other = try place.write(
      Corpus.mixed().dropFirst(40).map { $0.line.replacing("\"text\"", with: "\"body\"") }.joined()
        .utf8, to: "other.jsonl")
    let message = failure { try place.ingest([good, other]) { $0.documents.textField = "body" } }
    #expect(
      message?.contains("no field \"body\", but \"id\", \"text\", \"lang\", \"source\"") == true)
    // The run of the first command names both inputs.
    let failed = failure { try place.ingest([good]) { $0.documents.textField = "nope" } }
    #expect(
      failed?.contains(
        "; name the field that holds the text with --text-field and run it again, or allow")
        == true, "\(failed ?? "no failure")")
    let summary = try place.ingest([good])
    #expect(summary.rejected == 0 && summary.documentsIn == 40 + Corpus.mixed().count - 40)
    let before = Outcome(try place.balance(to: "before"))
    // So it is in a catalog made anew from the runs.
    try FileSystem.remove(place.at("store/catalog.sqlite"))
    _ = try RepairStage(
      path: place.at("store"), jobs: 1, progress: Progress(), stop: StopFlag()
    ).run()
    #expect(try place.ingest([good]).rejected == 0)
    #expect(Outcome(try place.balance(to: "after")) == before)
    // What was kept stays: then other options are still refused.
    let refused = failure { try place.ingest([good]) { $0.documents.textField = "body" } }
    #expect(refused?.contains("use the options it was begun with") == true)
    // A mended input that gave nothing.
    let bad = try place.write("{\"x\":1}\n".utf8, to: "bad.jsonl")
    #expect(failure { try place.ingest([bad], store: "two") } != nil)
    try place.write(Corpus.mixed().prefix(3), to: "bad.jsonl")
    #expect(try place.ingest([bad], store: "two").documents == 3)
  }

  @Test func filtersThatLeaveNothingAreNamedWithTheirCounts() throws {
    let place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "in.jsonl")])
    let message = failure {
      try place.balance(to: "data") { $0.view.conditions = ["tokens > 1", "tokens > 100000"] }
    }
    #expect(message?.contains("no language takes part") == true, "\(message ?? "none")")
    #expect(message?.contains("documents by where tokens > 100000, expected") == true)
    #expect(message?.contains("by where tokens > 1,") == false)
    #expect(message?.hasSuffix("check the filters, then --include and --exclude") == true)
  }

  /// A manifest that is garbage is kept; one that is held or of a newer version is not touched.
  @Test func aManifestThatBalanceDidNotWriteIsNotLost() throws {
    let place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "in.jsonl")])
    let before = Outcome(try place.balance(to: "data"))
    let path = place.at("data/manifest.sqlite")
    let own = try FileSystem.read(path, limitBytes: 1 << 24)
    let garbage = Array("no database, but long enough to be one".utf8)
    try FileSystem.writeAtomically(garbage, to: path)
    #expect(Outcome(try place.balance(to: "data")) == before)
    #expect(try FileSystem.read(path + ".before-repair-1", limitBytes: 1 << 20) == garbage)
    // Written again as it is, nothing is kept.
    #expect(Outcome(try place.balance(to: "data")) == before)
    #expect(FileSystem.status(path + ".before-repair-2") == nil)
    // user_version stands at byte 60, most significant byte first.
    var newer = own
    newer[63] = 99
    try FileSystem.writeAtomically(newer, to: path)
    for work in [
      { _ = try place.balance(to: "data") },
      {
        _ = try RepairStage(path: place.at("data"), jobs: 1, progress: Progress(), stop: StopFlag())
          .run()
      },
    ] as [() throws -> Void] {
      #expect(failure(work)?.contains("format version 99") == true)
      #expect(try FileSystem.read(path, limitBytes: 1 << 24) == newer)
    }
    try FileSystem.writeAtomically(own, to: path)
    let held = try ExclusiveLock(path)
    for work in [
      { _ = try place.balance(to: "data") },
      {
        _ = try RepairStage(path: place.at("data"), jobs: 1, progress: Progress(), stop: StopFlag())
          .run()
      },
    ] as [() throws -> Void] {
      #expect(failure(work)?.contains("locked by another process") == true)
    }
    #expect(try FileSystem.read(path, limitBytes: 1 << 24) == own)
    withExtendedLifetime(held) {}
  }

  @Test func aPathThroughAFileIsToldFromOneThatIsNotThere() throws {
    let place = try Workplace()
    let file = try place.write([65], to: "file")
    for path in [file + "/x", file + "/x/manifest.sqlite"] {
      let works: [() throws -> Void] = [
        { _ = try TokenStore.open(path) }, { _ = try ManifestFile.read(path) },
        { _ = try InspectStage(path: path).run() },
        { _ = try place.ingest([path]) },
      ]
      for work in works {
        let message = failure(work) ?? "no failure"
        #expect(message.contains("a path through a file"), "\(message)")
      }
    }
  }
}
