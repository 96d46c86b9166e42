import Foundation
import Ingest
import ShardifyCore
import Testing

/// Inputs that fail as a whole, and the words they fail with.
@Suite struct BadInputTests {
  private let lines = (0..<2000).map { "{\"text\":\"line number \($0)\"}\n" }

  private func readUntilFailure(_ input: InputFile) throws -> (found: [Found], message: String) {
    let reader = try ChunkReader(
      input, options: DocumentOptions(), unitBytes: 1 << 30, chunkBytes: 4096)
    let parser = DocumentParser(options: DocumentOptions())
    var found: [Found] = []
    do throws(IngestFailure) {
      while let chunk = try reader.next() { found += parsed(chunk, parser) }
    } catch {
      // Asked again, it says the same again.
      #expect(throws: IngestFailure.self) { try reader.next() }
      return (found, "\(error.code) \(error.message)")
    }
    return (found, "")
  }

  @Test func truncatedCompressedInputsHandOutWholeDocumentsFirst() throws {
    let folder = try TemporaryFolder()
    let bytes = Array(lines.joined().utf8)
    for (name, whole) in [
      ("cut.jsonl.gz", gzipped(bytes)), ("cut.jsonl.zst", try zstandard(bytes)),
    ] {
      let cut = whole.count - 300
      let input = try folder.input(name, whole[..<cut])
      let (found, message) = try readUntilFailure(input)
      let kind = name.hasSuffix("gz") ? "gzip member" : "zstd frame"
      #expect(
        message == "truncated cannot read input: \(name) at byte \(cut): the input ends inside a "
          + "\(kind), expected its end; the file is truncated; fetch it again")
      #expect(found.count > 1000 && found.count < lines.count)
      let texts = found.map { "{\"text\":\"\(String(decoding: $0.text, as: UTF8.self))\"}\n" }
      #expect(texts == Array(lines.prefix(found.count)))
    }
  }

  @Test func damagedCompressedInputsFailWithTheirOffset() throws {
    let folder = try TemporaryFolder()
    let bytes = Array(lines.joined().utf8)
    for (name, whole) in [
      ("bad.jsonl.gz", gzipped(bytes)), ("bad.jsonl.zst", try zstandard(bytes)),
    ] {
      var damaged = whole
      let middle = damaged.count / 2
      for index in middle..<middle + 40 { damaged[index] ^= 0x5A }
      let (found, message) = try readUntilFailure(try folder.input(name, damaged))
      #expect(message.hasPrefix("corrupt cannot read input: \(name) at byte "))
      #expect(message.hasSuffix("; the file is damaged; fetch it again"))
      // A member or frame is handed out before its checksum is seen; those before it are sound.
      #expect(found.count > 500 && found.prefix(500).allSatisfy { $0.reason == nil })
    }
  }

  @Test func bytesBehindTheLastGzipMemberAreNotIgnored() throws {
    let folder = try TemporaryFolder()
    let input = try folder.input(
      "tail.jsonl.gz", gzipped(Array(lines[0].utf8)) + Array("garbage".utf8))
    #expect(
      try readUntilFailure(input).message.hasPrefix("corrupt cannot read input: tail.jsonl.gz"))
  }

  @Test func nameThatSaysCompressedMustHoldSo() throws {
    let folder = try TemporaryFolder()
    func message(_ name: String, _ bytes: [UInt8]) throws -> String? {
      let input = try folder.input(name, bytes)
      do throws(IngestFailure) {
        _ = try ChunkReader(input, options: DocumentOptions(), unitBytes: 1)
        return nil
      } catch { return error.message }
    }
    #expect(
      try message("a.jsonl.zst", Array("{\"te".utf8))
        == "cannot read input: a.jsonl.zst at byte 0: bytes 7b 22 74 65, expected gzip (1f 8b) or "
        + "zstd (28 b5 2f fd); the file is damaged or misnamed; fetch it again or rename it")
    #expect(
      try message("a.gz", [])
        == "cannot read input: a.gz at byte 0: an empty file, expected gzip (1f 8b) or "
        + "zstd (28 b5 2f fd); the file is damaged or misnamed; fetch it again or rename it")
    #expect(try message("a.jsonl", []) == nil)
  }

  @Test func emptyFileHasNoDocuments() throws {
    let folder = try TemporaryFolder()
    for name in ["a.jsonl", "a.txt", "a"] {
      #expect(try read(try folder.input(name, [])).isEmpty)
    }
    #expect(try read(try folder.input("a.jsonl.gz", gzipped([]))).isEmpty)
  }

  @Test func missingAndUnreadableInputsAreNamed() throws {
    #expect {
      try ChunkReader(
        InputFile(path: "/nowhere/x.jsonl", name: "x.jsonl"), options: DocumentOptions(),
        unitBytes: 1)
    } throws: {
      ($0 as? IngestFailure)?.message
        == "cannot read input: x.jsonl: no such file or folder; check the path"
    }
    let folder = try TemporaryFolder()
    #expect {
      try ChunkReader(
        InputFile(path: folder.path, name: "folder"), options: DocumentOptions(), unitBytes: 1)
    } throws: { ($0 as? IngestFailure)?.message == "cannot read input: folder: is a directory" }
  }
}
