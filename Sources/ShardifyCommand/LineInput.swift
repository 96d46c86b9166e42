import Files
import ShardifyCore

/// Standard input in blocks of whole lines.
struct LineInput: ~Copyable {
  private let file: FileDescriptor
  private var buffer: [UInt8] = []
  private var ended = false
  /// Where the next block starts.
  private(set) var offset = 0

  /// Longer lines are refused.
  static let lineLimitBytes = 256 << 20

  init() throws { file = try FileDescriptor.read("-") }

  /// The next lines, each with its newline but perhaps the last; nil at the end.
  mutating func next() throws -> [UInt8]? {
    while true {
      if let newline = buffer.lastIndex(of: 10), newline + 1 >= 1 << 20 || ended {
        return take(newline + 1)
      }
      if ended { return buffer.isEmpty ? nil : take(buffer.count) }
      let before = buffer.count
      guard before < LineInput.lineLimitBytes else {
        throw StreamFailure(
          .line, "cannot read standard input", offset: offset, found: "a line over 256 MiB",
          expected: "shorter lines")
      }
      buffer.append(contentsOf: repeatElement(0, count: 1 << 20))
      let count = try LineInput.fill(&buffer, from: before, file)
      buffer.removeLast((1 << 20) - count)
      if count == 0 { ended = true }
      // A slow writer should see its lines answered, not wait for a full block.
      if count < 1 << 16, let newline = buffer.lastIndex(of: 10) { return take(newline + 1) }
    }
  }

  private static func fill(
    _ bytes: inout [UInt8], from start: Int, _ file: borrowing FileDescriptor
  ) throws -> Int {
    try bytes.withUnsafeMutableBytes { room in
      try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[start...]))
    }
  }

  private mutating func take(_ count: Int) -> [UInt8] {
    let block = Array(buffer[..<count])
    buffer.removeFirst(count)
    offset += count
    return block
  }
}

/// What can go wrong in the tools that read lines.
enum StreamFailureCode: Equatable, Sendable { case line }

/// The error of those tools.
typealias StreamFailure = ModuleFailure<StreamFailureCode>
