import Files
import Foundation
import ShardifyCore
import Testing

@Suite struct FileLockTests {
  @Test func aSecondHolderIsRefusedNamingTheFirst() throws {
    let folder = try TemporaryFolder()
    let first = try FileLock(path: folder.file("lock"), purpose: "shardify ingest")
    let failure = #expect(throws: FileFailure.self) {
      try FileLock(path: folder.file("lock"), purpose: "shardify balance")
    }
    #expect(failure?.code == .locked)
    #expect(
      failure?.message
        == "cannot use folder: \(folder.path): in use by process \(getpid()) (shardify ingest); "
        + "wait until it is done, or stop it")
    withExtendedLifetime(first) {}
  }

  @Test func theLockIsFreeWhenItsHolderIsGone() throws {
    let folder = try TemporaryFolder()
    do {
      let first = try FileLock(path: folder.file("lock"), purpose: "a purpose that is long")
      withExtendedLifetime(first) {}
    }
    let second = try FileLock(path: folder.file("lock"), purpose: "b")
    #expect(
      String(decoding: try contents(folder.file("lock")), as: UTF8.self)
        == "process \(getpid()) (b)\n")
    withExtendedLifetime(second) {}
  }
}
