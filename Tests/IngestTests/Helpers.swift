import Compression
import Foundation
import Ingest
import ShardifyCore

/// What a test keeps of one document or reject.
struct Found: Equatable, CustomStringConvertible {
  var offset: Int
  var text: [UInt8] = []
  var id: [UInt8] = []
  var reason: RejectReason?
  var detail = ""

  var description: String {
    reason.map { "\($0.name)@\(offset): \(detail)" }
      ?? "\(String(decoding: text, as: UTF8.self))#\(String(decoding: id, as: UTF8.self))@\(offset)"
  }
}

/// A folder that goes when the value goes.
final class TemporaryFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.path + "/ingest-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, making the folders above it, and gives its path.
  @discardableResult
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  func input(_ name: String, _ bytes: some Sequence<UInt8>) throws -> InputFile {
    InputFile(path: try write(name, bytes), name: name)
  }
}

/// All documents and rejects of a chunk.
func parsed(_ chunk: Chunk, _ parser: DocumentParser) -> [Found] {
  var found: [Found] = []
  parser.parse(
    chunk,
    document: { found.append(Found(offset: $0.offset, text: Array($0.text), id: Array($0.id))) },
    reject: { found.append(Found(offset: $0.offset, reason: $0.reason, detail: $0.detail)) })
  return found
}

/// All documents and rejects of one line or text.
func parsed(
  _ text: String, _ options: DocumentOptions = DocumentOptions(), format: InputFormat = .jsonl
) -> [Found] {
  parsed(Chunk(Array(text.utf8), format: format), DocumentParser(options: options))
}

/// All documents and rejects of an input, with their units.
func read(
  _ input: InputFile, _ options: DocumentOptions = DocumentOptions(), unitBytes: Int = 1 << 40,
  chunkBytes: Int = 1 << 20, skippingTo unit: Int = 0
) throws -> [(unit: Int, found: Found)] {
  let reader = try ChunkReader(
    input, options: options, unitBytes: unitBytes, chunkBytes: chunkBytes)
  if unit > 0 { try reader.skip(toUnit: unit) }
  let parser = DocumentParser(options: options)
  var all: [(unit: Int, found: Found)] = []
  while let chunk = try reader.next() {
    all += parsed(chunk, parser).map { (chunk.unit, $0) }
  }
  return all
}

/// gzip members of stored blocks, `memberBytes` each.
func gzipped(_ bytes: [UInt8], memberBytes: Int = 5_000) -> [UInt8] {
  var output: [UInt8] = []
  var start = 0
  repeat {
    let member = bytes[start..<min(bytes.count, start + min(memberBytes, 65_535))]
    output += [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1]
    output.appendLittleEndian(UInt16(member.count))
    output.appendLittleEndian(~UInt16(member.count))
    output += member
    output.appendLittleEndian(crc32(member))
    output.appendLittleEndian(UInt32(member.count))
    start += member.count
  } while start < bytes.count
  return output
}

private func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  var crc = ~UInt32(0)
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  return ~crc
}

/// zstd frames of `frameBytes` each.
func zstandard(_ bytes: [UInt8], frameBytes: Int = 7_000) throws -> [UInt8] {
  let compressor = try ZstdCompressor(level: 3)
  var output: [UInt8] = []
  var start = 0
  repeat {
    let frame = Array(bytes[start..<min(bytes.count, start + frameBytes)])
    _ = try frame.withUnsafeBytes { try compressor.compress($0, appendingTo: &output) }
    start += frame.count
  } while start < bytes.count
  return output
}

/// The seed of random tests: `SHARDIFY_SEED`, or a fixed one. Tests print it when they fail.
let testSeed = ProcessInfo.processInfo.environment["SHARDIFY_SEED"].flatMap(UInt64.init) ?? 20_260
