import Foundation
import GRDB
import Manifest
import ShardifyCore
import Testing

/// Schemas and canonical dump, frozen under `fixtures/golden`; written anew only with
/// `SHARDIFY_REFRESH_GOLDEN=1`.
@Suite struct ManifestGoldenTests {
  private static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path + "/fixtures/golden"

  private func compare(_ fresh: String, _ name: String) throws {
    let path = ManifestGoldenTests.folder + "/" + name
    if ProcessInfo.processInfo.environment["SHARDIFY_REFRESH_GOLDEN"] == "1" {
      try put(Array(fresh.utf8), path)
    }
    #expect(Array(fresh.utf8) == (try contents(path)))
  }

  private func schema(_ path: String) throws -> String {
    let queue = try DatabaseQueue(path: path)
    defer { try? queue.close() }
    return try queue.read { db in
      let tables = try String.fetchAll(
        db, sql: "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name")
      let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? -1
      let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? -1
      return "application_id \(application)\nuser_version \(version)\n"
        + tables.map { $0 + ";\n" }.joined()
    }
  }

  @Test func theManifestOfVersion2IsAsEver() throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(testManifest(), to: folder.file("m"))
    let dump = testManifest().canonicalLines().map { $0 + "\n" }.joined()
    try compare(
      try schema(folder.file("m")) + dump + "fingerprint \(testManifest().fingerprint)\n",
      "manifest-v2.txt")
  }

  @Test func theManifestOfVersion3IsAsEver() throws {
    let folder = try TemporaryFolder()
    try ManifestFile.write(dividedManifest(), to: folder.file("m"))
    let dump = dividedManifest().canonicalLines().map { $0 + "\n" }.joined()
    try compare(
      try schema(folder.file("m")) + dump + "fingerprint \(dividedManifest().fingerprint)\n",
      "manifest-v3.txt")
  }

  @Test func theCatalogOfVersion1IsAsEver() throws {
    let folder = try TemporaryFolder()
    _ = try Catalog.create(path: folder.file("catalog.sqlite"), facts: testFacts())
    let facts = testFacts().rows.map { "\($0.key)\t\($0.value)\n" }.joined()
    try compare(try schema(folder.file("catalog.sqlite")) + facts, "catalog-v1.txt")
  }
}
