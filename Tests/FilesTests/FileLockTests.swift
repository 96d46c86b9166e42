import Files
import Glibc
import ShardifyCore
import Synchronization
import Testing

@Suite struct FileLockTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func theSecondIsRefusedNamingTheFirst() throws {
    let path = folder.at("lock")
    let first = try FileLock(path: path, purpose: "shardify ingest")
    let failed = failure { () throws(FileFailure) in
      _ = try FileLock(path: path, purpose: "shardify balance")
    }
    #expect(failed?.code == .locked)
    #expect(
      failed?.message
        == "cannot use folder: \(folder.path): in use by process \(getpid()) (shardify ingest); "
        + "wait until it is done, or stop it")
    withExtendedLifetime(first) {}
  }

  @Test func theLockGoesWithItsHolder() throws {
    let path = folder.at("lock")
    for purpose in ["a long purpose that leaves a long line", "b"] {
      let lock = try FileLock(path: path, purpose: purpose)
      let line = try FileSystem.read(path, limitBytes: 200)
      #expect(String(decoding: line, as: UTF8.self) == "process \(getpid()) (\(purpose))\n")
      withExtendedLifetime(lock) {}
    }
  }

  @Test func aHolderThatWroteNothingIsAnotherProcess() throws {
    let path = folder.at("lock")
    let number = open(path, O_RDWR | O_CREAT, 0o644)
    defer { close(number) }
    #expect(flock(number, LOCK_EX | LOCK_NB) == 0)
    let failed = failure { () throws(FileFailure) in _ = try FileLock(path: path, purpose: "x") }
    #expect(failed?.found == "in use by another process")
  }

  /// A refused lock closes its own file once, and nobody else's.
  @Test func aRefusalClosesNothingElse() throws {
    let path = folder.at("lock")
    let first = try FileLock(path: path, purpose: "first")
    let ended = Atomic<Bool>(false)
    let lost = Atomic<Int>(0)
    Parallel.run(count: 2) { thread in
      if thread == 0 {
        for _ in 0..<3_000 {
          _ = failure { () throws(FileFailure) in _ = try FileLock(path: path, purpose: "second") }
        }
        ended.store(true, ordering: .relaxed)
      } else {
        while !ended.load(ordering: .relaxed) {
          let number = open("/dev/null", O_RDONLY)
          if close(number) != 0 { lost.wrappingAdd(1, ordering: .relaxed) }
        }
      }
    }
    let count = lost.load(ordering: .relaxed)
    #expect(count == 0)
    withExtendedLifetime(first) {}
  }
}
