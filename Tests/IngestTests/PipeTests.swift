import Foundation
import Glibc
import Ingest
import ShardifyCore
import Testing

/// Inputs that come a few bytes at a time and cannot be jumped in.
@Suite struct PipeTests {
  /// Opens a named pipe's writing end on a thread of its own and feeds it in small parts.
  private func pipe(_ bytes: [UInt8], in folder: TemporaryFolder, partBytes: Int) -> InputFile {
    let path = folder.path + "/pipe-" + UUID().uuidString
    mkfifo(path, 0o600)
    Thread.detachNewThread {
      let number = open(path, O_WRONLY)
      var start = 0
      while start < bytes.count {
        let part = Array(bytes[start..<min(bytes.count, start + partBytes)])
        if write(number, part, part.count) < 0 { break }
        start += part.count
      }
      close(number)
    }
    return InputFile(path: path, name: "-")
  }

  @Test func pipesGiveWhatFilesGive() throws {
    signal(SIGPIPE, SIG_IGN)
    let folder = try TemporaryFolder()
    let lines = (0..<300).map { "  {\"text\":\"line \($0)\"}\n" }.joined()
    let bytes = Array("\u{FEFF}".utf8) + Array(lines.utf8)
    let wanted = try read(try folder.input("x.jsonl", bytes), unitBytes: 500)
    #expect(wanted.count == 300)
    for stored in [bytes, gzipped(bytes), try zstandard(bytes)] {
      for partBytes in [1, 3, 1000] {
        let all = try read(pipe(stored, in: folder, partBytes: partBytes), unitBytes: 500)
        #expect(all.map(\.found) == wanted.map(\.found))
        let tail = try read(
          pipe(stored, in: folder, partBytes: partBytes), unitBytes: 500, skippingTo: 5)
        #expect(tail.map(\.found) == wanted.filter { $0.unit >= 5 }.map(\.found))
      }
    }
  }
}
