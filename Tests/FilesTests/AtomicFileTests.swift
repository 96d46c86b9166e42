import Files
import ShardifyCore
import Testing

@Suite struct AtomicFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func aFileAppearsOnlyWhenItIsWhole() throws {
    let path = folder.at("data")
    var file = try AtomicFile(path: path)
    try file.write([1, 2])
    #expect(try FileSystem.names(in: folder.path) == ["data.partial"])
    try file.write([3])
    try file.publish()
    #expect(try FileSystem.names(in: folder.path) == ["data"])
    #expect(try FileSystem.read(path, limitBytes: 3) == [1, 2, 3])
  }

  @Test func aFileThatIsNeverPublishedIsRemoved() throws {
    func begin() throws {
      let file = try AtomicFile(path: folder.at("data"))
      try file.write([1])
    }
    try begin()
    #expect(try FileSystem.names(in: folder.path) == [])
  }

  @Test func theOldFileStaysUntilTheNewOneIsWhole() throws {
    let path = folder.at("data")
    try FileSystem.writeAtomically([1], to: path)
    func begin() throws {
      let file = try AtomicFile(path: path)
      try file.write([2, 2, 2])
      #expect(try FileSystem.read(path, limitBytes: 9) == [1])
    }
    try begin()
    #expect(try FileSystem.read(path, limitBytes: 9) == [1])
    try FileSystem.writeAtomically([3, 4], to: path)
    #expect(try FileSystem.read(path, limitBytes: 9) == [3, 4])
  }

  @Test func aFolderInTheWayLeavesNothingBehind() throws {
    try FileSystem.makeFolders(folder.at("data/inner"))
    let failed = failure { () throws(FileFailure) in
      try FileSystem.writeAtomically([1], to: folder.at("data"))
    }
    #expect(failed?.message.hasPrefix("cannot write file: \(folder.at("data")): ") == true)
    #expect(try FileSystem.names(in: folder.path) == ["data"])
  }

  @Test func aMissingFolderIsNamed() throws {
    let path = folder.at("no/data")
    let failed = failure { () throws(FileFailure) in _ = try AtomicFile(path: path) }
    #expect(failed?.code == .missing)
    #expect(failed?.path == path + ".partial")
  }

  @Test func aFullDeviceIsToldAsSuch() throws {
    let failed = failure { () throws(FileFailure) in
      let file = try FileDescriptor.create("/dev/full")
      try file.write([1])
    }
    #expect(failed?.code == .full)
    #expect(failed?.message.contains("free some space") == true)
  }

  @Test func renamingMovesAndReplaces() throws {
    try FileSystem.writeAtomically([1], to: folder.at("a"))
    try FileSystem.writeAtomically([2], to: folder.at("b"))
    try FileSystem.rename(folder.at("a"), to: folder.at("b"))
    #expect(try FileSystem.names(in: folder.path) == ["b"])
    #expect(try FileSystem.read(folder.at("b"), limitBytes: 1) == [1])
    let failed = failure { () throws(FileFailure) in
      try FileSystem.rename(folder.at("a"), to: folder.at("b"))
    }
    #expect(failed?.code == .missing)
  }
}
