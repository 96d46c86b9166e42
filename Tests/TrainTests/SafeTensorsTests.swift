import Files
import FoundationEssentials
import Load
import ShardifyCore
import Testing

@testable import Train

@Suite struct SafeTensorsTests {
  func write(_ header: String, dataBytes: Int, _ folder: TemporaryFolder) throws -> String {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(UInt64(header.utf8.count))
    bytes += Array(header.utf8) + Array(repeating: 0, count: dataBytes)
    let path = folder.path + "/x.safetensors"
    try FileSystem.writeAtomically(bytes, to: path)
    return path
  }

  func isRefused(_ path: String) -> Bool {
    do {
      let file = try FileDescriptor.read(path)
      _ = try SafeTensors.readHeader(file, path: path)
      return false
    } catch { return error is TrainFailure }
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let folder = try TemporaryFolder()
    let buffer = FloatBuffer(count: 6)
    for i in 0..<6 { buffer.base[i] = Float(i) * 0.5 }
    let entries = [
      SafeTensors.Entry(name: "a \"quoted\"\n", shape: [2, 2], firstByte: 0, byteCount: 16),
      SafeTensors.Entry(name: "b", shape: [2], firstByte: 16, byteCount: 8),
    ]
    let path = folder.path + "/x.safetensors"
    try SafeTensors.write(
      to: path, metadata: ["k": "v\u{1}", "ü": "ß"], entries: entries, buffers: [buffer])
    let file = try FileDescriptor.read(path)
    let header = try SafeTensors.readHeader(file, path: path)
    #expect(header.metadata == ["k": "v\u{1}", "ü": "ß"])
    #expect(header.entries.values.sorted { $0.firstByte < $1.firstByte } == entries)
    #expect(header.dataOffset % 8 == 0)
    let copy = FloatBuffer(count: 6)
    #expect(try SafeTensors.read(file, at: header.dataOffset, into: copy))
    #expect(Array(copy.elements) == Array(buffer.elements))
  }

  @Test func hostileHeadersAreRefused() throws {
    let folder = try TemporaryFolder()
    let good = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    #expect(!isRefused(try write(good, dataBytes: 8, folder)))
    for header in [
      good.replacing("8]", with: "9]"), good.replacing("[0,8", with: "[-8,8"),
      good.replacing("[0,8", with: "[8,0"), good.replacing("F32", with: "F16"),
      good.replacing("8]", with: "99999999999999999999]"), "", "{", "[]", "null",
      String(repeating: "[", count: 100_000), #"{"a":{"shape":{}}}"#,
    ] {
      #expect(isRefused(try write(header, dataBytes: 8, folder)), "\(header.prefix(80))")
    }
    let path = folder.path + "/x.safetensors"
    for bytes in [[], [1], [UInt8](repeating: 255, count: 8), [255, 255, 255, 127, 0, 0, 0, 0]] {
      try FileSystem.writeAtomically(bytes, to: path)
      #expect(isRefused(path))
    }
  }
}
