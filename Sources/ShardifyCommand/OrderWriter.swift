import Glibc
import Shardify
import ShardifyCore
import Terminal

/// Writes samples to standard output, many at a time.
final class OrderWriter {
  private let asJSON: Bool
  private let withPieces: Bool
  private var buffer: [UInt8] = []
  private static let bufferBytes = 1 << 16

  init(asJSON: Bool, withPieces: Bool) {
    self.asJSON = asJSON
    self.withPieces = withPieces
  }

  func write(_ sample: OrderedSample) {
    if asJSON {
      put(object(sample))
    } else if withPieces {
      let start = columns(sample)
      for piece in sample.pieces { put(start + "\t" + columns(piece)) }
    } else {
      put(columns(sample))
    }
  }

  func flush() {
    Console.write(buffer, to: STDOUT_FILENO)
    buffer.removeAll(keepingCapacity: true)
  }

  private func put(_ line: String) {
    buffer += line.utf8
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count >= OrderWriter.bufferBytes { flush() }
  }

  private func columns(_ sample: OrderedSample) -> String {
    let digest = sample.digest.map { "\($0)" } ?? "-"
    return "\(sample.step)\t\(sample.place)\t\(sample.globalSample)\t\(sample.shard)\t"
      + "\(sample.firstToken)\t\(digest)"
  }

  private func columns(_ piece: OrderedPiece) -> String {
    "\(piece.firstToken)\t\(piece.tokenCount)\t\(piece.language)\t\(piece.content)\t"
      + "\(piece.shard)\t\(piece.piece)"
  }

  private func object(_ sample: OrderedSample) -> String {
    var members: [(String, JSONText)] = [
      ("step", .number(sample.step)), ("place", .number(sample.place)),
      ("sample", .number(sample.globalSample)), ("shard", .number(sample.shard)),
      ("first_token", .number(sample.firstToken)),
    ]
    if let digest = sample.digest { members.append(("sha256", .text("\(digest)"))) }
    if withPieces { members.append(("pieces", .list(sample.pieces.map(object)))) }
    return JSONText.line(members)
  }

  private func object(_ piece: OrderedPiece) -> JSONText {
    .object([
      ("first_token", .number(piece.firstToken)), ("tokens", .number(piece.tokenCount)),
      ("language", .text("\(piece.language)")), ("content", .text("\(piece.content)")),
      ("shard", .number(piece.shard)), ("piece", .number(piece.piece)),
    ])
  }
}
