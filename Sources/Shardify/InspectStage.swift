import Files
import Manifest
import ShardifyCore
import Shards

/// Describes a token store, a dataset, a run or a shard.
public struct InspectStage: Sendable {
  private let path: String

  /// - Parameter path: A store's or dataset's folder, a catalog, a manifest, a run or a shard.
  public init(path: String) { self.path = path }

  /// Reads what stands at the path: indexes and tables, no tokens.
  ///
  /// - Throws: If it is none of them, or damaged.
  public func run() throws -> InspectReport {
    guard let status = FileSystem.status(path) else {
      throw refusal(
        FileSystem.whyUnreadable(path, "file or folder") ?? "no such file or folder",
        remedy: "check the path")
    }
    switch status.kind {
    case .folder: return try folder()
    case .file: return try file(status.fileSizeBytes)
    case .other: throw refusal("neither a file nor a folder", remedy: "check the path")
    }
  }

  private func refusal(_ found: String, remedy: String? = nil) -> StageFailure {
    StageFailure(
      .options, "cannot inspect", path: path, found: found,
      expected: "a token store, a dataset, a run or a shard", remedy: remedy)
  }

  private func folder() throws -> InspectReport {
    if FileSystem.status(path + "/catalog.sqlite") != nil { return try InspectStore.report(path) }
    if FileSystem.status(path + "/manifest.sqlite") != nil {
      return try InspectDataset.report(path, manifest: path + "/manifest.sqlite")
    }
    if let stages = StagesFolder.refusal(path, "cannot inspect") { throw stages }
    if FileSystem.status(path + "/plan.txt") != nil || FileSystem.status(path + "/shards") != nil {
      throw refusal(
        "a dataset without manifest.sqlite",
        remedy: "run shardify repair \(path), or the same balance again to finish it")
    }
    if FileSystem.status(path + "/runs") != nil {
      throw refusal(
        "a token store without catalog.sqlite", remedy: "run shardify repair \(path)")
    }
    throw refusal("a folder without catalog.sqlite or manifest.sqlite", remedy: "check the path")
  }

  /// Tells files by their first and last bytes, whatever their names.
  private func file(_ fileSizeBytes: Int) throws -> InspectReport {
    if fileSizeBytes < 16 { throw refusal("a file of \(fileSizeBytes) bytes") }
    let (head, tail) = try ends(fileSizeBytes)
    if head == Array("SQLite format 3\0".utf8) {
      do throws(ManifestFailure) {
        _ = try ManifestFile.readUnsealed(path)
      } catch {
        if error.code == .notOurs, let store = try? InspectStore.report(FileSystem.parent(path)) {
          return store
        }
        throw error
      }
      return try InspectDataset.report(path, manifest: path)
    }
    if tail.suffix(8) == Array("SHRDRUN\u{1}".utf8)[...] { return try InspectFiles.run(path) }
    if tail.suffix(4) == [0xB1, 0xEA, 0x92, 0x8F] { return try InspectFiles.shard(path) }
    throw refusal("another kind of file", remedy: "it may be cut off; check the path")
  }

  private func ends(_ fileSizeBytes: Int) throws(FileFailure) -> (head: [UInt8], tail: [UInt8]) {
    let file = try FileDescriptor.readRegular(path)
    var parts: [[UInt8]] = []
    for offset in [0, fileSizeBytes - 16] {
      var bytes = [UInt8](repeating: 0, count: 16)
      var failure: FileFailure?
      bytes.withUnsafeMutableBytes {
        do throws(FileFailure) { _ = try file.read(into: $0, at: offset) } catch { failure = error }
      }
      if let failure { throw failure }
      parts.append(bytes)
    }
    return (parts[0], parts[1])
  }
}

/// Describes token stores.
enum InspectStore {
  static func report(_ folder: String) throws -> InspectReport {
    let store = try TokenStore.open(folder)
    let summary = try StoreSummary(store: store)
    var report = InspectReport(
      kind: "token store", path: folder, columns: ["tokens", "documents", "bytes"])
    report.add("documents_in", summary.documentsIn)
    report.add("documents", summary.documents)
    report.add("documents_duplicate", summary.duplicates)
    if summary.runs > 1 {
      report.add(
        "documents_duplicate_counted",
        "within runs; documents that several runs hold are taken once by balance")
    }
    report.add("documents_rejected", summary.rejected)
    for (reason, documents) in summary.rejects { report.add("rejected_\(reason)", documents) }
    report.add("input_bytes", summary.inputBytes)
    report.add("inputs", summary.inputs)
    report.add("inputs_done", summary.inputsDone)
    report.add("runs", summary.runs)
    report.add("size_bytes", summary.fileSizeBytes)
    report.add("tokens", summary.tokens)
    report.add("bytes", summary.bytes)
    for (key, value) in store.facts.rows { report.add(key, value) }
    for language in summary.languages {
      report.add(language.tag, [language.tokens, language.documents, language.bytes])
    }
    return report
  }
}

/// Describes datasets.
enum InspectDataset {
  static func report(_ path: String, manifest: String) throws -> InspectReport {
    let manifest = try ManifestFile.read(manifest)
    var report = InspectReport(
      kind: "dataset", path: path,
      columns: ["tokens", "quota", "available", "documents", "documents_in_shards"])
    for split in [DatasetManifest.Split.train, .holdout] {
      let shards = manifest.shards.filter { $0.split == split }
      report.add("\(split.rawValue)_shards", shards.count)
      report.add("\(split.rawValue)_tokens", shards.reduce(0) { $0 &+ $1.tokens })
      report.add("\(split.rawValue)_pieces", shards.reduce(0) { $0 &+ $1.pieces })
      report.add("\(split.rawValue)_size_bytes", shards.reduce(0) { $0 &+ $1.fileSizeBytes })
    }
    for (key, value) in manifest.dataset.sorted(by: {
      $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }) { report.add(key, value) }
    var parts: [LanguageTag: [(name: String, counts: [Int])]] = [:]
    for row in manifest.languageParts {
      parts[row.tag, default: []].append(
        (
          row.pattern,
          [
            row.writtenTokens, row.quotaTokens, row.availableTokens, row.documents,
            row.documentsInShards,
          ]
        ))
    }
    for row in manifest.languages {
      report.add(
        row.tag,
        [
          row.writtenTokens, row.quotaTokens, row.availableTokens, row.documents,
          row.documentsInShards,
        ], parts: parts[row.tag] ?? [])
    }
    return report
  }
}
