import Files
import Foundation
import GRDB
import Manifest
import ShardifyCore
import Testing

@Suite struct ManifestFileTests {
  @Test func aManifestReadsBackAsItWasWritten() throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    #expect(try ManifestFile.read(folder.file("m")) == testManifest())
    #expect(try FileSystem.names(in: folder.path) == ["m"])
  }

  @Test func writingAgainReplacesTheOldManifest() throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    var other = testManifest()
    other.languages.removeLast()
    other.dataset["fingerprint"] = "\(other.fingerprint)"
    try ManifestFile.write(other, to: folder.file("m"))
    #expect(try ManifestFile.read(folder.file("m")) == other)
  }

  @Test func theCanonicalDumpEscapesAndSkipsProvenanceAndItself() {
    let lines = testManifest().canonicalLines()
    #expect(lines[0] == "dataset\tempty\t")
    #expect(lines[1] == "dataset\tpolicy\ttab\\there, line\\nthere, back\\\\slash")
    #expect(!lines.contains { $0.hasPrefix("provenance") || $0.contains("fingerprint") })
    #expect(lines.last == "rejects\tinvalid-utf8\t2")
    let text = lines.map { $0 + "\n" }.joined()
    #expect(testManifest().fingerprint == SHA256.of(Array(text.utf8)))
  }

  /// One change to each table, and one that the fingerprint does not cover.
  @Test(arguments: [
    "UPDATE dataset SET value = '8' WHERE key = 'seed'",
    "UPDATE languages SET quota_tokens = 2501 WHERE language = 'deu_Latn'",
    "UPDATE languages SET start_key = x'00' WHERE language = 'deu_Latn'",
    "UPDATE languages SET first_pass = 2 WHERE language = 'deu_Latn'",
    "UPDATE languages SET first_key = x'01' WHERE language = 'yor_Latn'",
    "UPDATE languages SET first_offset = first_offset + 1 WHERE language = 'deu_Latn'",
    "UPDATE shards SET payload_sha256 = sha256 WHERE shard = 1",
    "UPDATE shard_languages SET pieces = 6 WHERE shard = 1",
    "DELETE FROM language_sources WHERE source = ''",
    "UPDATE rejects SET documents = 3",
    "DELETE FROM dataset WHERE key = 'fingerprint'",
  ])
  func aChangedRowIsRefused(sql: String) throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    try execute(sql, folder.file("m"))
    let failure = #expect(throws: ManifestFailure.self) { try ManifestFile.read(folder.file("m")) }
    #expect(failure?.code == .notOurs)
    #expect(failure?.message.contains("rows with fingerprint") == true)
  }

  @Test(arguments: [
    "UPDATE language_parts SET quota_tokens = 1251 WHERE part = 2",
    "UPDATE language_parts SET pattern = 'wiki' WHERE part = 0",
    "UPDATE language_parts SET first_key = x'00' WHERE part = 0",
    "UPDATE shard_parts SET tokens = 51 WHERE shard = 0",
    "DELETE FROM shard_parts WHERE part = 2",
  ])
  func aChangedRowOfPartsIsRefused(sql: String) throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(dividedManifest(), to: folder.file("m"))
    #expect(try ManifestFile.read(folder.file("m")) == dividedManifest())
    try execute(sql, folder.file("m"))
    let failure = #expect(throws: ManifestFailure.self) { try ManifestFile.read(folder.file("m")) }
    #expect(failure?.message.contains("rows with fingerprint") == true)
    try execute("UPDATE language_parts SET part = 65 WHERE part = 2", folder.file("m"))
    let huge = #expect(throws: ManifestFailure.self) { try ManifestFile.read(folder.file("m")) }
    #expect(huge?.message.contains("huge number in table language_parts") == true)
  }

  @Test func provenanceIsOutsideTheFingerprint() throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    try execute("UPDATE provenance SET value = '64'", folder.file("m"))
    #expect(try ManifestFile.read(folder.file("m")).provenance == ["jobs": "64"])
  }

  @Test(arguments: [
    (
      "PRAGMA user_version = 1", ManifestFailureCode.version, "format version 1, expected version 2"
    ),
    ("PRAGMA application_id = 5", .notOurs, "an SQLite file of something else"),
    ("UPDATE shards SET path = '../x'", .notOurs, "shard path \"../x\""),
    ("UPDATE shards SET path = '/etc/x'", .notOurs, "shard path \"/etc/x\""),
    ("UPDATE shards SET tokens = -1", .notOurs, "a negative or huge number in table shards"),
    ("UPDATE shards SET sha256 = x'00'", .notOurs, "a malformed digest in table shards"),
    ("UPDATE shards SET split = 'test' WHERE shard = 1", .notOurs, "an unknown split"),
    ("UPDATE languages SET language = 'x' WHERE language = 'deu_Latn'", .notOurs, "language tag"),
    ("DROP TABLE rejects", .database, "no such table: rejects"),
    (
      """
      DROP TABLE rejects; CREATE TABLE rejects (reason, documents);
      INSERT INTO rejects VALUES (NULL, NULL)
      """, .notOurs, "no text where some should be in table rejects"
    ),
    (
      """
      DROP TABLE language_sources; CREATE TABLE language_sources (language, source, documents, tokens);
      INSERT INTO language_sources VALUES ('deu_Latn', 3, 'x', x'00')
      """, .notOurs, "in table language_sources"
    ),
  ])
  func aManifestThatIsNotOneIsRefused(
    sql: String, code: ManifestFailureCode, text: String
  ) throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    try execute(sql, folder.file("m"))
    let failure = #expect(throws: ManifestFailure.self) { try ManifestFile.read(folder.file("m")) }
    #expect(failure?.code == code)
    #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "")")
  }

  @Test func otherFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    let failure = #expect(throws: ManifestFailure.self) { try ManifestFile.read(folder.file("m")) }
    #expect(failure?.code == .missing)
    try put(Array("not a database, but long enough to look at twice".utf8), folder.file("m"))
    let other = #expect(throws: ManifestFailure.self) { try ManifestFile.read(folder.file("m")) }
    #expect(other?.code == .notOurs)
  }

  @Test func aManifestCutAnywhereIsRefusedOrWhole() throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    let whole = try contents(folder.file("m"))
    for count in stride(from: 0, to: whole.count, by: 509) {
      try put(Array(whole[..<count]), folder.file("cut"))
      #expect(throws: ManifestFailure.self) { try ManifestFile.read(folder.file("cut")) }
    }
  }

  @Test func aManifestWithAFlippedByteIsRefusedOrUnchanged() throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    let whole = try contents(folder.file("m"))
    var refused = 0
    for place in stride(from: 0, to: whole.count, by: 97) {
      var bytes = whole
      bytes[place] ^= 0x41
      try put(bytes, folder.file("flipped"))
      do {
        var read = try ManifestFile.read(folder.file("flipped"))
        read.provenance = testManifest().provenance
        #expect(read == testManifest(), "byte \(place)")
      } catch {
        refused += 1
      }
    }
    #expect(refused > 5)
  }

  private func execute(_ sql: String, _ path: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
  }
}
