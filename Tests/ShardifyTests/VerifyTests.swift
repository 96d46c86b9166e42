import Balance
import Compression
import Files
import Manifest
import ShardifyCore
import Shards
import Testing

@testable import Shardify

@Suite struct VerifyTests {
  /// A dataset in which the small languages repeat, made once for all tests.
  private static let dataset = Result { () throws -> Workplace in
    let place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "in.jsonl")])
    try place.balance(to: "data", Mixture(policy: .temperature(3), maxEpochs: 9))
    return place
  }

  /// A copy of that dataset to do damage to; the store stays where it is.
  private struct Damaged {
    let place: Workplace
    let store: Workplace
    var folder: String { place.at("data") }

    init() throws {
      store = try VerifyTests.dataset.get()
      place = try Workplace()
      for name in try VerifyTests.files(store.at("data"), "") {
        let bytes = try FileSystem.read(store.at("data") + "/" + name, limitBytes: 1 << 30)
        try place.write(bytes, to: "data/" + name)
      }
    }

    func problems(withStore: Bool = false) throws -> [String] {
      try report(withStore: withStore).problems
    }

    func report(withStore: Bool = false) throws -> VerifyReport {
      try VerifyStage(
        dataset: folder, store: withStore ? store.at("store") : nil, jobs: 2,
        progress: Progress(), stop: StopFlag()
      ).run()
    }

    /// Changes the manifest and gives it the fingerprint of its new rows.
    func change(_ work: (inout DatasetManifest) throws -> Void) throws {
      var manifest = try ManifestFile.read(folder + "/manifest.sqlite")
      try work(&manifest)
      manifest.dataset["fingerprint"] = "\(manifest.fingerprint)"
      try ManifestFile.write(manifest, to: folder + "/manifest.sqlite")
    }

    /// Writes a shard anew with other pieces, and brings its rows of the manifest up to date.
    func rewrite(
      _ shard: Int, _ work: (inout [(piece: ShardPiece, ids: [TokenID])], ShardHeader) -> Void
    ) throws {
      let path = folder + "/" + BalanceJob.relativePath(ofShard: shard, .train)
      let reader = try ShardReader(path: path)
      let ids = TokenBuffer()
      for frame in reader.frames.indices { try reader.readFrame(frame, into: ids) }
      var pieces: [(piece: ShardPiece, ids: [TokenID])] = []
      var start = 0
      for index in 0..<reader.pieces.count {
        let piece = reader.pieces[index]
        pieces.append((piece, Array(ids.ids[start..<start + piece.tokenCount])))
        start += piece.tokenCount
      }
      work(&pieces, reader.header)
      var header = reader.header
      header.tokenCount = 0
      let writer = try ShardWriter(
        path: path, header: header, planText: reader.planText,
        compressor: try ZstdCompressor(level: 3))
      for (piece, own) in pieces {
        try writer.append(piece) { (out: inout [UInt8]) throws(ShardsFailure) in
          for id in own { out.appendLittleEndian(UInt16(id)) }
        }
      }
      let summary = try writer.finish()
      try change { manifest in
        guard
          let row = manifest.shards.firstIndex(where: { $0.split == .train && $0.shard == shard })
        else { return }
        manifest.shards[row].fileSizeBytes = summary.fileSizeBytes
        manifest.shards[row].fileDigest = summary.fileDigest
        manifest.shards[row].payloadDigest = summary.payloadDigest
        manifest.shards[row].tokens = summary.tokenCount
        manifest.shards[row].pieces = summary.pieceCount
      }
    }
  }

  private static func files(_ folder: String, _ inside: String) throws -> [String] {
    try FileSystem.names(in: folder + "/" + inside).flatMap { name -> [String] in
      let path = inside + name
      if path == "lock" { return [] }
      if FileSystem.status(folder + "/" + path)?.kind != .folder { return [path] }
      return try files(folder, path + "/")
    }
  }

  @Test func aSoundDatasetHasNoProblemAndKeepsItsPromises() throws {
    let place = try VerifyTests.dataset.get()
    for store in [nil, "store"] {
      let report = try place.verify("data", store: store)
      #expect(report.problems == [])
      #expect(report.notes == [])
      #expect(report.languages.count == 6)
      #expect(report.languages.allSatisfy { $0.worstDeviationPieces <= 1 })
      #expect(report.languages.contains { $0.worstDeviationPieces > 0.1 })
      #expect(report.languages.allSatisfy { $0.worstShardPieces <= 2 })
      #expect(report.languages.contains { $0.worstShardPieces > 1 })
      for row in report.languages {
        #expect(row.repeatsOnePassApart == (row.writtenTokens > row.availableTokens ? true : nil))
      }
      #expect(report.languages.contains { $0.repeatsOnePassApart == true })
      #expect(report.text().hasSuffix("nothing is wrong"))
      #expect(report.json().hasPrefix(#"{"clean":true,"fingerprint":""#))
    }
  }

  @Test func theManifestsPathIsAsGoodAsTheFolder() throws {
    let place = try VerifyTests.dataset.get()
    #expect(try place.verify("data/manifest.sqlite", store: nil).problems == [])
  }

  @Test func anEmptyPlaceIsAFailureThatNamesIt() throws {
    let place = try Workplace()
    #expect(
      failure { _ = try place.verify("none", store: nil) }
        == "cannot open manifest: \(place.at("none")): no such file, expected the manifest.sqlite "
        + "that shardify balance wrote; check the path")
  }

  @Test func damagedFilesAreNamed() throws {
    let damaged = try Damaged()
    let shard = damaged.folder + "/shards/shard-00001.zst"
    let bytes = try FileSystem.read(shard, limitBytes: 1 << 30)
    func problems(_ bytes: [UInt8], _ name: String) throws -> [String] {
      try damaged.place.write(bytes, to: "data/" + name)
      return try damaged.problems()
    }
    var flipped = bytes
    flipped[200] ^= 0x10
    #expect(
      try problems(flipped, "shards/shard-00001.zst").contains { $0.contains("shard-00001.zst") })
    #expect(
      try problems(Array(bytes.dropLast()), "shards/shard-00001.zst")
        .contains { $0.contains("shard-00001.zst: bytes: \(bytes.count - 1), expected") })
    try damaged.place.write(bytes, to: "data/shards/shard-00001.zst")
    let all = try damaged.report().shards
    try FileSystem.remove(shard)
    let report = try damaged.report()
    #expect(
      report.problems == [
        "shards/shard-00001.zst: missing; run the same balance again, which writes it anew"
      ])
    #expect(report.shards == all - 1)
    #expect(
      report.notes.contains { $0.contains("shardify balance") && $0.contains(damaged.folder) })
    #expect(report.problemText().split(separator: "\n").count == 1 + report.notes.count + 1)
    #expect(
      try problems(bytes, "shards/shard-00077.zst")
        .contains(
          "shards/shard-00077.zst: no row of the manifest names it; rm"
            + " \(damaged.folder)/shards/shard-00077.zst"))
    #expect(
      try problems(Array("shardify plan v2\n".utf8), "plan.txt")
        .contains { $0.hasPrefix("plan.txt: SHA-256: ") })
    #expect(
      try problems(Array("no database, but long enough to be one".utf8), "manifest.sqlite")
        .contains {
          $0.hasPrefix("cannot open manifest: ")
            && $0.hasSuffix("; run shardify repair \(damaged.folder)")
        })
    #expect(!(try damaged.report().text().contains("fingerprint")))
    try FileSystem.remove(damaged.folder + "/manifest.sqlite")
    let missing = failure { _ = try damaged.problems() }
    #expect(missing?.contains("run shardify repair \(damaged.folder), or the same") == true)
  }

  /// The same documents with others held out: another store, and one line says so.
  @Test func aStoreOfOtherStatisticsIsOneProblem() throws {
    let place = try VerifyTests.dataset.get()
    let other = try Workplace()
    try other.ingest([try other.write(Corpus.mixed(), to: "a.jsonl")]) { $0.holdoutMinimum = 9 }
    let report = try VerifyStage(
      dataset: place.at("data"), store: other.at("store"), jobs: 2, progress: Progress(),
      stop: StopFlag()
    ).run()
    #expect(report.problems.count == 1 && report.details.count > 1, "\(report.problems)")
    #expect(
      report.problems.first?.hasPrefix(
        "store: \(other.at("store")) is not the store it was made from, or has changed since:"
          + " statistics differ (") == true)
    #expect(report.json().contains("\"details\":[\"store: "))
  }

  /// What a manifest can say that its shards do not bear out.
  @Test func falseRowsOfTheManifestAreFound() throws {
    typealias Change = @Sendable (inout DatasetManifest) -> Void
    let cases: [(String, Change)] = [
      ("tokens in shards", { $0.languages[0].writtenTokens += 1 }),
      ("pieces in shards", { $0.languages[1].writtenPieces -= 1 }),
      ("documents in shards", { $0.languages[2].documentsInShards += 1 }),
      ("documents held out", { $0.languages[1].heldOutDocuments += 1 }),
      ("belongs to shard", { $0.languages[1].quotaTokens /= 2 }),
      ("belongs to shard", { $0.dataset["seed"] = "1" }),
      ("start_key", { $0.languages[0].startKey[3] ^= 1 }),
      ("pass", { $0.languages[4].availableTokens -= 1 }),
      ("pass", { $0.languages[4].firstPass += 1 }),
      ("pass", { $0.languages[4].firstOffset += 100 }),
      ("a start that is not on its ring", { $0.languages[4].firstOffset = 1 << 40 }),
      ("a start that is not on its ring", { $0.languages[4].firstKey = [1] }),
      ("plan.txt: parent_shards", { $0.dataset["parent_shards"] = "3" }),
      ("plan.txt: no sample", { $0.dataset["sample"] = "3" }),
      ("plan.txt: reject lines", { $0.rejects.append(.init(reason: "none", documents: 0)) }),
      ("shard_languages train 2", { $0.shardLanguages[$0.shardLanguages.count / 2].bytes += 1 }),
      ("payload SHA-256", { $0.shards[0].payloadDigest = SHA256.of([]) }),
      ("SHA-256", { $0.shards[1].fileDigest = SHA256.of([]) }),
      ("end-of-text id", { $0.dataset["end_of_text_id"] = "5" }),
      ("vocabulary", { $0.dataset["vocabulary_size"] = "100" }),
      ("no fact seed", { $0.dataset["seed"] = nil }),
      ("documents_in", { $0.dataset["documents_in"] = "1" }),
      ("documents_left_over", { $0.dataset["documents_left_over"] = "99" }),
      ("budget_tokens", { $0.dataset["budget_tokens"] = "99" }),
      ("language_sources of", { $0.languageSources[0].documents += 1 }),
      ("training shards", { $0.shards.removeFirst() }),
      ("at most", { $0.dataset["max_piece_tokens"] = "10" }),
    ]
    for (text, change) in cases {
      let damaged = try Damaged()
      try damaged.change(change)
      let problems = try damaged.problems()
      #expect(problems.contains { $0.contains(text) }, "\(text): \(problems.first ?? "none")")
    }
  }

  /// Shards that are well formed and hold the wrong thing.
  @Test func shardsThatHoldTheWrongThingAreFound() throws {
    typealias Change =
      @Sendable (inout [(piece: ShardPiece, ids: [TokenID])], ShardHeader) -> Void
    let cases: [(String, Change)] = [
      (
        "out of order",
        { pieces, _ in
          guard
            let at = pieces.indices.dropFirst().first(where: {
              pieces[$0].piece.languageIndex != pieces[$0 - 1].piece.languageIndex
            })
          else { return }
          pieces.swapAt(at, at - 1)
        }
      ),
      (
        "not in the order of their ring",
        { pieces, _ in
          let own = pieces.indices.filter { pieces[$0].piece.languageIndex == 1 }
          pieces.swapAt(own[2], own[own.count - 3])
        }
      ),
      (
        "expected below",
        { pieces, header in
          pieces[3].ids[0] = TokenID(header.vocabularySize)
        }
      ),
      (
        "does not end with the end-of-text id",
        { pieces, _ in
          guard let at = pieces.firstIndex(where: { $0.piece.flags.contains(.last) }) else {
            return
          }
          pieces[at].ids[pieces[at].ids.count - 1] = 7
        }
      ),
      ("with flags", { pieces, _ in pieces[5].piece.flags.formSymmetricDifference(.first) }),
      (
        "expected 0",
        { pieces, _ in
          guard let at = pieces.firstIndex(where: { $0.piece.pass == 0 }) else { return }
          pieces[at].piece.pass = 1
        }
      ),
      ("tokens in shards", { pieces, _ in pieces.removeLast() }),
    ]
    for (text, change) in cases {
      let damaged = try Damaged()
      try damaged.rewrite(2, change)
      let problems = try damaged.problems()
      #expect(problems.contains { $0.contains(text) }, "\(text): \(problems.first ?? "none")")
    }
  }

  @Test func copiesThatDifferAndContentThatTheStoreDoesNotHaveAreFound() throws {
    let damaged = try Damaged()
    // One id in the midst of a copy on the second pass: nothing but its other copies tell.
    try damaged.rewrite(3) { pieces, _ in
      guard
        let at = pieces.firstIndex(where: { $0.piece.pass > 0 && $0.piece.tokenCount > 3 })
      else { return }
      pieces[at].ids[1] ^= 1
    }
    let alone = try damaged.problems()
    #expect(alone.count == 1)
    #expect(alone.first?.contains("copies of its documents are not all one pass") == true)
    let compared = try damaged.problems(withStore: true)
    #expect(compared.contains { $0.hasPrefix("shard 3: its ") && $0.hasSuffix("store gives") })
    #expect(compared.count == 2)
  }

  @Test func aDatasetOfAnotherStoreIsFound() throws {
    let place = try VerifyTests.dataset.get()
    let other = try Workplace()
    var documents = Corpus.mixed()
    documents[4].text += " more"
    try other.ingest([try other.write(documents, to: "in.jsonl")])
    let report = try VerifyStage(
      dataset: place.at("data"), store: other.at("store"), jobs: 1, progress: Progress(),
      stop: StopFlag()
    ).run()
    #expect(report.details.contains { $0.hasPrefix("store: \(documents[4].language): documents") })
  }
}
