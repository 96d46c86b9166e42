import Files
import Manifest
import ShardifyCore
import Shards

/// Makes `catalog.sqlite` from what the runs note of their store.
struct StoreRepair {
  let folder: String
  let jobs: Int

  func run() throws -> RepairReport {
    let lock = try FileLock(path: folder + "/lock", purpose: "shardify repair")
    let path = TokenStore.catalogPath(folder)
    var report = RepairReport(kind: "store", path: path)
    if let store = try openWhole(path, lock) {
      if let runs = try? store.openRuns() {
        report.isWhole = true
        report.files = runs.count
        return report
      }
      if try forgetLostRuns(store, &report) { return report }
    }
    let notes = try CatalogNotes.read(folder: folder, &report.notes)
    let temporary = path + ".partial-repair"
    try FileSystem.remove(temporary)
    try write(notes, to: temporary, lock: lock, &report)
    report.keptPath = try RepairStage.setAside(path)
    try FileSystem.rename(temporary, to: path)
    return report
  }

  /// The store, if its catalog is whole in itself; nil if it must be made anew.
  ///
  /// - Throws: If another process holds it, or another version wrote it: such a catalog stays.
  private func openWhole(_ path: String, _ lock: FileLock) throws -> TokenStore? {
    do throws(ManifestFailure) {
      let catalog = try Catalog.open(path: path, readOnly: false)
      let store = TokenStore(folder: folder, catalog: catalog, lock: lock)
      _ = try catalog.runs()
      return try catalog.unitsOfMissingRuns() == 0 ? store : nil
    } catch {
      if error.code == .locked || error.code == .version { throw error }
      return nil
    }
  }

  /// Drops runs that are gone from a catalog that is whole: better than to make it anew, which loses
  /// inputs that gave nothing. Whether that was what is wrong.
  private func forgetLostRuns(_ store: TokenStore, _ report: inout RepairReport) throws -> Bool {
    let runs = try store.catalog.runs()
    let lost = runs.filter { FileSystem.status(store.path(of: $0)) == nil }
    if lost.isEmpty { return false }
    report.files = runs.count - lost.count
    report.tokens = runs.reduce(0) { $0 + $1.tokens } - lost.reduce(0) { $0 + $1.tokens }
    let inputs = try store.catalog.forget(lost)
    report.notes = lost.map { "\($0.file) is gone and was dropped from the catalog" }
    report.notes += inputs.prefix(10).map { "\($0): not read to its end" }
    if inputs.count > 10 { report.notes.append("and \(inputs.count - 10) more inputs") }
    report.notes.append(StoreRepair.again)
    return true
  }

  static let again =
    "run the same shardify ingest again: it reads what is missing, and only then can the store"
    + " be balanced"

  private func write(
    _ notes: CatalogNotes, to path: String, lock: FileLock, _ report: inout RepairReport
  ) throws {
    let catalog = try Catalog.create(path: path, facts: notes.facts)
    for input in notes.inputs { _ = try catalog.save(input) }
    for run in notes.runs {
      try catalog.add(run.record, units: run.units, rejects: run.rejects, finished: [])
      report.files += 1
      report.tokens += run.record.tokens
    }
    if let held = try HoldoutFile.read(store: folder) {
      try catalog.addHoldout(held)
    } else {
      let store = TokenStore(folder: folder, catalog: catalog, lock: lock)
      try HoldoutPicker(store: store).run()
      if notes.facts.holdoutMinimum > 0 {
        report.notes.append(
          "there is no \(HoldoutFile.name): the documents held out beyond the rate were picked anew;"
            + " they are the same if the store was read by one command")
      }
    }
    report.notes += notes.problems
    try catalog.setFinished(notes.problems.isEmpty)
    if !notes.problems.isEmpty {
      report.notes.append(StoreRepair.again)
    }
    report.notes.append(
      "inputs of which no document was kept, and who read the others when (provenance), cannot be"
        + " made anew")
  }
}
