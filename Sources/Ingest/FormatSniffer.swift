import ShardifyCore

/// Tells the format of an input by its name, or by its first bytes.
enum FormatSniffer {
  /// What was read to tell it, and lies at the front of the buffer.
  struct Result {
    var format: InputFormat
    var byteCount = 0
    var ended = false
    var failure: IngestFailure?
  }

  /// White space beyond this is not looked through: the input is text.
  private static let mostBytes = 1 << 20

  /// Resolves `.automatic`; gives the reader's first buffer with what was read.
  static func resolve(
    _ format: InputFormat, name: String, source: DecodedInput, chunkBytes: Int
  ) -> (PaddedBytes, Result) {
    if format != .automatic { return (PaddedBytes(capacity: chunkBytes), Result(format: format)) }
    if let named = InputFormat.named(name) {
      return (PaddedBytes(capacity: chunkBytes), Result(format: named))
    }
    let buffer = PaddedBytes(capacity: max(mostBytes, chunkBytes))
    var result = Result(format: .text)
    while result.byteCount < mostBytes && !result.ended {
      do throws(IngestFailure) {
        let room = UnsafeMutableRawBufferPointer(
          start: buffer.base + result.byteCount, count: mostBytes - result.byteCount)
        let added = try source.read(into: room)
        if added == 0 { result.ended = true }
        result.byteCount += added
      } catch {
        result.failure = error
        result.ended = true
      }
      let bytes = UnsafeRawBufferPointer(start: buffer.base, count: result.byteCount)
      // Fewer than four bytes may be part of a byte order mark.
      if bytes.count < 4 && !result.ended { continue }
      if let first = firstVisibleByte(bytes) {
        result.format = first == UInt8(ascii: "{") ? .jsonl : .text
        break
      }
    }
    return (buffer, result)
  }

  private static func firstVisibleByte(_ bytes: UnsafeRawBufferPointer) -> UInt8? {
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    return bytes[start...].first { $0 != 0x20 && !(0x09...0x0D).contains($0) }
  }
}
