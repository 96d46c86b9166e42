import Files
import Manifest
import ShardifyCore
import Shards

/// A token store on disk: `catalog.sqlite`, `runs/`, and the lock of whoever writes.
public final class TokenStore: Sendable {
  /// The folder.
  public let folder: String
  /// Its catalog.
  public let catalog: Catalog
  private let lock: FileLock?

  init(folder: String, catalog: Catalog, lock: FileLock?) {
    self.folder = folder
    self.catalog = catalog
    self.lock = lock
  }

  /// What was fixed when the store was made.
  public var facts: StoreFacts { catalog.facts }

  static func catalogPath(_ folder: String) -> String { folder + "/catalog.sqlite" }

  /// The path of a run's file.
  public func path(of run: RunRecord) -> String { folder + "/" + run.file }

  /// Opens a store to read it. A writer may be at work; what it has published is seen.
  public static func open(_ folder: String) throws -> TokenStore {
    try checkFolder(folder)
    return TokenStore(
      folder: folder, catalog: try Catalog.open(path: catalogPath(folder), readOnly: true),
      lock: nil)
  }

  /// Opens a store to add to it, or makes it; no other process may hold it.
  public static func openForWriting(_ folder: String, facts: StoreFacts) throws -> TokenStore {
    // The paths of an empty one would begin at the root.
    guard !folder.isEmpty else {
      throw StageFailure(
        .options, "cannot make token store", found: "an empty path", expected: "a folder",
        remedy: "name one with --to")
    }
    let catalogPath = catalogPath(folder)
    if FileSystem.status(catalogPath) == nil {
      try checkEmpty(folder)
      try FileSystem.makeFolders(folder + "/runs")
    }
    let lock = try FileLock(path: folder + "/lock", purpose: "shardify ingest")
    // Asked again: another process may have made it before this one had the lock.
    let exists = FileSystem.status(catalogPath) != nil
    let catalog =
      exists
      ? try Catalog.open(path: catalogPath, readOnly: false)
      : try Catalog.create(path: catalogPath, facts: facts)
    let store = TokenStore(folder: folder, catalog: catalog, lock: lock)
    if exists { try store.check(facts) }
    try store.removeOrphans()
    return store
  }

  /// Refuses to make a store where something is. The catalog comes before the first run, so files
  /// in `runs` without it are somebody's: of a store that lost its catalog, or of another program.
  private static func checkEmpty(_ folder: String) throws {
    guard let status = FileSystem.status(folder) else { return }
    var found: String?
    var remedy = "name another folder"
    if status.kind != .folder {
      found = "a file"
    } else {
      let foreign = try FileSystem.names(in: folder).first {
        !["lock", "runs", HoldoutFile.name].contains($0) && !$0.hasPrefix("catalog.sqlite.partial")
      }
      if let foreign {
        found = "a folder that holds \(foreign) and is no token store"
      } else if let runs = FileSystem.status(folder + "/runs") {
        let inside = runs.kind == .folder ? try FileSystem.names(in: folder + "/runs").first : ""
        if let inside {
          found = "a folder that holds runs/\(inside) and no catalog.sqlite"
          remedy = "run shardify repair \(folder), or name another folder"
        }
      }
    }
    guard let found else { return }
    throw StageFailure(
      .options, "cannot make token store", path: folder, found: found,
      expected: "a new or empty folder, or a token store", remedy: remedy)
  }

  private static func checkFolder(_ folder: String) throws {
    guard let status = FileSystem.status(folder) else {
      throw StageFailure(
        .options, "cannot open token store", path: folder,
        found: FileSystem.whyUnreadable(folder, "folder") ?? "no such folder",
        expected: "a folder made by shardify ingest", remedy: "check the path")
    }
    guard status.kind == .folder else {
      throw StageFailure(
        .options, "cannot open token store", path: folder, found: "a file",
        expected: "a folder made by shardify ingest", remedy: "check the path")
    }
  }

  /// Refuses to mix what was made in different ways.
  private func check(_ asked: StoreFacts) throws {
    let have = Dictionary(uniqueKeysWithValues: facts.rows.map { ($0.key, $0.value) })
    let options = [
      "tokenizer_sha256": "--tokenizer", "end_of_text_id": "--end-of-text",
      "language_model_sha256": "--language-model", "language_source": "--trust",
      "max_piece_tokens": "--max-piece-tokens", "number_columns": "--numeric-field",
      "store_key": "--store-seed", "holdout_threshold": "--holdout-rate",
      "holdout_minimum": "--holdout-minimum", "icu_version": "the ICU library",
    ]
    for row in asked.rows where have[row.key] != row.value {
      guard let option = options[row.key] else { continue }
      throw StageFailure(
        .options, "cannot add to token store", path: folder,
        found: "\(row.key) \(row.value) from \(option)",
        expected: "\(have[row.key] ?? "none") as when the store was made",
        remedy: "use the same, or name another folder with --to")
    }
  }

  /// Removes what a killed process left: runs that no row names. Files of other names are not ours.
  private func removeOrphans() throws {
    guard try catalog.unitsOfMissingRuns() == 0 else {
      throw StageFailure(
        .damaged, "cannot open token store", path: catalog.path,
        found: "units of input in a run that it does not name",
        expected: "a row in table runs for each",
        remedy: "run shardify repair \(folder), then the same ingest again")
    }
    let known = Set(try catalog.runs().map(\.file))
    for name in try FileSystem.names(in: folder + "/runs")
    where !known.contains("runs/" + name) && TokenStore.isRunName(name) {
      try FileSystem.remove(folder + "/runs/" + name)
    }
  }

  /// Whether a file's name is one that runs get, published or not.
  private static func isRunName(_ name: String) -> Bool {
    guard let point = name.firstIndex(of: ".") else { return false }
    let ending = name[point...]
    return name[..<point].utf8.allSatisfy { (0x30...0x39).contains($0) } && point != name.startIndex
      && (ending == ".run.zst" || ending == ".run.zst.partial")
  }

  /// Opens all runs and checks that they belong here.
  public func openRuns() throws -> [RunReader] {
    var readers: [RunReader] = []
    for run in try catalog.runs() {
      guard FileSystem.staysInside(run.file) else {
        throw StageFailure(
          .damaged, "cannot open token store", path: catalog.path,
          found: "run path \(run.file.debugDescription)", expected: "a path inside the store")
      }
      let reader: RunReader
      do throws(ShardsFailure) {
        reader = try RunReader(path: path(of: run))
      } catch {
        if error.code != .file { throw error }
        throw ShardsFailure(
          .file, "cannot read run", path: path(of: run), found: error.found,
          expected: "the run that the catalog names",
          remedy: "put it back; or \(RunReader.remedy(path(of: run)))")
      }
      guard reader.index.storeKey == facts.storeKey, reader.index.tokenizer == facts.tokenizer,
        reader.index.tokenWidthBytes == facts.tokenWidthBytes
      else {
        throw StageFailure(
          .damaged, "cannot open token store", path: reader.path,
          found: "a run of another store or tokenizer", expected: "store key \(facts.storeKey)",
          remedy: "put the right file back; or \(RunReader.remedy(reader.path))")
      }
      guard reader.tokenCount == run.tokens else {
        throw StageFailure(
          .damaged, "cannot open token store", path: reader.path,
          found: "\(reader.tokenCount) tokens", expected: "\(run.tokens) as in the catalog",
          remedy: "put the right file back; or \(RunReader.remedy(reader.path))")
      }
      readers.append(reader)
    }
    return readers
  }

  /// Which documents are held out beyond the rank.
  public func holdout() throws -> Holdout { Holdout(documents: try catalog.holdout()) }
}
