import Files
import Ingest
import ShardifyCore

/// The texts of a JSONL file, one after the other in memory.
struct Documents: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var ranges: [Range<Int>] = []

  /// Reads the texts up to `limitBytes` of them (the document that passes the limit is the last).
  init(_ path: String, limitBytes: Int) throws {
    let file = try FileSystem.read(path, limitBytes: 1 << 30)
    let parser = DocumentParser(
      options: DocumentOptions(format: .jsonl, textField: "text", takesAnyText: true),
      format: .jsonl)
    parser.start(Chunk(file, format: .jsonl))
    while bytes.count < limitBytes, let item = parser.next() {
      guard case .document(let document) = item else { continue }
      ranges.append(bytes.count..<bytes.count + document.text.count)
      bytes.append(contentsOf: document.text)
    }
  }

  /// One document of given bytes.
  init(text: [UInt8]) {
    bytes = text
    ranges = [0..<text.count]
  }

  /// Bytes of text of the documents in `part`.
  func byteCount(_ part: Range<Int>) -> Int { part.reduce(0) { $0 + ranges[$1].count } }

  /// The first documents that hold at least half of the bytes.
  var half: Int {
    var seen = 0
    for (index, range) in ranges.enumerated() {
      if seen * 2 >= bytes.count { return index }
      seen += range.count
    }
    return ranges.count
  }
}
