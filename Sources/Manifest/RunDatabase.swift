import Files
import Foundation
import GRDB
import ShardifyCore

/// `run.sqlite`: the losses of a training run, each step once however often it was resumed.
/// `docs/run-database.md` has the tables. For one thread.
public final class RunDatabase {
  /// The format this program writes.
  public static let formatVersion = 1
  private static let applicationID: Int32 = 0x5348_4452  // "SHDR"

  private let path: String
  private let identity: String
  private let queue: DatabaseQueue
  private var waiting: [RunRow] = []

  /// Opens the database of a run, or makes it.
  ///
  /// - Parameters:
  ///   - identity: Names the run: one that is found there must be the same.
  ///   - earlier: Or this one, where a new stage begins in the same run.
  /// - Throws: `.notOurs`, `.version`, `.locked` while another process writes, `.full`.
  public init(
    path: String, identity: String, earlier: String? = nil
  ) throws(ManifestFailure) {
    self.path = path
    self.identity = identity
    queue = try database("cannot open run database", path: path) {
      var configuration = Configuration()
      configuration.busyMode = .timeout(2)
      // One writer, known at once: the lock is held from here to the end of the process.
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.write { db in
        try RunDatabase.prepare(db, path: path, [identity] + (earlier.map { [$0] } ?? []))
      }
      return queue
    }
  }

  private static func prepare(_ db: Database, path: String, _ identities: [String]) throws {
    let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    if tables == 0 {
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(formatVersion)")
      try db.execute(sql: schema)
      try db.execute(sql: stages)
      try db.execute(sql: "INSERT INTO facts VALUES ('identity', ?)", arguments: [identities[0]])
      return
    }
    guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
      throw ManifestFailure(
        .notOurs, "cannot open run database", path: path, found: "an SQLite file of something else",
        expected: "one that train-from-manifest made", remedy: "choose another --run folder")
    }
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    guard version == formatVersion else {
      throw ManifestFailure(
        .version, "cannot open run database", path: path, found: "format version \(version)",
        expected: "version \(formatVersion)", remedy: "choose another --run folder")
    }
    let found = try String.fetchOne(db, sql: "SELECT value FROM facts WHERE key = 'identity'")
    guard let found, identities.contains(found) else {
      throw ManifestFailure(
        .notOurs, "cannot open run database", path: path,
        found: "a run with \(found?.prefix(200) ?? "no identity")", expected: identities[0],
        remedy:
          "go on with the same options, go on to another dataset with --start-from, or choose "
          + "another --run folder")
    }
    // Databases from before there were stages have the first one alone.
    guard try !db.tableExists("stages") else { return }
    try db.execute(sql: stages)
    try db.execute(sql: "INSERT INTO stages VALUES (0, ?, NULL)", arguments: [found])
  }

  private static let schema = """
    CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE starts (
      start INTEGER PRIMARY KEY, step INTEGER NOT NULL, samples_consumed INTEGER NOT NULL,
      steps INTEGER NOT NULL, world_size INTEGER NOT NULL, threads INTEGER NOT NULL,
      resumed_from TEXT) STRICT;
    CREATE TABLE steps (
      step INTEGER PRIMARY KEY, samples_consumed INTEGER NOT NULL, loss_nats REAL NOT NULL,
      tokens INTEGER NOT NULL, seconds REAL NOT NULL, data_wait_seconds REAL NOT NULL,
      learning_rate REAL NOT NULL, gradient_norm REAL NOT NULL, skipped_samples INTEGER NOT NULL,
      samples_sha256 BLOB) STRICT;
    CREATE TABLE training_languages (
      step INTEGER NOT NULL, language TEXT NOT NULL, tokens INTEGER NOT NULL,
      loss_nats REAL NOT NULL, PRIMARY KEY (step, language)) STRICT, WITHOUT ROWID;
    CREATE TABLE evaluations (
      step INTEGER PRIMARY KEY, loss_nats REAL NOT NULL, unigram_nats REAL NOT NULL,
      bits_per_byte REAL, tokens INTEGER NOT NULL) STRICT;
    CREATE TABLE evaluation_languages (
      step INTEGER NOT NULL, language TEXT NOT NULL, share REAL NOT NULL, tokens INTEGER NOT NULL,
      bytes REAL NOT NULL, loss_nats REAL NOT NULL, unigram_nats REAL NOT NULL,
      bits_per_byte REAL, PRIMARY KEY (step, language)) STRICT, WITHOUT ROWID;
    """

  private static let stages = """
    CREATE TABLE stages (
      step INTEGER PRIMARY KEY, identity TEXT NOT NULL, started_from TEXT) STRICT;
    """

  /// Records a start, and forgets what was written of the steps after it.
  public func begin(
    _ start: RunRow.Start, facts: [(key: String, value: String)]
  ) throws(ManifestFailure) {
    waiting = []
    try writing { db in
      for table in [
        "steps", "training_languages", "evaluations", "evaluation_languages",
      ] {
        try db.execute(sql: "DELETE FROM \(table) WHERE step > ?", arguments: [start.step])
      }
      try db.execute(sql: "DELETE FROM stages WHERE step > ?", arguments: [start.step])
      if start.resumedFrom == nil {
        try db.execute(
          sql: "INSERT OR REPLACE INTO stages VALUES (?, ?, ?)",
          arguments: [start.step, identity, start.startedFrom])
      }
      for fact in [(key: "identity", value: identity)] + facts {
        try db.execute(
          sql: "INSERT OR REPLACE INTO facts VALUES (?, ?)", arguments: [fact.key, fact.value])
      }
      try db.execute(
        sql: """
          INSERT INTO starts (step, samples_consumed, steps, world_size, threads, resumed_from)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          start.step, start.samplesConsumed, start.steps, start.worldSize, start.threads,
          start.resumedFrom,
        ])
    }
  }

  /// Takes rows; they are written by the next `flush`.
  public func add(_ rows: [RunRow]) { waiting += rows }

  /// Writes what was added, in one transaction.
  public func flush() throws(ManifestFailure) {
    guard !waiting.isEmpty else { return }
    let rows = waiting
    try writing { db in for row in rows { try RunDatabase.insert(row, db) } }
    waiting = []
  }

  private static func insert(_ row: RunRow, _ db: Database) throws {
    switch row {
    case .step(let row):
      try put(
        db, "steps",
        [
          row.step, row.samplesConsumed, row.lossNats, row.tokens, row.seconds,
          row.dataWaitSeconds, row.learningRate, row.gradientNorm, row.skippedSamples,
          row.samplesDigest.map { Data($0.bytes) },
        ])
    case .trainingLanguage(let step, let language, let tokens, let lossNats):
      try put(db, "training_languages", [step, language.description, tokens, lossNats])
    case .evaluation(let step, let lossNats, let unigramNats, let bitsPerByte, let tokens):
      try put(
        db, "evaluations", [step, lossNats, unigramNats, finite(bitsPerByte), tokens])
    case .evaluationLanguage(let row):
      try put(
        db, "evaluation_languages",
        [
          row.step, row.language.description, row.share, row.tokens, row.bytes, row.lossNats,
          row.unigramNats, finite(row.bitsPerByte),
        ])
    }
  }

  /// A later row of the same step and language replaces the one before.
  private static func put(
    _ db: Database, _ table: String, _ values: [(any DatabaseValueConvertible)?]
  ) throws {
    let marks = values.map { _ in "?" }.joined(separator: ", ")
    try db.cachedStatement(sql: "INSERT OR REPLACE INTO \(table) VALUES (\(marks))")
      .execute(arguments: StatementArguments(values))
  }

  private static func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }

  private func writing(_ work: (Database) throws -> Void) throws(ManifestFailure) {
    try database("cannot write run database", path: path) { try queue.write { try work($0) } }
  }
}
