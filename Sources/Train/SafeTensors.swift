import Files
import FoundationEssentials
import ShardifyCore

/// The safetensors file format: a length, a JSON header, then raw little-endian data.
///
/// Source: github.com/huggingface/safetensors, "Format".
enum SafeTensors {
  /// One tensor: where its floats begin in the data, and its shape.
  struct Entry: Hashable {
    var name: String
    var shape: [Int]
    var firstByte: Int
    var byteCount: Int
  }

  static let headerLimitBytes = 64 << 20

  /// Publishes a file, whole or not at all.
  ///
  /// - Parameters:
  ///   - entries: Offsets into the data; the buffers one after another are the data.
  static func write(
    to path: String, metadata: [String: String], entries: [Entry], buffers: [FloatBuffer]
  ) throws(FileFailure) {
    var header: [UInt8] = []
    header += json(metadata, entries)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    var start: [UInt8] = []
    start.appendLittleEndian(UInt64(header.count))
    var file = try AtomicFile(path: path)
    try file.write(start + header)
    for buffer in buffers { try file.write(UnsafeRawBufferPointer(buffer.elements)) }
    try file.publish()
  }

  private static func json(_ metadata: [String: String], _ entries: [Entry]) -> [UInt8] {
    var line = JSONLine()
    var inner = JSONLine()
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { inner.add(key, value) }
    line.add("__metadata__", inner)
    for entry in entries {
      var tensor = JSONLine()
      tensor.add("dtype", "F32")
      tensor.add("shape", entry.shape)
      tensor.add("data_offsets", [entry.firstByte, entry.firstByte + entry.byteCount])
      line.add(entry.name, tensor)
    }
    return Array(line.text.utf8)
  }

  /// A file's header, checked against the size of the file.
  struct Header {
    var metadata: [String: String]
    /// By name.
    var entries: [String: Entry]
    /// Where the data begins in the file.
    var dataOffset: Int
    var dataBytes: Int
  }

  /// - Throws: `.checkpoint` if the bytes are not a safetensors file of floats.
  static func readHeader(
    _ file: borrowing FileDescriptor, path: String
  ) throws(TrainFailure) -> Header {
    func damaged(_ found: String) -> TrainFailure {
      TrainFailure(
        .checkpoint, "cannot read checkpoint", path: path, found: found,
        expected: "a safetensors file", remedy: "use another checkpoint")
    }
    let size = try read { () throws(FileFailure) in try file.fileSizeBytes() }
    let start = try bytes(file, at: 0, count: 8)
    let length = start.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard start.count == 8, length <= headerLimitBytes, Int(length) + 8 <= size else {
      throw damaged("a header of \(length) bytes in a file of \(size)")
    }
    let text = try bytes(file, at: 8, count: Int(length))
    guard let values = try? JSONDecoder().decode([String: Value].self, from: Data(text)) else {
      throw damaged("a header that is not the JSON of tensors")
    }
    let dataBytes = size - 8 - Int(length)
    var header = Header(
      metadata: [:], entries: [:], dataOffset: 8 + Int(length), dataBytes: dataBytes)
    for (name, value) in values {
      switch value {
      case .metadata(let metadata): header.metadata = metadata
      case .tensor(let dtype, let shape, let offsets):
        guard dtype == "F32", offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1],
          offsets[1] <= dataBytes
        else { throw damaged("tensor \(name.prefix(80)) outside the file") }
        header.entries[name] = Entry(
          name: name, shape: shape, firstByte: offsets[0], byteCount: offsets[1] - offsets[0])
      }
    }
    return header
  }

  /// Fills a buffer from the file; false if the file ends too early.
  static func read(
    _ file: borrowing FileDescriptor, at offset: Int, into buffer: FloatBuffer
  ) throws(TrainFailure) -> Bool {
    let room = UnsafeMutableRawBufferPointer(buffer.elements)
    do throws(FileFailure) { return try file.read(into: room, at: offset) == room.count } catch {
      throw .wrapping(.checkpoint, error)
    }
  }

  private static func bytes(
    _ file: borrowing FileDescriptor, at offset: Int, count: Int
  ) throws(TrainFailure) -> [UInt8] {
    var room = [UInt8](repeating: 0, count: count)
    var done = 0
    var failure: FileFailure?
    room.withUnsafeMutableBytes {
      do throws(FileFailure) { done = try file.read(into: $0, at: offset) } catch {
        failure = error
      }
    }
    if let failure { throw .wrapping(.checkpoint, failure) }
    return done == count ? room : Array(room[..<done]) + Array(repeating: 0, count: count - done)
  }

  private static func read<Value>(
    _ call: () throws(FileFailure) -> Value
  ) throws(TrainFailure) -> Value {
    do throws(FileFailure) { return try call() } catch { throw .wrapping(.checkpoint, error) }
  }

  private enum Value: Decodable {
    case metadata([String: String])
    case tensor(String, shape: [Int], offsets: [Int])

    private enum Keys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Keys.self)
      if values.contains(.dtype), values.contains(.offsets) {
        self = .tensor(
          try values.decode(String.self, forKey: .dtype),
          shape: try values.decode([Int].self, forKey: .shape),
          offsets: try values.decode([Int].self, forKey: .offsets))
      } else {
        self = .metadata(try decoder.singleValueContainer().decode([String: String].self))
      }
    }
  }
}
