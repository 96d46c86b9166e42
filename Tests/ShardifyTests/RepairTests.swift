import Balance
import Files
import Manifest
import ShardifyCore
import Shards
import Testing

@testable import Shardify

/// Manifests and catalogs made anew from what describes itself.
@Suite struct RepairTests {
  let place: Workplace

  init() throws {
    place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "in.jsonl")])
  }

  func repair(_ name: String, _ place: Workplace? = nil) throws -> RepairReport {
    try RepairStage(
      path: (place ?? self.place).at(name), jobs: 2, progress: Progress(), stop: StopFlag()
    ).run()
  }

  func contents(_ name: String) throws -> [UInt8] {
    try FileSystem.read(place.at(name), limitBytes: 1 << 30)
  }

  @Test func aManifestThatIsLostComesBackWithItsFingerprint() throws {
    try place.balance(to: "first", Mixture(policy: .temperature(3), maxEpochs: 9), shards: 3)
    try place.balance(to: "data", Mixture(policy: .temperature(2), maxEpochs: 9)) {
      $0.continuing = ContinueOptions(dataset: place.at("first"), afterShard: 1)
    }
    for name in ["first", "data"] {
      let path = place.at(name + "/manifest.sqlite")
      let before = try ManifestFile.read(path)
      #expect(try repair(name).isWhole)
      let bytes = try contents(name + "/manifest.sqlite")
      try FileSystem.remove(path)
      let report = try repair(name)
      #expect(!report.isWhole && report.keptPath == nil)
      #expect(report.fingerprint == before.dataset["fingerprint"])
      var after = try ManifestFile.read(path)
      after.provenance = before.provenance
      #expect(after == before)
      // One that is garbage, or was cut, is kept.
      let garbage = Array("no database, but long enough to be one".utf8)
      for damaged in [garbage, Array(bytes.dropLast(4096))] {
        try FileSystem.writeAtomically(damaged, to: path)
        let kept = try #require(try repair(name).keptPath)
        #expect(try FileSystem.read(kept, limitBytes: 1 << 30) == damaged)
        #expect(try ManifestFile.read(path).fingerprint == before.fingerprint)
      }
      #expect(try place.verify(name).problems == [])
    }
  }

  @Test func aPlanThatIsLostComesFromAShard() throws {
    let before = try place.balance(to: "data")
    let plan = try contents("data/plan.txt")
    try FileSystem.remove(place.at("data/plan.txt"))
    let missing = try repair("data")
    #expect(missing.notes == ["plan.txt was missing; it was taken from shard-00000.zst"])
    #expect(try contents("data/plan.txt") == plan)
    try place.write("shardify plan v2\nseed\t7\n".utf8, to: "data/plan.txt")
    let other = try repair("data")
    #expect(other.notes[0].hasPrefix("plan.txt was not that of the shards and is kept as"))
    #expect(try contents("data/plan.txt") == plan)
    let after = try ManifestFile.read(place.at("data/manifest.sqlite"))
    #expect(after.fingerprint == before.fingerprint)
  }

  @Test func aShardThatIsLostIsNamedWithWhatRedoesIt() throws {
    let outcome = Outcome(try place.balance(to: "data"))
    for shard in ["shards/shard-00002.zst", "shards/shard-00000.zst", "holdout/shard-00000.zst"] {
      let path = place.at("data/" + shard)
      let bytes = try contents("data/" + shard)
      var flipped = bytes
      flipped[300] ^= 4
      for damaged in [nil, Array(bytes.dropLast(7)), flipped] {
        try FileSystem.remove(path)
        if let damaged { try FileSystem.writeAtomically(damaged, to: path) }
        try FileSystem.remove(place.at("data/manifest.sqlite"))
        let message = failure { _ = try repair("data") } ?? "no failure"
        #expect(
          message.hasPrefix("cannot make manifest: \(place.at("data")): \(shard)"), "\(message)")
        #expect(message.contains("run the same balance again, which writes what is missing"))
        #expect(message.contains("shardify balance STORE --to \(place.at("data")) (temperature 2"))
        #expect(message.contains("rm \(path), then") == (damaged != nil))
        #expect(FileSystem.status(place.at("data/manifest.sqlite")) == nil)
        #expect(Outcome(try place.balance(to: "data")) == outcome)
      }
    }
  }

  @Test func everyLostShardIsNamed() throws {
    try place.balance(to: "data")
    let names = [1, 3].map { "shards/shard-0000\($0).zst" } + ["holdout/shard-00000.zst"]
    for name in names { try place.write([1, 2, 3], to: "data/" + name) }
    try FileSystem.remove(place.at("data/shards/shard-00004.zst"))
    let message = failure { _ = try repair("data") } ?? "no failure"
    #expect(message.contains(": 4 shards: shards/shard-00001.zst: "), "\(message)")
    for name in names + ["shards/shard-00004.zst missing"] { #expect(message.contains(name)) }
    let paths = names.map { place.at("data/" + $0) }.joined(separator: " ")
    #expect(message.contains("; rm \(paths), then run the same balance again"), "\(message)")
  }

  /// The folder in a recorded command is the one it was made as, not where it is now.
  @Test func theCommandIsForTheFolderAsItIsNamed() {
    let plan = ["policy": "uniform", "seed": "3", "mixture": "{}"]
    for (recorded, expected) in [
      ("shardify balance s --to old --uniform", "shardify balance s --to new/d --uniform"),
      ("shardify balance s --to=old --seed 3", "shardify balance s --to=new/d --seed 3"),
      (
        "shardify balance s --to 'old place' --uniform",
        "shardify balance STORE --to new/d (uniform, seed 3; the whole mixture: {})"
      ),
      (nil, "shardify balance STORE --to new/d (uniform, seed 3; the whole mixture: {})"),
    ] {
      #expect(
        RedoText.command(recorded: recorded, folder: "new/d", plan: { plan[$0] }) == expected)
    }
  }

  /// A run that is gone, cut or changed: what the message says, done literally, mends the store.
  @Test func theOrderThatMendsADamagedRunIsTheOneThatIsSaid() throws {
    let one = try Workplace()
    let big = try one.write(Corpus.mixed(seed: 5) + Corpus.mixed(seed: 6), to: "big.jsonl")
    let small = try one.write(Corpus.mixed(seed: 9).prefix(30), to: "small.jsonl")
    func ingest() throws {
      try one.ingest([small]) { $0.unitBytes = 16_384 }
      try one.ingest([big, small]) { $0.unitBytes = 16_384 }
    }
    try ingest()
    let before = Outcome(try one.balance(to: "before"))
    for round in 0..<6 {
      let runs = try Catalog.open(path: one.at("store/catalog.sqlite"), readOnly: true).runs()
      #expect(runs.count > 3)
      let path = one.at("store/" + runs[round * 5 % runs.count].file)
      let bytes = try FileSystem.read(path, limitBytes: 1 << 24)
      try FileSystem.remove(path)
      var damaged: [UInt8]?
      if round % 3 == 1 { damaged = Array(bytes.dropLast(9)) }
      if round % 3 == 2 {
        damaged = bytes
        damaged?[bytes.count / 4] ^= 0x10
      }
      if let damaged { try FileSystem.writeAtomically(damaged, to: path) }
      let message = try #require(failure { try one.balance(to: "broken-\(round)") })
      let store = one.at("store")
      let order =
        (damaged == nil ? "" : "rm \(path), ")
        + "run shardify repair \(store), then the same ingest again"
      #expect(message.contains(order), "\(message)")
      try FileSystem.remove(path)
      let report = try repair("store", one)
      #expect(!report.isWhole && report.notes.contains(StoreRepair.again))
      #expect(failure { try one.balance(to: "none") }?.contains("did not finish") == true)
      try ingest()
      #expect(Outcome(try one.balance(to: "after-\(round)")) == before)
      #expect(try repair("store", one).isWhole)
    }
  }

  /// The same where the catalog is lost as well: what is in no run is read again.
  @Test func aLostRunIsReadAgainAlsoIfTheCatalogIsLost() throws {
    let one = try Workplace()
    let big = try one.write(Corpus.mixed(seed: 5) + Corpus.mixed(seed: 6), to: "big.jsonl")
    try one.ingest([big]) { $0.unitBytes = 16_384 }
    let before = Outcome(try one.balance(to: "before"))
    let names = try FileSystem.names(in: one.at("store/runs"))
    #expect(names.count > 2)
    for name in names {
      try FileSystem.remove(one.at("store/runs/" + name))
      try FileSystem.remove(one.at("store/catalog.sqlite"))
      let message = failure { try one.balance(to: "x") }
      #expect(message?.contains("shardify repair \(one.at("store"))") == true)
      _ = try repair("store", one)
      try one.ingest([big]) { $0.unitBytes = 16_384 }
      #expect(Outcome(try one.balance(to: "after-" + name)) == before)
      if try FileSystem.names(in: one.at("store/runs")).count < 2 { break }
    }
  }

  @Test func aCatalogThatIsLostComesBack() throws {
    let more = try place.write(Corpus.mixed(seed: 9).prefix(40), to: "more.jsonl")
    try place.ingest([place.at("in.jsonl"), more])
    let before = try place.balance(to: "before")
    let path = place.at("store/catalog.sqlite")
    let held = try Catalog.open(path: path, readOnly: true).holdout()
    #expect(held.values.contains { !$0.isEmpty })
    #expect(try repair("store").isWhole)
    for damaged in [nil, Array("no database, but long enough to be one".utf8)] {
      try FileSystem.remove(path)
      if let damaged { try FileSystem.writeAtomically(damaged, to: path) }
      let report = try repair("store")
      #expect(report.files > 0 && (report.keptPath != nil) == (damaged != nil))
      #expect(try Catalog.open(path: path, readOnly: true).holdout() == held)
      #expect(Outcome(try place.balance(to: "after")) == Outcome(before))
      // Nothing is read again.
      let runs = try place.files(below: "store/runs")
      let summary = try place.ingest([place.at("in.jsonl"), more])
      #expect("\(summary.documentsIn)" == before.dataset["documents_in"])
      #expect(try place.files(below: "store/runs") == runs)
    }
  }

  /// Without its file the same documents are held out, since one command read all.
  @Test func whatIsHeldOutIsPickedAgainWhereNothingTellsIt() throws {
    let path = place.at("store/catalog.sqlite")
    let once = try Catalog.open(path: path, readOnly: true).holdout()
    try FileSystem.remove(path)
    try FileSystem.remove(place.at("store/holdout.tsv"))
    #expect(try repair("store").notes.contains { $0.contains("were picked anew") })
    #expect(try Catalog.open(path: path, readOnly: true).holdout() == once)
    try FileSystem.remove(path)
    try place.write("shardify holdout v1\ndeu_Latn\tx\n".utf8, to: "store/holdout.tsv")
    #expect(failure { _ = try repair("store") }?.contains("holdout.tsv line 2: ") == true)
  }

  /// Runs that were merged, and the parts that a killed process left beside them.
  @Test func partsOfAMergedRunAreLeftOut() throws {
    let one = try Workplace()
    let documents = Corpus.mixed()
    let inputs = try (0..<9).map { number in
      try one.write(documents.dropFirst(number * 20).prefix(20), to: "in/\(number).jsonl")
    }
    for count in 1...8 { try one.ingest(Array(inputs.prefix(count))) }
    let names = try FileSystem.names(in: one.at("store/runs"))
    #expect(names.count == 8)
    let parts = try names.map {
      ($0, try FileSystem.read(one.at("store/runs/" + $0), limitBytes: 1 << 24))
    }
    try one.ingest(inputs)
    let before = try one.balance(to: "before")
    #expect(try FileSystem.names(in: one.at("store/runs")).count < 8)
    for (name, bytes) in parts {
      try FileSystem.writeAtomically(bytes, to: one.at("store/runs/" + name))
    }
    try FileSystem.remove(one.at("store/catalog.sqlite"))
    let report = try repair("store", one)
    #expect(report.notes.count { $0.contains("is left out: all of it is in runs/") } == 8)
    #expect(Outcome(try one.balance(to: "after")) == Outcome(before))
  }

  @Test func whatIsNeitherIsRefused() throws {
    try FileSystem.makeFolders(place.at("empty"))
    for (name, text) in [
      ("nowhere", "no such folder"), ("in.jsonl", "a file"), ("empty", "no shards and no runs"),
    ] {
      let message = failure { _ = try repair(name) }
      #expect(message?.hasPrefix("cannot repair: \(place.at(name)): \(text)") == true)
    }
    try FileSystem.makeFolders(place.at("bare/runs"))
    #expect(failure { _ = try repair("bare") }?.contains("no run, expected at least one") == true)
    let run = place.at("store/runs/00000001.run.zst")
    try FileSystem.remove(place.at("store/catalog.sqlite"))
    try FileSystem.writeAtomically(
      Array(try FileSystem.read(run, limitBytes: 1 << 24).dropLast(3)), to: run)
    let damaged = failure { _ = try repair("store") }
    #expect(damaged?.contains(run) == true, "\(damaged ?? "no failure")")
    #expect(FileSystem.status(place.at("store/catalog.sqlite")) == nil)
  }
}
