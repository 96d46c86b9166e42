import Files
import Foundation
import GRDB
import ShardifyCore

/// Writes and reads `manifest.sqlite`.
public enum ManifestFile {
  private static let applicationID: Int32 = 0x5348_444D  // "SHDM"

  /// Writes a manifest under a temporary name and publishes it; an older one is replaced.
  public static func write(_ manifest: DatasetManifest, to path: String) throws(ManifestFailure) {
    try database("cannot write manifest", path: path) {
      let temporary = path + ".partial"
      try FileSystem.remove(temporary)
      try FileSystem.remove(temporary + "-journal")
      let queue = try DatabaseQueue(path: temporary)
      try queue.write { db in
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        try db.execute(sql: "PRAGMA user_version = \(manifest.formatVersion)")
        try db.execute(sql: schema)
        if manifest.formatVersion >= 3 { try db.execute(sql: partsSchema) }
        try insert(manifest, db)
      }
      try queue.close()
      try FileSystem.rename(temporary, to: path)
    }
  }

  private static let schema = """
    CREATE TABLE dataset (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE languages (
      language TEXT PRIMARY KEY, documents INTEGER NOT NULL, pieces INTEGER NOT NULL,
      available_tokens INTEGER NOT NULL, available_bytes INTEGER NOT NULL,
      available_scalars INTEGER NOT NULL, held_out_documents INTEGER NOT NULL,
      quota_tokens INTEGER NOT NULL, written_tokens INTEGER NOT NULL,
      written_pieces INTEGER NOT NULL, documents_in_shards INTEGER NOT NULL,
      binding_rule TEXT NOT NULL, start_key BLOB NOT NULL, first_pass INTEGER NOT NULL,
      first_key BLOB NOT NULL, first_offset INTEGER NOT NULL,
      effective_epochs REAL GENERATED ALWAYS AS
        (CASE WHEN available_tokens > 0 THEN quota_tokens * 1.0 / available_tokens ELSE 0.0 END)
        VIRTUAL,
      epochs_before REAL GENERATED ALWAYS AS
        (CASE WHEN available_tokens > 0
          THEN first_pass + first_offset * 1.0 / available_tokens ELSE first_pass * 1.0 END)
        VIRTUAL) STRICT, WITHOUT ROWID;
    CREATE TABLE shards (
      split TEXT NOT NULL, shard INTEGER NOT NULL, path TEXT NOT NULL,
      size_bytes INTEGER NOT NULL, tokens INTEGER NOT NULL, pieces INTEGER NOT NULL,
      sha256 BLOB NOT NULL, payload_sha256 BLOB NOT NULL,
      PRIMARY KEY (split, shard)) STRICT, WITHOUT ROWID;
    CREATE TABLE shard_languages (
      split TEXT NOT NULL, shard INTEGER NOT NULL, language TEXT NOT NULL,
      tokens INTEGER NOT NULL, pieces INTEGER NOT NULL, bytes INTEGER NOT NULL,
      PRIMARY KEY (split, shard, language)) STRICT, WITHOUT ROWID;
    CREATE TABLE language_sources (
      language TEXT NOT NULL, source TEXT NOT NULL, documents INTEGER NOT NULL,
      tokens INTEGER NOT NULL, PRIMARY KEY (language, source)) STRICT, WITHOUT ROWID;
    CREATE TABLE filters (
      language TEXT NOT NULL, reason TEXT NOT NULL, documents INTEGER NOT NULL,
      PRIMARY KEY (language, reason)) STRICT, WITHOUT ROWID;
    CREATE TABLE rejects (reason TEXT PRIMARY KEY, documents INTEGER NOT NULL)
      STRICT, WITHOUT ROWID;
    CREATE TABLE provenance (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """

  private static let partsSchema = """
    CREATE TABLE language_parts (
      language TEXT NOT NULL, part INTEGER NOT NULL, pattern TEXT NOT NULL,
      documents INTEGER NOT NULL, pieces INTEGER NOT NULL, available_tokens INTEGER NOT NULL,
      available_bytes INTEGER NOT NULL, quota_tokens INTEGER NOT NULL,
      written_tokens INTEGER NOT NULL, written_pieces INTEGER NOT NULL,
      documents_in_shards INTEGER NOT NULL, binding_rule TEXT NOT NULL,
      first_pass INTEGER NOT NULL, first_key BLOB NOT NULL, first_offset INTEGER NOT NULL,
      effective_epochs REAL GENERATED ALWAYS AS
        (CASE WHEN available_tokens > 0 THEN quota_tokens * 1.0 / available_tokens ELSE 0.0 END)
        VIRTUAL,
      epochs_before REAL GENERATED ALWAYS AS
        (CASE WHEN available_tokens > 0
          THEN first_pass + first_offset * 1.0 / available_tokens ELSE first_pass * 1.0 END)
        VIRTUAL,
      PRIMARY KEY (language, part)) STRICT, WITHOUT ROWID;
    CREATE TABLE shard_parts (
      shard INTEGER NOT NULL, language TEXT NOT NULL, part INTEGER NOT NULL,
      tokens INTEGER NOT NULL, pieces INTEGER NOT NULL, bytes INTEGER NOT NULL,
      PRIMARY KEY (shard, language, part)) STRICT, WITHOUT ROWID;
    """

  /// `count` places for values, between commas.
  private static func places(_ count: Int) -> String {
    Array(repeating: "?", count: count).joined(separator: ", ")
  }

  private static func insert(_ manifest: DatasetManifest, _ db: Database) throws {
    for (table, rows) in [("dataset", manifest.dataset), ("provenance", manifest.provenance)] {
      for (key, value) in rows.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
        try db.execute(sql: "INSERT INTO \(table) VALUES (?, ?)", arguments: [key, value])
      }
    }
    for row in manifest.languages {
      try db.execute(
        sql: "INSERT INTO languages VALUES (" + places(16) + ")",
        arguments: [
          row.tag.description, row.documents, row.pieces, row.availableTokens, row.availableBytes,
          row.availableScalars, row.heldOutDocuments, row.quotaTokens, row.writtenTokens,
          row.writtenPieces, row.documentsInShards, row.bindingRule, Data(row.startKey),
          row.firstPass, Data(row.firstKey), row.firstOffset,
        ])
    }
    for row in manifest.shards {
      try db.execute(
        sql: "INSERT INTO shards VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        arguments: [
          row.split.rawValue, row.shard, row.path, row.fileSizeBytes, row.tokens, row.pieces,
          Data(row.fileDigest.bytes), Data(row.payloadDigest.bytes),
        ])
    }
    let statement = try db.makeStatement(
      sql: "INSERT INTO shard_languages VALUES (?, ?, ?, ?, ?, ?)")
    for row in manifest.shardLanguages {
      try statement.execute(arguments: [
        row.split.rawValue, row.shard, row.tag.description, row.tokens, row.pieces, row.bytes,
      ])
    }
    try insertParts(manifest, db)
    for row in manifest.languageSources {
      try db.execute(
        sql: "INSERT INTO language_sources VALUES (?, ?, ?, ?)",
        arguments: [row.tag.description, row.source, row.documents, row.tokens])
    }
    for row in manifest.filters {
      try db.execute(
        sql: "INSERT INTO filters VALUES (?, ?, ?)",
        arguments: [row.tag.description, row.reason, row.documents])
    }
    for row in manifest.rejects {
      try db.execute(
        sql: "INSERT INTO rejects VALUES (?, ?)", arguments: [row.reason, row.documents])
    }
  }

  private static func insertParts(_ manifest: DatasetManifest, _ db: Database) throws {
    if manifest.formatVersion < 3 { return }
    for row in manifest.languageParts {
      try db.execute(
        sql: "INSERT INTO language_parts VALUES (" + places(15) + ")",
        arguments: [
          row.tag.description, row.part, row.pattern, row.documents, row.pieces,
          row.availableTokens, row.availableBytes, row.quotaTokens, row.writtenTokens,
          row.writtenPieces, row.documentsInShards, row.bindingRule, row.firstPass,
          Data(row.firstKey), row.firstOffset,
        ])
    }
    let statement = try db.makeStatement(sql: "INSERT INTO shard_parts VALUES (?, ?, ?, ?, ?, ?)")
    for row in manifest.shardParts {
      try statement.execute(arguments: [
        row.shard, row.tag.description, row.part, row.tokens, row.pieces, row.bytes,
      ])
    }
  }

  /// Reads a manifest and checks that its paths stay inside the dataset and that its fingerprint
  /// is that of its rows.
  public static func read(_ path: String) throws(ManifestFailure) -> DatasetManifest {
    let manifest = try readUnsealed(path)
    try checkFingerprint(manifest, path: path)
    return manifest
  }

  /// Reads a manifest without comparing its fingerprint, so that what is wrong with it can be told.
  public static func readUnsealed(_ path: String) throws(ManifestFailure) -> DatasetManifest {
    guard FileSystem.status(path)?.kind == .file else { throw missing(path) }
    let remedy = "run shardify repair \(FileSystem.parent(path))"
    let manifest = try database("cannot open manifest", path: path, ifDamaged: remedy) {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      defer { try? queue.close() }
      return try queue.read { db in try ManifestRows(db: db, path: path).read() }
    }
    for shard in manifest.shards where !FileSystem.staysInside(shard.path) {
      throw ManifestFailure(
        .notOurs, "cannot open manifest", path: path,
        found: "shard path \(shard.path.debugDescription)",
        expected: "a path inside the dataset's folder")
    }
    return manifest
  }

  /// Says what is there instead of a manifest: nothing, a dataset that lost it, or stages.
  static func missing(_ path: String) -> ManifestFailure {
    let folder = FileSystem.parent(path)
    var found = FileSystem.whyUnreadable(path) ?? "no file"
    var remedy = found.hasPrefix("no ") ? "check the path" : "check the path and its permissions"
    let stages = stageNames(folder)
    if let last = stages.last {
      found = "a folder of stages: \(stages.joined(separator: ", "))"
      remedy = "name one of them, e.g. \(folder)/\(last)"
    } else if ["plan.txt", "shards"].contains(where: {
      FileSystem.status(folder + "/" + $0) != nil
    }) {
      remedy = "run shardify repair \(folder), or the same shardify balance again to finish it"
    }
    return ManifestFailure(
      .missing, "cannot open manifest", path: path, found: found,
      expected: "the manifest.sqlite that shardify balance wrote", remedy: remedy)
  }

  /// The stages of a folder of stages (`docs/stages.md`), to name them; none of any other folder.
  private static func stageNames(_ folder: String) -> [String] {
    guard let bytes = try? FileSystem.read(folder + "/stages.txt", limitBytes: 1 << 20) else {
      return []
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    return lines.first?.hasPrefix("shardify stages ") == true ? Array(lines.dropFirst()) : []
  }

  /// Compares the fingerprint a manifest names with that of its rows.
  public static func checkFingerprint(
    _ manifest: DatasetManifest, path: String
  ) throws(ManifestFailure) {
    let fingerprint = "\(manifest.fingerprint)"
    guard manifest.dataset["fingerprint"] == fingerprint else {
      throw ManifestFailure(
        .notOurs, "cannot open manifest", path: path,
        found: "rows with fingerprint \(fingerprint.prefix(16))",
        expected: "\(manifest.dataset["fingerprint"]?.prefix(16) ?? "one that is recorded")",
        remedy: "it was changed after it was written; run shardify repair"
          + " \(FileSystem.parent(path))")
    }
  }

  /// Checks that the file is a manifest of a version this program reads.
  ///
  /// - Returns: The version.
  static func check(_ db: Database, path: String) throws -> Int {
    guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
      throw ManifestFailure(
        .notOurs, "cannot open manifest", path: path, found: "an SQLite file of something else",
        expected: "a manifest written by shardify balance",
        remedy: "check the path, or run shardify repair \(FileSystem.parent(path))")
    }
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    guard DatasetManifest.formatVersions.contains(version) else {
      throw ManifestFailure(
        .version, "cannot open manifest", path: path, found: "format version \(version)",
        expected: "version 2 or 3",
        remedy: "use the shardify that wrote it, or balance again")
    }
    return version
  }
}
