import Files
import Glibc
import ShardifyCore
import Testing

@Suite struct HostileTests {
  @Test(.timeLimit(.minutes(1))) func aPipeIsRefusedWithoutWaitingForAWriter() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.at("pipe"), 0o600) == 0)
    let failed = failure { () throws(FileFailure) in
      _ = try FileDescriptor.readRegular(folder.at("pipe"))
    }
    #expect(failed?.code == .wrongKind)
    let mapped = failure { () throws(FileFailure) in
      _ = try MappedFile(path: folder.at("pipe"))
    }
    #expect(mapped?.code == .wrongKind)
  }
}
