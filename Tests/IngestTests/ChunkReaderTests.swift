import Compression
import Foundation
import Ingest
import ShardifyCore
import Testing

/// Cutting inputs into chunks and units.
@Suite struct ChunkReaderTests {
  /// Random lines: documents short and long, blank ones, broken ones.
  private func randomLines(_ random: inout SeededRandom, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in 0..<count {
      switch random.below(12) {
      case 0: break
      case 1: bytes += Array("  \r".utf8)
      case 2: bytes += Array("no json \(index)".utf8)
      default:
        let size = Int(random.below(random.below(6) == 0 ? 400 : 30))
        let text = String(repeating: ["ab ", "é", "中", "\\n"][Int(random.below(4))], count: size)
        bytes += Array("{\"id\":\(index),\"text\":\"\(text)\"}".utf8)
        if random.below(5) == 0 { bytes.append(0x0D) }
      }
      bytes.append(0x0A)
    }
    if random.below(2) == 0 { bytes.removeLast() }
    return bytes
  }

  /// The three ways to store the same bytes.
  private func stored(
    _ bytes: [UInt8], _ name: String, in folder: TemporaryFolder
  ) throws -> [InputFile] {
    [
      try folder.input(name, bytes), try folder.input(name + ".gz", gzipped(bytes)),
      try folder.input(name + ".zst", try zstandard(bytes)),
    ]
  }

  /// What reading must give, worked out with nothing but a search for separators.
  private func expected(
    _ bytes: [UInt8], separator: [UInt8], unitBytes: Int, format: InputFormat,
    _ options: DocumentOptions
  ) -> [(unit: Int, found: Found)] {
    var all: [(unit: Int, found: Found)] = []
    var start = 0
    while start < bytes.count {
      var end = start
      while end < bytes.count && !bytes[end...].starts(with: separator) { end += 1 }
      let chunk = Chunk(Array(bytes[start..<end]), format: format, offset: start)
      // One document a chunk: the parser has nothing to cut.
      all += parsed(chunk, DocumentParser(options: options)).map { (start / unitBytes, $0) }
      start = end + separator.count
    }
    return all
  }

  private func expectSame(
    _ found: [(unit: Int, found: Found)], _ wanted: [(unit: Int, found: Found)], _ what: String
  ) {
    let isSame =
      found.count == wanted.count
      && zip(found, wanted).allSatisfy { $0.unit == $1.unit && $0.found == $1.found }
    let first = zip(found, wanted).first { $0.unit != $1.unit || $0.found != $1.found }
    #expect(
      isSame,
      "seed \(testSeed), \(what): \(found.count) of \(wanted.count), \(String(describing: first))")
  }

  @Test(arguments: 0..<12)
  func documentsAndUnitsAreTheSameHoweverTheInputIsCut(round: Int) throws {
    var random = SeededRandom(seed: testSeed &+ UInt64(round))
    let folder = try TemporaryFolder()
    let bytes = randomLines(&random, count: 40)
    // A limit below, within and above the longest line.
    let options = DocumentOptions(maxDocumentBytes: [60, 300, 1 << 20][round % 3])
    for input in try stored(bytes, "x.jsonl", in: folder) {
      for unitBytes in [1, 7, 64, 1000, 1 << 40] {
        let wanted = expected(
          bytes, separator: [0x0A], unitBytes: unitBytes, format: .jsonl, options)
        for chunkBytes in [1, 2, 13, 100, 4096, 1 << 20] {
          let found = try read(input, options, unitBytes: unitBytes, chunkBytes: chunkBytes)
          expectSame(found, wanted, "\(input.name) unit \(unitBytes) chunk \(chunkBytes)")
        }
      }
    }
  }

  @Test(arguments: ["\n", "\n\n", "<|end|>", "aba", "====\n", "é"])
  func plainTextIsTheSameHoweverItIsCut(separator: String) throws {
    var random = SeededRandom(seed: testSeed)
    let folder = try TemporaryFolder()
    let separatorBytes = Array(separator.utf8)
    var bytes: [UInt8] = []
    for _ in 0..<60 {
      // Letters of the separator alone too, so that it nearly matches.
      for _ in 0..<random.below(20) {
        bytes.append(separatorBytes[Int(random.below(UInt64(separatorBytes.count)))] & 0x7F)
      }
      if random.below(3) != 0 { bytes += Array("text".utf8) }
      for _ in 0..<random.below(4) { bytes += separatorBytes }
    }
    let options = DocumentOptions(documentSeparator: separatorBytes, maxDocumentBytes: 40)
    for input in try stored(bytes, "x.txt", in: folder) {
      for unitBytes in [1, 5, 50, 1 << 40] {
        let wanted = expected(
          bytes, separator: separatorBytes, unitBytes: unitBytes, format: .text, options)
        for chunkBytes in [1, 3, 40, 1000] {
          let found = try read(input, options, unitBytes: unitBytes, chunkBytes: chunkBytes)
          expectSame(found, wanted, "\(input.name) unit \(unitBytes) chunk \(chunkBytes)")
        }
        for unit in 0..<min(40, bytes.count / unitBytes + 2) {
          let found = try read(
            input, options, unitBytes: unitBytes, chunkBytes: 16, skippingTo: unit)
          expectSame(found, wanted.filter { $0.unit >= unit }, "\(input.name) from unit \(unit)")
        }
      }
    }
  }

  @Test func skippingToAUnitGivesExactlyTheDocumentsThatStartThere() throws {
    var random = SeededRandom(seed: testSeed)
    let folder = try TemporaryFolder()
    let bytes = randomLines(&random, count: 120)
    let options = DocumentOptions(maxDocumentBytes: 500)
    for input in try stored(bytes, "x.jsonl", in: folder) {
      for unitBytes in [1, 50, 333, 100_000] {
        let all = try read(input, options, unitBytes: unitBytes)
        for unit in stride(
          from: 0, through: bytes.count / unitBytes + 2, by: unitBytes < 9 ? 97 : 1)
        {
          for chunkBytes in [10, 1000] {
            let found = try read(
              input, options, unitBytes: unitBytes, chunkBytes: chunkBytes, skippingTo: unit)
            expectSame(
              found, all.filter { $0.unit >= unit }, "\(input.name) unit \(unit) of \(unitBytes)")
          }
        }
      }
    }
  }

  @Test func skippingBeyondTheEndGivesNothing() throws {
    let folder = try TemporaryFolder()
    let options = DocumentOptions(documentSeparator: [0x0A])
    for name in ["x.jsonl", "x.txt"] {
      for input in try stored(Array("{\"text\":\"a\"}\n".utf8), name, in: folder) {
        for unit in [2, 1 << 40, Int.max] {
          #expect(try read(input, options, unitBytes: 1 << 20, skippingTo: unit).isEmpty)
        }
      }
    }
  }

  @Test func theLastChunkOfAUnitSaysSoAndNoOtherDoes() throws {
    var random = SeededRandom(seed: testSeed)
    let folder = try TemporaryFolder()
    let bytes = randomLines(&random, count: 80)
    let options = DocumentOptions(maxDocumentBytes: 200)
    for input in try stored(bytes, "x.jsonl", in: folder) {
      for (unitBytes, chunkBytes) in [(100, 10), (100, 1000), (1000, 64), (1 << 40, 500)] {
        let reader = try ChunkReader(
          input, options: options, unitBytes: unitBytes, chunkBytes: chunkBytes)
        var units: [(unit: Int, isLast: Bool)] = []
        var offset = 0
        while let chunk = try reader.next() {
          #expect(chunk.offset == offset && chunk.offset / unitBytes == chunk.unit)
          offset = reader.decompressedOffset
          units.append((chunk.unit, chunk.isLastOfUnit))
        }
        #expect(offset == bytes.count && reader.consumedBytes > 0)
        for (index, unit) in units.enumerated() {
          let isLast = index + 1 == units.count || units[index + 1].unit != unit.unit
          #expect(unit.isLast == isLast, "\(input.name) chunk \(index), seed \(testSeed)")
        }
      }
    }
  }

  @Test func formatIsToldByNameOrFirstByte() throws {
    let folder = try TemporaryFolder()
    func format(_ name: String, _ text: String) throws -> InputFormat {
      let input = try folder.input(name, Array(text.utf8))
      return try ChunkReader(input, options: DocumentOptions(), unitBytes: 100).format
    }
    #expect(try format("a.jsonl", "text") == .jsonl)
    #expect(try format("a.TXT", "{") == .text)
    #expect(try format("a.data", "\u{FEFF}\n  {\"text\":\"a\"}") == .jsonl)
    #expect(try format("b.data", " a {") == .text)
    #expect(try format("c.data", "") == .text)
    #expect(InputFormat.named("x/y.ndjson.zstd") == .jsonl)
    #expect(InputFormat.named("x.jsonl/y") == nil)
    #expect(InputFormat.named(".txt") == nil)
  }

  @Test func sniffedInputLosesNothing() throws {
    let folder = try TemporaryFolder()
    let input = try folder.input("x", Array("{\"text\":\"a\"}\n{\"text\":\"b\"}\n".utf8))
    for chunkBytes in [1, 5, 1000] {
      let found = try read(input, chunkBytes: chunkBytes).map(\.found)
      #expect(found == [Found(offset: 0, text: [0x61]), Found(offset: 13, text: [0x62])])
    }
  }

  @Test func gzipMadeByGzipIsRead() throws {
    // printf '{"text":"hello hello hello"}\n' | gzip -9n
    let bytes: [UInt8] = [
      0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0x2A, 0x49,
      0xAD, 0x28, 0x51, 0xB2, 0x52, 0xCA, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0x40, 0x22, 0x95,
      0x6A, 0xB9, 0x00, 0x32, 0x72, 0x5F, 0x48, 0x1D, 0x00, 0x00, 0x00,
    ]
    let folder = try TemporaryFolder()
    let found = try read(try folder.input("x.jsonl.gz", bytes + bytes)).map(\.found)
    #expect(
      found.map { String(decoding: $0.text, as: UTF8.self) } == [
        "hello hello hello", "hello hello hello",
      ])
  }
}
