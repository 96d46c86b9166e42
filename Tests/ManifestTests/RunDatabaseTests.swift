import Files
import GRDB
import Manifest
import ShardifyCore
import Testing

@Suite struct RunDatabaseTests {
  let folder: TemporaryFolder
  let tag: LanguageTag

  init() throws {
    folder = try TemporaryFolder()
    tag = try #require(LanguageTag("deu_Latn"))
  }

  func step(_ number: Int, loss: Double = 1) -> RunRow {
    .step(
      RunRow.Step(
        step: number, samplesConsumed: 8 * number, lossNats: loss, tokens: 100, seconds: 0.5,
        dataWaitSeconds: 0, learningRate: 1e-3, gradientNorm: 1, skippedSamples: 0,
        samplesDigest: number % 2 == 0 ? SHA256.of([UInt8(number)]) : nil))
  }

  func start(_ step: Int) -> RunRow.Start {
    RunRow.Start(
      step: step, samplesConsumed: 8 * step, steps: 10, worldSize: 2, threads: 1,
      resumedFrom: step > 0 ? "checkpoint" : nil)
  }

  func rows(_ sql: String) throws -> [String] {
    try DatabaseQueue(path: folder.file("run.sqlite")).read { db in
      try String.fetchAll(db, sql: sql)
    }
  }

  /// A new stage goes on in the database of the one before, and is told apart by its first step.
  @Test func aNewStageGoesOnInTheSameDatabase() throws {
    let path = folder.file("run.sqlite")
    do { try RunDatabase(path: path, identity: "a").begin(start(0), facts: []) }
    var stage = start(4)
    stage.resumedFrom = nil
    stage.startedFrom = "checkpoint"
    do {
      try RunDatabase(path: path, identity: "b", earlier: "a").begin(stage, facts: [])
      // Begun again from the same step, then resumed.
    }
    do { try RunDatabase(path: path, identity: "b", earlier: "a").begin(stage, facts: []) }
    do { try RunDatabase(path: path, identity: "b", earlier: nil).begin(start(6), facts: []) }
    #expect(
      try rows("SELECT step || identity || ifnull(started_from, '-') FROM stages ORDER BY step")
        == ["0a-", "4bcheckpoint"])
    #expect(try rows("SELECT value FROM facts WHERE key = 'identity'") == ["b"])
    #expect(throws: ManifestFailure.self) { try RunDatabase(path: path, identity: "a") }
    #expect(throws: ManifestFailure.self) {
      try RunDatabase(path: path, identity: "c", earlier: "a")
    }
  }

  /// Rows of steps after the checkpoint are replaced; each step is there once.
  @Test func aResumedRunReplacesTheStepsAfterItsCheckpoint() throws {
    do {
      let run = try RunDatabase(path: folder.file("run.sqlite"), identity: "a")
      try run.begin(start(0), facts: [("seed", "1")])
      for number in 1...6 {
        run.add([
          step(number), .trainingLanguage(step: number, tag, tokens: 3, lossNats: 2),
          .evaluation(step: number, lossNats: 1, unigramNats: 2, bitsPerByte: .nan, tokens: 4),
          .evaluationLanguage(
            RunRow.EvaluationLanguage(
              step: number, language: tag, share: 1, tokens: 4, bytes: 9, lossNats: 1,
              unigramNats: 2, bitsPerByte: 0.5)),
        ])
      }
      try run.flush()
      run.add([step(7)])  // not flushed: lost with the process
    }
    do {
      let run = try RunDatabase(path: folder.file("run.sqlite"), identity: "a")
      try run.begin(start(4), facts: [("seed", "1")])
      run.add([step(5, loss: 9)])
      try run.flush()
    }
    #expect(
      try rows("SELECT step || ' ' || loss_nats FROM steps ORDER BY step")
        == ["1 1.0", "2 1.0", "3 1.0", "4 1.0", "5 9.0"])
    for table in ["training_languages", "evaluations", "evaluation_languages"] {
      #expect(try rows("SELECT max(step) || ' ' || count(*) FROM \(table)") == ["4 4"])
    }
    #expect(
      try rows("SELECT start || ' ' || step || ' ' || ifnull(resumed_from, '-') FROM starts")
        == ["1 0 -", "2 4 checkpoint"])
    #expect(
      try rows("SELECT hex(samples_sha256) FROM steps WHERE step = 2")
        == [Hex.string(SHA256.of([2]).bytes).uppercased()])
    #expect(try rows("SELECT step FROM evaluations WHERE bits_per_byte IS NULL").count == 4)
  }

  func message(_ work: () throws -> Void) -> String {
    do {
      try work()
      return "accepted"
    } catch { return (error as? ManifestFailure)?.message ?? "\(error)" }
  }

  @Test func anotherRunAnotherVersionAndAnotherFileAreRefused() throws {
    let path = folder.file("run.sqlite")
    do { _ = try RunDatabase(path: path, identity: "a") }
    #expect(
      message { _ = try RunDatabase(path: path, identity: "b") }
        == "cannot open run database: \(path): a run with a, expected b; go on with the same "
        + "options, go on to another dataset with --start-from, or choose another --run folder")
    try DatabaseQueue(path: path).write { try $0.execute(sql: "PRAGMA user_version = 2") }
    #expect(
      message { _ = try RunDatabase(path: path, identity: "a") }
        .contains("format version 2, expected version 1"))
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    #expect(
      message { _ = try RunDatabase(path: folder.file("m"), identity: "a") }
        .contains("an SQLite file of something else"))
    try FileSystem.writeAtomically(Array("no database, but long enough".utf8), to: path)
    #expect(message { _ = try RunDatabase(path: path, identity: "a") }.contains(path))
  }

  @Test func twoProcessesDoNotWriteOneRun() throws {
    let path = folder.file("run.sqlite")
    let first = try RunDatabase(path: path, identity: "a")
    try first.begin(start(0), facts: [])
    #expect(
      message { _ = try RunDatabase(path: path, identity: "a") }
        .contains("locked by another process"))
    try first.flush()
  }
}
