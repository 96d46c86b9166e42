import Files
import Foundation
import GRDB
import ShardifyCore

/// The catalog of a token store: its facts, inputs, units, runs, rejects and held-out documents.
///
/// One process writes at a time, holding the store's lock; a run's file is published before the
/// transaction that names it.
public final class Catalog: Sendable {
  /// The SQLite file.
  public let path: String
  /// What was fixed when the store was made.
  public let facts: StoreFacts
  private let queue: DatabaseQueue
  private static let applicationID: Int32 = 0x5348_4443  // "SHDC"

  private init(path: String, facts: StoreFacts, queue: DatabaseQueue) {
    self.path = path
    self.facts = facts
    self.queue = queue
  }

  /// Makes a catalog. It appears whole or not at all.
  public static func create(path: String, facts: StoreFacts) throws(ManifestFailure) -> Catalog {
    try database("cannot make token store", path: path) {
      let temporary = path + ".partial"
      try FileSystem.remove(temporary)
      let queue = try DatabaseQueue(path: temporary)
      try queue.write { db in
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        try db.execute(sql: schema)
        for row in facts.rows {
          try db.execute(
            sql: "INSERT INTO facts VALUES (?, ?)", arguments: [row.key, row.value])
        }
      }
      try queue.close()
      try FileSystem.rename(temporary, to: path)
    }
    return try open(path: path, readOnly: false)
  }

  /// Opens a catalog and checks that it is one.
  public static func open(path: String, readOnly: Bool) throws(ManifestFailure) -> Catalog {
    guard FileSystem.status(path)?.kind == .file else {
      let why = FileSystem.whyUnreadable(path) ?? "no such file"
      throw ManifestFailure(
        .missing, "cannot open token store", path: FileSystem.parent(path),
        found: why == "no such file" ? "no catalog.sqlite in it" : why,
        expected: "a folder made by shardify ingest",
        remedy: FileSystem.status(FileSystem.parent(path) + "/runs") == nil
          ? "check the path" : "run shardify repair \(FileSystem.parent(path))")
    }
    let remedy = "run shardify repair \(FileSystem.parent(path))"
    return try database("cannot open token store", path: path, ifDamaged: remedy) {
      var configuration = Configuration()
      configuration.readonly = readOnly
      configuration.busyMode = .timeout(5)
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      let facts = try queue.read { db in
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
          throw ManifestFailure(
            .notOurs, "cannot open token store", path: path,
            found: "an SQLite file of something else",
            expected: "a catalog made by shardify ingest", remedy: "check the path, or \(remedy)")
        }
        var facts: [String: String] = [:]
        for row in try db.checkedRows(
          "cannot open token store", "facts", "SELECT key, value FROM facts", path: path)
        { facts[try row.text(0)] = try row.text(1) }
        return facts
      }
      let version = facts["format_version"] ?? "none"
      guard version == "\(StoreFacts.formatVersion)" else {
        throw ManifestFailure(
          .version, "cannot open token store", path: path, found: "format version \(version)",
          expected: "version \(StoreFacts.formatVersion)",
          remedy: "use the shardify that made it, or ingest again")
      }
      switch StoreFacts.read(facts) {
      case .success(let facts): return Catalog(path: path, facts: facts, queue: queue)
      case .failure(let missing):
        throw ManifestFailure(
          .notOurs, "cannot open token store", path: path,
          found: "no readable fact \(missing.key)", expected: "a catalog made by shardify ingest",
          remedy: remedy)
      }
    }
  }

  private static let schema = """
    CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE inputs (
      input INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, options TEXT NOT NULL,
      size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, done INTEGER NOT NULL) STRICT;
    CREATE TABLE runs (
      run INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL, tokens INTEGER NOT NULL,
      pieces INTEGER NOT NULL, documents INTEGER NOT NULL, duplicates INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL) STRICT;
    CREATE TABLE units (
      input INTEGER NOT NULL, unit INTEGER NOT NULL, bytes INTEGER NOT NULL,
      documents INTEGER NOT NULL, digest INTEGER NOT NULL, run INTEGER NOT NULL,
      PRIMARY KEY (input, unit)) STRICT, WITHOUT ROWID;
    CREATE TABLE rejects (
      input INTEGER NOT NULL, unit INTEGER NOT NULL, reason TEXT NOT NULL,
      documents INTEGER NOT NULL, first_offset INTEGER NOT NULL, detail TEXT NOT NULL,
      PRIMARY KEY (input, unit, reason)) STRICT, WITHOUT ROWID;
    CREATE TABLE holdout (
      language TEXT NOT NULL, content BLOB NOT NULL,
      PRIMARY KEY (language, content)) STRICT, WITHOUT ROWID;
    CREATE TABLE provenance (
      entry INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, text TEXT NOT NULL) STRICT;
    """

  private func write<Value>(_ work: (Database) throws -> Value) throws(ManifestFailure) -> Value {
    try database("cannot write token store", path: path) { try queue.write(work) }
  }

  private func read<Value>(_ work: (Database) throws -> Value) throws(ManifestFailure) -> Value {
    try database("cannot read token store", path: path) { try queue.read(work) }
  }

  private func rows(
    _ db: Database, _ table: String, _ sql: String, _ arguments: StatementArguments = []
  ) throws -> [CheckedRow] {
    try db.checkedRows("cannot read token store", table, sql, arguments, path: path)
  }

  /// All inputs, by number.
  public func inputs() throws(ManifestFailure) -> [InputRecord] {
    try read { db in
      try rows(
        db, "inputs",
        "SELECT input, name, options, size_bytes, modified_ns, done FROM inputs ORDER BY 1"
      ).map {
        InputRecord(
          number: try $0.count(0, below: Int(UInt32.max)), name: try $0.text(1),
          options: try $0.text(2),
          fileSizeBytes: try $0.count(3), modifiedNanoseconds: try $0.integer(4),
          isDone: try $0.integer(5) != 0)
      }
    }
  }

  /// Adds an input or updates the one with its number; returns the number.
  public func save(_ input: InputRecord) throws(ManifestFailure) -> Int {
    try write { db in
      try db.execute(
        sql: """
          INSERT INTO inputs (input, name, options, size_bytes, modified_ns, done)
          VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (input) DO UPDATE SET options = excluded.options,
          size_bytes = excluded.size_bytes, modified_ns = excluded.modified_ns,
          done = excluded.done
          """,
        arguments: [
          input.number == 0 ? nil : input.number, input.name, input.options, input.fileSizeBytes,
          input.modifiedNanoseconds, input.isDone,
        ])
      return input.number == 0 ? Int(db.lastInsertedRowID) : input.number
    }
  }

  /// The units of an input that are in runs, by number.
  public func units(of input: Int) throws(ManifestFailure) -> [UnitRecord] {
    try read { db in
      try rows(
        db, "units",
        "SELECT unit, bytes, documents, digest FROM units WHERE input = ? ORDER BY unit", [input]
      ).map {
        UnitRecord(
          input: input, unit: try $0.count(0), bytes: try $0.count(1), documents: try $0.count(2),
          digest: UInt64(bitPattern: try $0.integer(3)))
      }
    }
  }

  /// All runs, by number.
  public func runs() throws(ManifestFailure) -> [RunRecord] {
    for column in ["tokens", "pieces", "documents", "duplicates", "size_bytes"] {
      _ = try total(column, "runs")
    }
    return try read { db in
      try rows(
        db, "runs",
        "SELECT run, file, tokens, pieces, documents, duplicates, size_bytes FROM runs ORDER BY 1"
      ).map {
        RunRecord(
          number: try $0.count(0), file: try $0.text(1), tokens: try $0.count(2),
          pieces: try $0.count(3), documents: try $0.count(4), duplicates: try $0.count(5),
          fileSizeBytes: try $0.count(6))
      }
    }
  }

  /// The number the next run will have: above that of every run there ever was.
  public func nextRunNumber() throws(ManifestFailure) -> Int {
    try read { db in
      let used = try rows(
        db, "sqlite_sequence",
        """
        SELECT max((SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'runs'),
          (SELECT coalesce(max(run), 0) FROM runs))
        """)
      return 1 + (try used.first?.count(0) ?? 0)
    }
  }

  /// How many units are said to be in a run that has no row.
  public func unitsOfMissingRuns() throws(ManifestFailure) -> Int {
    try read { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM units WHERE run <> 0 AND run NOT IN (SELECT run FROM runs)
          """) ?? 0
    }
  }

  /// Names a published run together with the units it holds and what was rejected in them.
  public func add(
    _ run: RunRecord?, units: [UnitRecord], rejects: [RejectRecord], finished inputs: [Int]
  ) throws(ManifestFailure) {
    try write { db in
      if let run { try Catalog.insert(run, db) }
      for unit in units {
        try db.execute(
          sql: "INSERT INTO units VALUES (?, ?, ?, ?, ?, ?)",
          arguments: [
            unit.input, unit.unit, unit.bytes, unit.documents, Int64(bitPattern: unit.digest),
            run?.number ?? 0,
          ])
      }
      for reject in rejects {
        try db.execute(
          sql: "INSERT INTO rejects VALUES (?, ?, ?, ?, ?, ?)",
          arguments: [
            reject.input, reject.unit, reject.reason, reject.documents, reject.firstOffset,
            reject.detail,
          ])
      }
      for input in inputs {
        try db.execute(sql: "UPDATE inputs SET done = 1 WHERE input = ?", arguments: [input])
      }
    }
  }

  /// Puts a merged run in the place of those it was made from.
  public func replace(_ old: [RunRecord], with run: RunRecord) throws(ManifestFailure) {
    try write { db in
      try Catalog.insert(run, db)
      for former in old {
        try db.execute(
          sql: "UPDATE units SET run = ? WHERE run = ?", arguments: [run.number, former.number])
        try db.execute(sql: "DELETE FROM runs WHERE run = ?", arguments: [former.number])
      }
    }
  }

  /// Documents of an input that were read and not rejected.
  public func keptDocuments(of input: Int) throws(ManifestFailure) -> Int {
    try read { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT (SELECT coalesce(sum(documents), 0) FROM units WHERE input = ?)
            - (SELECT coalesce(sum(documents), 0) FROM rejects WHERE input = ?)
          """, arguments: [input, input]) ?? 0
    }
  }

  /// Forgets an input of which nothing was kept, so that it can be read as if it were new.
  ///
  /// - Returns: The number to give it: a new one, since notes of runs may name the old one.
  public func restart(_ input: Int) throws(ManifestFailure) -> Int {
    try write { db in
      let last = try Int.fetchOne(db, sql: "SELECT coalesce(max(input), 0) FROM inputs") ?? 0
      for table in ["units", "rejects", "inputs"] {
        try db.execute(sql: "DELETE FROM \(table) WHERE input = ?", arguments: [input])
      }
      return last + 1
    }
  }

  /// Forgets runs whose files are lost: their rows, the units that were in them with what was
  /// rejected there, and that their inputs were read to their end, so that an ingest reads them.
  ///
  /// - Returns: The names of those inputs, sorted.
  public func forget(_ runs: [RunRecord]) throws(ManifestFailure) -> [String] {
    try write { db in
      var names: Set<String> = []
      for run in runs {
        let inputs = """
          SELECT DISTINCT input FROM units WHERE run = ?
          """
        for row in try rows(
          db, "inputs", "SELECT name FROM inputs WHERE input IN (\(inputs))", [run.number])
        { names.insert(try row.text(0)) }
        for sql in [
          "UPDATE inputs SET done = 0 WHERE input IN (\(inputs))",
          """
          DELETE FROM rejects WHERE EXISTS (SELECT 1 FROM units WHERE units.run = ?
            AND units.input = rejects.input AND units.unit = rejects.unit)
          """,
          "DELETE FROM units WHERE run = ?", "DELETE FROM runs WHERE run = ?",
        ] { try db.execute(sql: sql, arguments: [run.number]) }
      }
      try db.execute(sql: "PRAGMA user_version = 0")
      return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  private static func insert(_ run: RunRecord, _ db: Database) throws {
    try db.execute(
      sql: "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        run.number, run.file, run.tokens, run.pieces, run.documents, run.duplicates,
        run.fileSizeBytes,
      ])
  }

  /// Documents read so far, the rejected with them.
  public func documentCount() throws(ManifestFailure) -> Int { try total("documents", "units") }

  /// Decompressed bytes of input read so far.
  public func byteCount() throws(ManifestFailure) -> Int { try total("bytes", "units") }

  /// The sum of a column; a failure if it is negative or huge, so that totals can be added.
  private func total(_ column: String, _ table: String) throws(ManifestFailure) -> Int {
    try read { db in
      try rows(db, table, "SELECT coalesce(sum(\(column)), 0) FROM \(table)").first?.count(0) ?? 0
    }
  }

  /// Rejected documents by reason, sorted by reason.
  public func rejects() throws(ManifestFailure) -> [(reason: String, documents: Int)] {
    _ = try total("documents", "rejects")
    return try read { db in
      try rows(
        db, "rejects",
        "SELECT reason, sum(documents) FROM rejects GROUP BY reason ORDER BY reason"
      ).map { (try $0.text(0), try $0.count(1)) }
    }
  }

  /// For each reason the first document rejected for it: input name, offset, detail.
  public func firstRejects() throws(ManifestFailure) -> [(
    reason: String, input: String, offset: Int, detail: String
  )] {
    try read { db in
      var first: [(reason: String, input: String, offset: Int, detail: String)] = []
      for row in try rows(
        db, "rejects",
        """
        SELECT reason, name, first_offset, detail FROM rejects JOIN inputs USING (input)
        ORDER BY reason, name, first_offset
        """)
      {
        let reason = try row.text(0)
        if first.last?.reason == reason { continue }
        first.append((reason, try row.text(1), try row.count(2), try row.text(3)))
      }
      return first
    }
  }

  /// The documents held out beyond the rank.
  public func holdout() throws(ManifestFailure) -> [LanguageTag: Set<ContentHash>] {
    try read { db in
      var out: [LanguageTag: Set<ContentHash>] = [:]
      for row in try rows(db, "holdout", "SELECT language, content FROM holdout") {
        guard let hash = ContentHash(bytes: try row.bytes(1)) else {
          throw row.malformed("a content hash that is not 16 bytes")
        }
        out[try row.tag(0), default: []].insert(hash)
      }
      return out
    }
  }

  /// Holds documents out from now on.
  public func addHoldout(
    _ documents: [(language: LanguageTag, content: ContentHash)]
  ) throws(ManifestFailure) {
    try write { db in
      for document in documents {
        try db.execute(
          sql: "INSERT OR IGNORE INTO holdout VALUES (?, ?)",
          arguments: [document.language.description, Data(document.content.bytes)])
      }
    }
  }

  /// Whether the last ingest read all it was given and held out what it should.
  ///
  /// Kept as the file's `user_version`: 1 is finished.
  public func isFinished() throws(ManifestFailure) -> Bool {
    try read { db in try Int.fetchOne(db, sql: "PRAGMA user_version") == 1 }
  }

  /// Says whether the store is in the state an ingest leaves when it is done.
  public func setFinished(_ finished: Bool) throws(ManifestFailure) {
    try write { db in try db.execute(sql: "PRAGMA user_version = \(finished ? 1 : 0)") }
  }

  /// Notes who did what when. Nothing else depends on it.
  public func note(_ text: String, time: String) throws(ManifestFailure) {
    try write { db in
      try db.execute(
        sql: "INSERT INTO provenance (time, text) VALUES (?, ?)", arguments: [time, text])
    }
  }
}
