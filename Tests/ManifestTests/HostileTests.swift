import Files
import GRDB
import Manifest
import ShardifyCore
import Testing

/// Catalogs that somebody edited.
@Suite struct HostileTests {
  private func edited(_ sql: String) throws -> (TemporaryFolder, Catalog) {
    let folder = try TemporaryFolder()
    let path = folder.file("catalog.sqlite")
    let catalog = try Catalog.create(path: path, facts: testFacts())
    let run = RunRecord(
      number: 1, file: "runs/1.run.zst", tokens: 9, pieces: 3, documents: 2, duplicates: 1,
      fileSizeBytes: 50)
    let unit = UnitRecord(input: 1, unit: 0, bytes: 10, documents: 4, digest: 7)
    try catalog.add(run, units: [unit], rejects: [], finished: [])
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
    return (folder, catalog)
  }

  @Test(arguments: ["9223372036854775807", "1152921504606846976", "'x'", "x'00'"])
  func aRunNumberOutOfRangeIsAFailureAndNoTrap(_ number: String) throws {
    let (catalogFolder, catalog) = try edited("UPDATE sqlite_sequence SET seq = \(number)")
    defer { withExtendedLifetime(catalogFolder) {} }
    let failure = #expect(throws: ManifestFailure.self) { try catalog.nextRunNumber() }
    #expect(failure?.code == .notOurs)
  }

  @Test func aRunNumberInUseIsNotGivenAgain() throws {
    let (catalogFolder, catalog) = try edited("DELETE FROM sqlite_sequence")
    defer { withExtendedLifetime(catalogFolder) {} }
    #expect(try catalog.nextRunNumber() == 2)
  }

  @Test func unitsOfARunThatIsNotNamedAreCounted() throws {
    let (wholeFolder, whole) = try edited("SELECT 1")
    defer { withExtendedLifetime(wholeFolder) {} }
    #expect(try whole.unitsOfMissingRuns() == 0)
    let (catalogFolder, catalog) = try edited("DELETE FROM runs")
    defer { withExtendedLifetime(catalogFolder) {} }
    #expect(try catalog.unitsOfMissingRuns() == 1)
  }

  @Test func rowsWhoseSumIsHugeAreAFailureAndNoTrap() throws {
    let rows = (0..<12).map { "(1, \($0), 'r\($0)', 1152921504606846975, 0, '')" }
    let (folder, catalog) = try edited("INSERT INTO rejects VALUES \(rows.joined(separator: ","))")
    defer { withExtendedLifetime(folder) {} }
    let failure = #expect(throws: ManifestFailure.self) { try catalog.rejects() }
    #expect(failure?.code == .notOurs)
    let runs = (2..<14).map { "(\($0), 'r', 1152921504606846975, 1, 1, 1, 1)" }
    let (place, other) = try edited("INSERT INTO runs VALUES \(runs.joined(separator: ","))")
    defer { withExtendedLifetime(place) {} }
    #expect(throws: ManifestFailure.self) { try other.runs() }
  }

  @Test func anInputNumberThatRunsCannotHoldIsAFailure() throws {
    let (folder, catalog) = try edited(
      "INSERT INTO inputs VALUES (1152921504606846975, 'a', '', 1, 1, 0)")
    defer { withExtendedLifetime(folder) {} }
    let failure = #expect(throws: ManifestFailure.self) { try catalog.inputs() }
    #expect(failure?.code == .notOurs)
  }
}
