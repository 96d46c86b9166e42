import Files
import ShardifyCore
import Testing

@Suite struct FileSystemTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func namesAreSortedByBytes() throws {
    // Sorted by letters "é" would come before "z", and "a" before "B".
    for name in ["z", "é", "A", "a", "B", ".hidden", "10", "9"] {
      try FileSystem.writeAtomically([], to: folder.at(name))
    }
    #expect(
      try FileSystem.names(in: folder.path) == [".hidden", "10", "9", "A", "B", "a", "z", "é"])
    let failed = failure { () throws(FileFailure) in
      _ = try FileSystem.names(in: folder.at("none"))
    }
    #expect(failed?.code == .missing)
  }

  @Test func statusTellsWhatStandsThere() throws {
    try FileSystem.writeAtomically([1, 2, 3], to: folder.at("file"))
    #expect(FileSystem.status(folder.at("file"))?.kind == .file)
    #expect(FileSystem.status(folder.at("file"))?.fileSizeBytes == 3)
    #expect(FileSystem.status(folder.path)?.kind == .folder)
    #expect(FileSystem.status("/dev/null")?.kind == .other)
    #expect(FileSystem.status(folder.at("none")) == nil)
  }

  @Test func foldersAreMadeWithThoseAbove() throws {
    try FileSystem.makeFolders(folder.at("a/b/c"))
    try FileSystem.makeFolders(folder.at("a/b/c"))
    #expect(FileSystem.status(folder.at("a/b/c"))?.kind == .folder)
    try FileSystem.writeAtomically([], to: folder.at("file"))
    let failed = failure { () throws(FileFailure) in
      try FileSystem.makeFolders(folder.at("file/inner"))
    }
    #expect(failed != nil)
  }

  @Test func aWholeFileIsReadUpToItsLimit() throws {
    let path = folder.at("file")
    try FileSystem.writeAtomically([1, 2, 3], to: path)
    #expect(try FileSystem.read(path, limitBytes: 3) == [1, 2, 3])
    let failed = failure { () throws(FileFailure) in
      _ = try FileSystem.read(path, limitBytes: 2)
    }
    #expect(
      failed?.message == "cannot read file: \(path): 3 bytes, expected at most 2 bytes")
  }

  @Test func whatIsNoFileIsNotMapped() throws {
    for (path, code) in [
      (folder.path, FileFailureCode.wrongKind), ("/dev/null", .wrongKind),
      (folder.at("none"), .missing),
    ] {
      let failed = failure { () throws(FileFailure) in _ = try MappedFile(path: path) }
      #expect(failed?.code == code)
      #expect(failed?.path == path)
    }
    try FileSystem.writeAtomically([], to: folder.at("empty"))
    #expect(try MappedFile(path: folder.at("empty")).bytes.count == 0)
  }

  @Test func readingAtAnOffsetStopsAtTheEnd() throws {
    try FileSystem.writeAtomically(Array(0..<100), to: folder.at("file"))
    let file = try FileDescriptor.read(folder.at("file"))
    var room = [UInt8](repeating: 0xEE, count: 20)
    let count = try room.withUnsafeMutableBytes { try file.read(into: $0, at: 90) }
    #expect(count == 10 && room[9] == 99 && room[10] == 0xEE)
    #expect(try room.withUnsafeMutableBytes { try file.read(into: $0, at: 500) } == 0)
    #expect(try file.fileSizeBytes() == 100)
  }

  @Test func removingWhatIsNotThereIsNoFailure() throws {
    try FileSystem.remove(folder.at("none"))
    let failed = failure { () throws(FileFailure) in try FileSystem.remove(folder.path) }
    #expect(failed?.what == "cannot remove file")
  }

  @Test(arguments: [
    ("a/b", "a"), ("b", "."), ("/b", "/"), ("/a/b/c", "/a/b"), ("a/b/", "a/b"),
  ]) func theParentIsWhatStandsBeforeTheLastSlash(path: String, parent: String) {
    #expect(FileSystem.parent(path) == parent)
  }

  @Test func relativePathsThatLeaveAreTold() {
    for inside in ["a", "a/b", "..a", "a..", "shards/shard-00001.zst"] {
      #expect(FileSystem.staysInside(inside), "\(inside)")
    }
    for outside in ["", "/a", "..", "../a", "a/../b", "a/..", "a//b", "./a", "a/", "a\0b"] {
      #expect(!FileSystem.staysInside(outside), "\(outside.debugDescription)")
    }
  }
}
