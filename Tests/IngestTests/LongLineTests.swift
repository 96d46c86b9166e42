import Foundation
import Glibc
import Ingest
import ShardifyCore
import Testing

/// Lines that do not fit in memory.
@Suite struct LongLineTests {
  /// The most memory this process has held, in bytes.
  private func peakBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    let digits = line.filter(\.isNumber)
    return try #require(Int(digits)) * 1024
  }

  @Test func lineOf400MegabytesIsSkippedInLittleMemory() throws {
    let folder = try TemporaryFolder()
    let first = Array("{\"text\":\"before\"}\n".utf8)
    let last = Array("\n{\"text\":\"after\"}\n".utf8)
    let holeBytes = 400 << 20
    let path = try folder.write("long.jsonl", first)
    // A hole reads as NUL bytes and takes no room on disk.
    truncate(path, first.count + holeBytes)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(last))
    try handle.close()

    var compressed = try zstandard(first)
    let frame = try zstandard([UInt8](repeating: 0, count: 8 << 20), frameBytes: 8 << 20)
    for _ in 0..<holeBytes >> 23 { compressed += frame }
    compressed += try zstandard(last)
    let zst = try folder.input("long.jsonl.zst", compressed)

    let before = try peakBytes()
    for input in [InputFile(path: path, name: "long.jsonl"), zst] {
      let found = try read(input, DocumentOptions(maxDocumentBytes: 4 << 20)).map(\.found)
      #expect(
        found == [
          Found(offset: 0, text: Array("before".utf8)),
          Found(
            offset: first.count, reason: .tooLong,
            detail: "\(holeBytes) bytes, expected at most \(4 << 20)"),
          Found(offset: first.count + holeBytes + 1, text: Array("after".utf8)),
        ])
    }
    // Other tests run at the same time; holding the line would take all of it.
    #expect(try peakBytes() - before < holeBytes / 4)
  }

  @Test func lengthAtTheLimitIsTakenAndOneMoreIsNot() throws {
    let folder = try TemporaryFolder()
    for (limit, ending) in [(100_000, "\n"), (100_000, "")] {
      for extra in [0, 1] {
        let text = String(repeating: "a", count: limit + extra - 11)
        let input = try folder.input("x.jsonl", Array("{\"text\":\"\(text)\"}\(ending)".utf8))
        for chunkBytes in [1000, 99_999, 100_001, 1 << 20] {
          let found = try read(
            input, DocumentOptions(maxDocumentBytes: limit), chunkBytes: chunkBytes)
          #expect(found.map { $0.found.reason } == [extra == 0 ? nil : .tooLong])
        }
        let whole = try folder.input("x.txt", [UInt8](repeating: 0x61, count: limit + extra))
        let found = try read(whole, DocumentOptions(maxDocumentBytes: limit), chunkBytes: 1000)
        #expect(found.map { $0.found.reason } == [extra == 0 ? nil : .tooLong])
      }
    }
  }
}
