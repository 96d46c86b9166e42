import Manifest
import ShardifyCore
import Shards

/// One copy of a piece as it stands in a dataset, read without the code that wrote it.
struct Copy: Hashable {
  var language: String
  var content: ContentHash
  var piece: Int
  var pass: Int
}

/// All copies of a dataset in order, with their shards and tokens.
struct Copies {
  struct Entry {
    var copy: Copy
    /// Its number in the header: of a language or a part.
    var ring: Int
    var shard: Int
    var tokens: [TokenID]
    var flags: PieceFlags
  }

  private(set) var entries: [Entry] = []

  init(_ folder: String, _ manifest: DatasetManifest, _ split: DatasetManifest.Split) throws {
    for shard in manifest.shards where shard.split == split {
      let reader = try ShardReader(path: folder + "/" + shard.path)
      let ids = TokenBuffer()
      for frame in reader.frames.indices { try reader.readFrame(frame, into: ids) }
      var next = 0
      for number in 0..<reader.pieces.count {
        let piece = reader.pieces[number]
        let copy = Copy(
          language: "\(reader.header.languages[piece.languageIndex])", content: piece.content,
          piece: piece.piece, pass: piece.pass)
        entries.append(
          Entry(
            copy: copy, ring: piece.languageIndex, shard: shard.shard,
            tokens: Array(ids.ids[next..<next + piece.tokenCount]), flags: piece.flags))
        next += piece.tokenCount
      }
    }
  }

  var languages: [String] { Set(entries.map(\.copy.language)).sorted() }

  func of(_ language: String) -> [Entry] { entries.filter { $0.copy.language == language } }

  var documents: Set<TestKey> {
    Set(entries.map { TestKey(language: $0.copy.language, content: $0.copy.content) })
  }
}
