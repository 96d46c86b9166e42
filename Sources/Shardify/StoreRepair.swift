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
    if let store = try? TokenStore.open(folder), let runs = try? store.openRuns(),
      (try? store.catalog.unitsOfMissingRuns()) == 0
    {
      report.isWhole = true
      report.files = runs.count
      return report
    }
    let notes = try CatalogNotes.read(folder: folder, &report.notes)
    let temporary = path + ".partial-repair"
    try FileSystem.remove(temporary)
    try write(notes, to: temporary, lock: lock, &report)
    report.keptPath = try RepairStage.setAside(path)
    try FileSystem.rename(temporary, to: path)
    return report
  }

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
      report.notes.append(
        "run the same shardify ingest again: it reads what is missing, and only then can the store"
          + " be balanced")
    }
    report.notes.append(
      "inputs of which no document was kept, and who read the others when (provenance), cannot be"
        + " made anew")
  }
}
