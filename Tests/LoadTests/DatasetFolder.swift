import Compression
import Files
import Glibc
import Load
import ShardifyCore
import Shards

/// Shards on disk, and what a manifest would say of them: two for training in `shards`, two held
/// out in `holdout`, of one plan. Removed with the value.
final class DatasetFolder {
  /// A held-out piece as it was written.
  struct Piece {
    var language: Int
    var content: ContentHash
    var ids: [TokenID]
  }

  let path: String
  var facts: DatasetFacts
  /// The ids of the training shards; shape [shards, tokens].
  var tokens: [[TokenID]] = []
  /// The pieces of the held-out shards, in order.
  var heldOut: [Piece] = []
  private let tags = ["aaa_Latn", "ccc_Cyrl"].compactMap { LanguageTag($0) }
  private let plan: [UInt8]

  /// - Parameter plan: Two folders with the same one and `seed` have the same shards.
  init(plan: String = "a plan\n", seed: UInt64 = 3) throws {
    var system = SystemRandomNumberGenerator()
    path = "/tmp/shardify-load-tests-\(system.next())"
    self.plan = Array(plan.utf8)
    // The manifest has a language more than the shards, so the numbers differ.
    let languages = ["aaa_Latn", "bbb_Latn", "ccc_Cyrl"].compactMap { LanguageTag($0) }
    facts = DatasetFacts(
      folder: path, fingerprint: dataset, plan: SHA256.of(self.plan), tokenWidthBytes: 2,
      vocabularySize: 500, endOfTextID: 499, languages: languages, shards: [], holdout: [])
    try FileSystem.makeFolders(path + "/shards")
    try FileSystem.makeFolders(path + "/holdout")
    var random = SeededRandom(seed: seed)
    for shard in 0..<2 { try write(shard, isHoldout: false, &random) }
    for shard in 0..<2 { try write(shard, isHoldout: true, &random) }
  }

  private func write(_ shard: Int, isHoldout: Bool, _ random: inout SeededRandom) throws {
    let header = ShardHeader(
      tokenWidthBytes: 2, vocabularySize: 500, endOfTextID: 499, tokenizer: dataset,
      plan: SHA256.of(plan), shard: shard, shardCount: isHoldout ? 0 : 2, isHoldout: isHoldout,
      languages: tags)
    let name = "\(isHoldout ? "holdout" : "shards")/shard-\(shard).zst"
    let writer = try ShardWriter(
      path: path + "/" + name, header: header, planText: plan,
      compressor: try ZstdCompressor(level: 1))
    var all: [TokenID] = []
    for number in 0..<40 {
      var ids = (0..<50 + number).map { _ in TokenID(random.below(499)) }
      ids.append(499)
      all += ids
      let content = ContentHash(
        high: UInt64(number), low: UInt64(2 * shard + (isHoldout ? 1 : 0)))
      // Held-out shards have language after language; training shards mix them.
      let language = isHoldout ? (40 * shard + number < 30 ? 0 : 1) : number % 2
      let piece = ShardPiece(
        languageIndex: language, flags: [.first, .last], pass: 0, piece: 0,
        tokenCount: ids.count, byteCount: 3 * ids.count, content: content)
      try writer.append(piece) { bytes throws(ShardsFailure) in
        for id in ids { bytes.appendLittleEndian(UInt16(id)) }
      }
      if isHoldout {
        heldOut.append(Piece(language: 2 * language, content: content, ids: ids))
      }
    }
    let summary = try writer.finish()
    let row = ShardFacts(
      path: name, tokens: summary.tokenCount, fileSizeBytes: summary.fileSizeBytes,
      sha256: summary.fileDigest)
    if isHoldout {
      facts.holdout.append(row)
    } else {
      tokens.append(all)
      facts.shards.append(row)
    }
  }

  /// Changes the bytes of a file.
  func change(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try FileSystem.read(path + "/" + name, limitBytes: 1 << 20)
    change(&bytes)
    try FileSystem.writeAtomically(bytes, to: path + "/" + name)
  }

  /// Puts a copy of a file where another is.
  func copy(_ source: String, to name: String) throws {
    let bytes = try FileSystem.read(source, limitBytes: 1 << 20)
    try change(name) { $0 = bytes }
  }

  deinit {
    for folder in ["/shards", "/holdout", ""] {
      for name in (try? FileSystem.names(in: path + folder)) ?? [] {
        try? FileSystem.remove(path + folder + "/" + name)
      }
      rmdir(path + folder)
    }
  }
}
