import Files
import ShardifyCore
import Synchronization

/// Content hashes of documents that must not be in a dataset: decontamination, opt-outs.
///
/// Sorted, so that a lookup takes a few dozen comparisons whatever the length of the list: 16 bytes
/// and one bit in memory for each.
public final class ExcludedHashes: Sendable {
  /// The hashes, ascending, each once.
  public let hashes: [ContentHash]
  /// The SHA-256 of the hashes as bytes, ascending: comments and order in the file do not enter.
  public let digest: SHA256.Digest
  private let found: Mutex<[UInt64]>

  /// Lists longer than this are refused: a gibibyte of hashes.
  public static let limit = 1 << 26

  /// Takes hashes in any order.
  public init(_ hashes: [ContentHash]) {
    var sorted = hashes
    if zip(sorted, sorted.dropFirst()).contains(where: { !($0 < $1) }) { sorted.sort() }
    var kept = 0
    for index in sorted.indices where index == 0 || sorted[index] != sorted[kept - 1] {
      sorted[kept] = sorted[index]
      kept += 1
    }
    sorted.removeSubrange(kept...)
    var digest = SHA256()
    for hash in sorted {
      withUnsafeBytes(of: (hash.high.bigEndian, hash.low.bigEndian)) { digest.update($0) }
    }
    self.hashes = sorted
    self.digest = digest.finish()
    found = Mutex(Array(repeating: 0, count: (kept + 63) / 64))
  }

  /// Whether a document is in the list; notes that it was asked for.
  func contains(_ content: ContentHash) -> Bool {
    var low = 0
    var high = hashes.count
    while low < high {
      let middle = (low + high) / 2
      if hashes[middle] < content { low = middle + 1 } else { high = middle }
    }
    guard low < hashes.count, hashes[low] == content else { return false }
    found.withLock { $0[low / 64] |= 1 << UInt64(low % 64) }
    return true
  }

  /// How many hashes `contains` was asked for and had.
  public var foundCount: Int {
    found.withLock { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
  }

  /// Reads a file: a hash of 32 hexadecimal digits a line; empty lines and what follows `#` are
  /// passed over.
  ///
  /// - Throws: `FileFailure` if it cannot be read; `options` that names the line.
  public static func read(_ path: String) throws -> ExcludedHashes {
    let file = try FileDescriptor.readRegular(path)
    var reader = HashLines(path: path)
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      var count = 0
      var failure: FileFailure?
      buffer.withUnsafeMutableBytes {
        do throws(FileFailure) { count = try file.read(into: $0) } catch { failure = error }
      }
      if let failure { throw failure }
      if count == 0 { break }
      try buffer.withUnsafeBytes { try reader.take($0[..<count]) }
    }
    return ExcludedHashes(try reader.finish())
  }
}

/// Reads hashes from bytes that come in parts.
private struct HashLines {
  let path: String
  private var hashes: [ContentHash] = []
  private var line = 1
  private var high: UInt64 = 0
  private var low: UInt64 = 0
  private var digits = 0
  private var state = State.before

  private enum State { case before, inside, after, comment }

  init(path: String) { self.path = path }

  mutating func take(_ bytes: Slice<UnsafeRawBufferPointer>) throws(StageFailure) {
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\n"): try endLine()
      case _ where state == .comment: break
      case UInt8(ascii: "#"): state = .comment
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
        if state == .inside { state = .after }
      default:
        guard state != .after, digits < 32, let digit = Self.value(byte) else {
          throw wrong(state == .after ? "more than one word" : "no content hash")
        }
        state = .inside
        high = high << 4 | low >> 60
        low = low << 4 | digit
        digits += 1
      }
    }
  }

  mutating func finish() throws(StageFailure) -> [ContentHash] {
    try endLine()
    return hashes
  }

  private mutating func endLine() throws(StageFailure) {
    if digits > 0 {
      guard digits == 32 else { throw wrong("\(digits) digits") }
      guard hashes.count < ExcludedHashes.limit else {
        throw wrong("more than \(ExcludedHashes.limit) hashes")
      }
      hashes.append(ContentHash(high: high, low: low))
    }
    (high, low, digits, state) = (0, 0, 0, .before)
    line += 1
  }

  private func wrong(_ found: String) -> StageFailure {
    StageFailure(
      .options, "cannot read excluded hashes", path: "\(path) line \(line)", found: found,
      expected: "a content hash of 32 hexadecimal digits, or # and a comment")
  }

  private static func value(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
