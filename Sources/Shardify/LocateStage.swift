import Balance
import Files
import Manifest
import ShardifyCore
import Shards

/// Finds a document in a dataset, or the document at a place of it.
public struct LocateStage: Sendable {
  /// What is looked for.
  public enum Query: Sendable {
    /// A document by its content hash.
    case content(ContentHash)
    /// A document by its exact bytes, as they were tokenized.
    case text([UInt8])
    /// A document by the id it came with; needs a store.
    case id(String)
    /// The document at a token of a shard.
    case token(split: DatasetManifest.Split, shard: Int, token: Int)
    /// The document of a piece of a shard.
    case piece(split: DatasetManifest.Split, shard: Int, piece: Int)
  }

  private let dataset: String
  private let store: String?
  /// The list of content hashes the dataset was made without; a dataset names it by its digest only.
  public var excludedHashes: String?
  private let stop: StopFlag

  /// - Parameters:
  ///   - dataset: The dataset's folder, or its manifest.
  ///   - store: The token store it came from; tells where a document came from, and why it is not
  ///     there.
  public init(dataset: String, store: String?, stop: StopFlag) {
    self.dataset = dataset
    self.store = store
    self.stop = stop
  }

  /// Looks, and says what was found.
  public func run(_ query: Query) throws -> LocateReport {
    let path =
      FileSystem.status(dataset)?.kind == .folder ? dataset + "/manifest.sqlite" : dataset
    let manifest = try ManifestFile.read(path)
    let facts: VerifyFacts
    do throws(VerifyProblem) {
      facts = try VerifyFacts(folder: FileSystem.parent(path), manifest: manifest)
    } catch {
      throw StageFailure(
        .damaged, "cannot locate", path: path, found: error.line, expected: "a sound manifest",
        remedy: "run shardify verify on it")
    }
    let search = DatasetSearch(facts: facts)
    let storeSearch = try store.map { try open($0, facts) }
    return try run(query, search, storeSearch)
  }

  /// Opens the store and sees it as the dataset did: its conditions, label map and hashes.
  private func open(_ folder: String, _ facts: VerifyFacts) throws -> StoreSearch {
    let opened = try TokenStore.open(folder)
    for (what, found, expected) in [
      ("store key", "\(opened.facts.storeKey)", "\(facts.storeKey)"),
      ("tokenizer", "\(opened.facts.tokenizer)", "\(facts.tokenizer)"),
    ] where found != expected {
      throw StageFailure(
        .options, "cannot locate", path: folder, found: "\(what) \(found)",
        expected: "that of the dataset, \(expected)", remedy: "name the store it was made from")
    }
    if excludedHashes == nil, ViewFacts.excludedDigest(facts.manifest) != nil {
      let view = try StoreView(store: opened, options: try ViewFacts.options(facts.manifest))
      return StoreSearch(
        store: opened, view: view, missingHashes: ViewFacts.excludedCount(facts.manifest))
    }
    switch try ViewFacts.view(of: opened, facts.manifest, excludedHashes: excludedHashes) {
    case .success(let view): return StoreSearch(store: opened, view: view)
    case .failure(let problem):
      throw StageFailure(
        .options, "cannot locate", found: problem.line, expected: "the dataset's own list",
        remedy: "give the list it was made with")
    }
  }

  private func run(
    _ query: Query, _ search: DatasetSearch, _ store: StoreSearch?
  ) throws -> LocateReport {
    switch query {
    case .content(let content):
      return try document(content, "content \(content)", search, store)
    case .text(let bytes):
      let exact = try document(LocateStage.hash(bytes), "a text", search, store)
      guard !exact.isFound, bytes.last == 10 else { return exact }
      // What an editor or echo puts at the end was seldom in the corpus.
      var trimmed = try document(
        LocateStage.hash(Array(bytes.dropLast())), "a text without its last newline", search, store)
      if trimmed.isFound { trimmed.notes.append("found without the newline at the end") }
      return trimmed.isFound ? trimmed : exact
    case .id(let id):
      return try byID(id, search, store)
    case .token(let split, let shard, let token):
      return try position(split, shard, search, store, what: "--token \(token)") { pieces in
        var end = 0
        for number in 0..<pieces.count {
          let start = end
          end += pieces[number].tokenCount
          if token >= start && token < end { return .success((number, start)) }
        }
        return .failure(VerifyProblem(line: "0 to \(end - 1)"))
      }
    case .piece(let split, let shard, let piece):
      return try position(split, shard, search, store, what: "--piece \(piece)") { pieces in
        guard piece >= 0 && piece < pieces.count else {
          return .failure(VerifyProblem(line: "0 to \(pieces.count - 1)"))
        }
        return .success((piece, (0..<piece).reduce(0) { $0 + pieces[$1].tokenCount }))
      }
    }
  }

  private static func hash(_ bytes: [UInt8]) -> ContentHash {
    bytes.withUnsafeBytes { ContentHash(of: $0) }
  }

  private func byID(
    _ id: String, _ search: DatasetSearch, _ store: StoreSearch?
  ) throws -> LocateReport {
    guard let store else {
      throw StageFailure(
        .options, "cannot locate", found: "--id without a store", expected: "--store STORE",
        remedy: "ids are hashed into the store only; or give the text or its content hash")
    }
    let idHash = max(1, LocateStage.hash(Array(id.utf8)).high)
    var report = LocateReport(query: "id \(id)")
    for content in try store.contents(withID: idHash, stop: stop) {
      let found = try document(content, report.query, search, store)
      report.documents += found.documents
      for document in found.documents {
        if let origin = document.origin, origin.idHash != idHash {
          report.notes.append(
            "the document with this id is a duplicate of \(content): the copy from"
              + " \(origin.input) at byte \(origin.offset) stayed")
        }
      }
    }
    if report.documents.isEmpty {
      report.notes.append(
        "no document that was kept has this id: it is not in the store, was rejected, or is a"
          + " duplicate left out when its run was written; ask by its text or content hash")
    }
    return report
  }

  /// Everything about a content hash.
  private func document(
    _ content: ContentHash, _ query: String, _ search: DatasetSearch, _ store: StoreSearch?
  ) throws -> LocateReport {
    var report = LocateReport(query: query)
    let train = try search.copies(of: content, .train)
    let heldOut = try search.copies(of: content, .holdout)
    var known: [LanguageTag: StoreSearch.Found] = [:]
    for found in try store?.documents(content) ?? [] { known[found.language] = found }
    let inData = Set((train + heldOut).map { search.facts.languages[$0.language].row.tag })
    for tag in inData.union(known.keys).sorted() {
      let number = search.facts.numbers[tag]
      var document = LocateReport.Document(
        content: content, language: tag, status: .unknown, origin: known[tag]?.origin)
      let own =
        train.first { $0.language == number } ?? heldOut.first { $0.language == number }
      document.copies = own?.copies ?? []
      document.sourcePart =
        own?.part
        ?? known[tag]?.part.map { SourceParts.name(of: $0, search.facts.sourcePatterns ?? []) }
      describe(&document, number: number, known[tag], search)
      if let missing = store?.missingHashes { document.admit(missing) }
      if let store, let found = known[tag], document.status == .inShards,
        store.missingHashes == nil
      {
        try compare(document, found, store, search, &report.notes)
      }
      report.documents.append(document)
    }
    if report.documents.isEmpty {
      report.documents = [
        LocateReport.Document(
          content: content, status: .unknown,
          detail: store == nil
            ? "in no shard: left over, filtered, a duplicate under another hash, or not of this"
              + " corpus; --store STORE tells which"
            : "the store has no such document: not in its inputs, or rejected; shardify inspect"
              + " lists the reasons")
      ]
    }
    return report
  }

  private func describe(
    _ document: inout LocateReport.Document, number: Int?, _ found: StoreSearch.Found?,
    _ search: DatasetSearch
  ) {
    if let first = document.copies.first {
      document.status = first.split == .train ? .inShards : .heldOut
      if first.split == .holdout { document.detail = "never trained on" }
    } else if let reason = found?.reason {
      document.status = .filtered
      document.detail = "by " + reason.replacingPrefix("where ", with: "where: ")
    } else if number == nil {
      document.status = .excluded
      document.detail = "its language is not in the mixture"
      if found?.isHeldOut == true {
        document.status = .heldOut
        document.detail = "not written, as its language is not in the mixture"
      }
    } else if found?.isHeldOut == true {
      document.status = .heldOut
      document.detail = "but in no held-out shard: the store has changed since"
    } else if let number {
      document.status = .leftOver
      let facts = search.facts
      let tag = facts.languages[number].row.tag
      if let found, let ring = facts.ring(tag, found.part).map({ facts.rings[$0] }) {
        document.detail =
          "the quota of \(ReportTable.grouped(ring.quotaTokens)) of"
          + " \(ReportTable.grouped(ring.availableTokens)) tokens ends before its place on the ring"
      } else {
        document.detail = "its sources have weight 0"
      }
    }
  }

  /// Compares the shards computed from the store with those found.
  private func compare(
    _ document: LocateReport.Document, _ found: StoreSearch.Found, _ store: StoreSearch,
    _ search: DatasetSearch, _ notes: inout [String]
  ) throws {
    let plan = try DatasetPlan(
      parsing: try FileSystem.read(
        search.facts.folder + "/plan.txt", limitBytes: DatasetPlan.limitBytes),
      path: search.facts.folder + "/plan.txt")
    let digest = plan.languages.first { $0.supply.tag == found.language }?.digest ?? ""
    guard let computed = try store.shards(of: found, facts: search.facts, digest: digest) else {
      notes.append(
        "the store's \(found.language) is not what the dataset was made of: documents were added,"
          + " or the filters are others")
      return
    }
    let read = document.copies.map(\.shard).sorted()
    if computed != read {
      notes.append(
        "by its place on the ring \(found.language) should be in shards"
          + " \(computed.map(String.init).joined(separator: " ")): run shardify verify")
    }
  }

  private func position(
    _ split: DatasetManifest.Split, _ shard: Int, _ search: DatasetSearch, _ store: StoreSearch?,
    what: String, _ find: (ShardPieces) -> Result<(piece: Int, token: Int), VerifyProblem>
  ) throws -> LocateReport {
    let rows = search.facts.manifest.shards.filter { $0.split == split }
    guard let row = rows.first(where: { $0.shard == shard }) else {
      throw StageFailure(
        .options, "cannot locate", path: dataset, found: "--shard \(shard)",
        expected: rows.isEmpty
          ? "a dataset with \(split.rawValue) shards" : "from 0 to \(rows.count - 1)")
    }
    let reader = try search.open(row)
    switch find(reader.pieces) {
    case .failure(let range):
      throw StageFailure(
        .options, "cannot locate", path: search.facts.folder + "/" + row.path, found: what,
        expected: "from \(range.line)")
    case .success(let (number, token)):
      let piece = reader.pieces[number]
      let tag = reader.header.languages[piece.languageIndex]
      var document = LocateReport.Document(
        content: piece.content, language: tag, status: split == .train ? .inShards : .heldOut,
        copies: [DatasetSearch.copy(row, number, token, piece)])
      if split == .train, search.facts.isDivided {
        document.sourcePart = search.facts.rings[piece.languageIndex].pattern
      }
      document.origin = try store?.documents(piece.content).first { $0.language == tag }?.origin
      var report = LocateReport(query: "shard \(shard), \(what)", documents: [document])
      if store != nil && document.origin == nil {
        report.notes.append("the store has no such document under \(tag)")
      }
      return report
    }
  }
}

extension LocateReport.Document {
  /// Without the list of hashes that the dataset leaves out, a document that is in no shard may be
  /// in it, whatever else would explain where it is.
  fileprivate mutating func admit(_ missingHashes: String) {
    guard copies.isEmpty else { return }
    let list = "in the list of \(missingHashes) hashes that was excluded; give --exclude-hashes"
    switch status {
    case .leftOver:
      detail = "left over, or \(list)"
    case .heldOut where language != nil && !detail.hasPrefix("not written"):
      detail = "held out, or \(list)"
    case .heldOut, .excluded:
      detail = "its language is not in the mixture, or \(list)"
    case .inShards, .notInShards, .filtered, .unknown: return
    }
    status = .notInShards
  }
}

extension String {
  fileprivate func replacingPrefix(_ prefix: String, with other: String) -> String {
    hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
  }
}
