import Files
import ShardifyCore
import Shards

/// The shards of a dataset on disk.
public struct ShardTokenSource: TokenSource {
  private let facts: DatasetFacts
  private let shards: [ShardFacts]
  private let isHoldout: Bool

  /// The training shards of a dataset, or the held-out ones.
  public init(_ facts: DatasetFacts, holdout: Bool = false) {
    self.facts = facts
    isHoldout = holdout
    shards = holdout ? facts.holdout : facts.shards
  }

  /// Tokens of each shard, as the manifest says.
  public var shardTokens: [Int] { shards.map(\.tokens) }

  public func name(ofShard shard: Int) -> String {
    shards.indices.contains(shard) ? shards[shard].path : "shard \(shard)"
  }

  /// Opens a shard and compares its own facts with the manifest's, so that a shard that was cut,
  /// swapped or taken from another dataset is told by name. Frames carry checksums of their own.
  public func open(shard: Int) throws(LoadFailure) -> any TokenShard {
    guard shards.indices.contains(shard), FileSystem.staysInside(shards[shard].path) else {
      throw LoadFailure(
        .dataset, "cannot open shard", path: name(ofShard: shard),
        found: "a path that leaves the dataset's folder", expected: "a path inside it",
        remedy: "the manifest is damaged; run verify")
    }
    let path = facts.folder + "/" + shards[shard].path
    let reader: ShardReader
    do throws(ShardsFailure) { reader = try ShardReader(path: path) } catch {
      throw Self.failure(error)
    }
    try check(reader, shard)
    return try OpenShardFile(reader, languages: facts.languages)
  }

  private func check(_ reader: ShardReader, _ shard: Int) throws(LoadFailure) {
    func check(_ name: String, _ found: String, _ expected: String) throws(LoadFailure) {
      if found == expected { return }
      throw LoadFailure(
        .corruptShard, "cannot read shard", path: reader.path, found: "\(name) \(found)",
        expected: expected,
        remedy: "the shard and the manifest do not belong together; run verify")
    }
    let header = reader.header
    // Which shard it is comes first: it says more than that its size is another's.
    try check("plan", "\(header.plan)", "\(facts.plan)")
    try check("part", Self.part(header.isHoldout), Self.part(isHoldout))
    try check("number", "\(header.shard)", "\(shard)")
    try check("shards in its part", "\(header.shardCount)", "\(isHoldout ? 0 : shards.count)")
    try check("file size", "\(reader.fileSizeBytes)", "\(shards[shard].fileSizeBytes)")
    try check("tokens", "\(header.tokenCount)", "\(shards[shard].tokens)")
    try check("token width", "\(header.tokenWidthBytes)", "\(facts.tokenWidthBytes)")
    try check("vocabulary", "\(header.vocabularySize)", "\(facts.vocabularySize)")
    try check("end-of-text id", "\(header.endOfTextID)", "\(facts.endOfTextID)")
  }

  private static func part(_ isHoldout: Bool) -> String { isHoldout ? "holdout" : "train" }

  fileprivate static func failure(_ error: ShardsFailure) -> LoadFailure {
    LoadFailure(
      error.code == .file ? .missingShard : .corruptShard, error.what, path: error.path,
      offset: error.offset, found: error.found, expected: error.expected, remedy: error.remedy)
  }

  private final class OpenShardFile: TokenShard {
    let frames: [FrameExtent]
    let pieces: PieceIndex
    let tokenWidthBytes: Int
    private let reader: ShardReader

    init(_ reader: ShardReader, languages: [LanguageTag]) throws(LoadFailure) {
      self.reader = reader
      tokenWidthBytes = reader.header.tokenWidthBytes
      frames = reader.frames.map {
        FrameExtent(firstToken: $0.firstToken, tokenCount: $0.tokenCount)
      }
      var numbers: [Int] = []
      for tag in reader.header.languages {
        guard let number = languages.firstIndex(of: tag) else {
          throw LoadFailure(
            .corruptShard, "cannot read shard", path: reader.path, found: "language \(tag)",
            expected: "a language of the manifest",
            remedy: "the shard and the manifest do not belong together; run verify")
        }
        numbers.append(number)
      }
      let entries = (0..<reader.pieces.count).lazy.map { place in
        let piece = reader.pieces[place]
        return PieceIndex.Entry(
          language: numbers[piece.languageIndex], tokenCount: piece.tokenCount,
          byteCount: piece.byteCount, content: piece.content,
          startsDocument: piece.flags.contains(.first),
          endsDocument: piece.flags.contains(.last))
      }
      guard let index = PieceIndex(entries) else {
        throw LoadFailure(
          .corruptShard, "cannot read shard", path: reader.path,
          found: "a piece table that does not add up", remedy: "run verify")
      }
      pieces = index
    }

    func readFrame(_ index: Int, into frame: FrameTokens) throws(LoadFailure) {
      do throws(ShardsFailure) { try reader.readFrame(index, into: frame.bytes) } catch {
        throw ShardTokenSource.failure(error)
      }
    }
  }
}
