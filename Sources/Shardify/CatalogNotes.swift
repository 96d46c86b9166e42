import Files
import Manifest
import ShardifyCore
import Shards

/// What the runs of a store note, put together.
struct CatalogNotes {
  /// One run that is to be in the catalog.
  struct Run {
    var record: RunRecord
    var units: [UnitRecord] = []
    var rejects: [RejectRecord] = []
  }

  var facts: StoreFacts
  var inputs: [InputRecord]
  var runs: [Run]
  /// What is missing, a line each: then the ingest must be run again.
  var problems: [String] = []

  /// Reads all runs of a store.
  ///
  /// - Throws: If one cannot be read, or they contradict each other.
  static func read(folder: String, _ notes: inout [String]) throws -> CatalogNotes {
    var facts: (values: [String: String], name: String)?
    var inputs: [Int: InputRecord] = [:]
    var runs: [Run] = []
    let names =
      FileSystem.status(folder + "/runs")?.kind == .folder
      ? try FileSystem.names(in: folder + "/runs").filter { $0.hasSuffix(".run.zst") } : []
    for name in names {
      guard let number = Int(name.prefix { $0 != "." }), number > 0 else { continue }
      let reader = try RunReader(path: folder + "/runs/" + name)
      var record = RunRecord(
        number: number, file: "runs/" + name, index: reader.index,
        duplicates: reader.index.duplicates)
      record.fileSizeBytes = FileSystem.status(reader.path)?.fileSizeBytes ?? 0
      var run = Run(record: record)
      var own: [String: String] = [:]
      for line in reader.names.notes {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
          .map { DatasetManifest.unescaped($0) }
        guard take(fields, &own, &inputs, &run) else {
          throw failure(
            reader.path, "the note \(String(line.prefix(60)).debugDescription)",
            "a line of docs/token-store.md")
        }
      }
      if let facts, facts.values != own {
        let key = own.keys.sorted().first { own[$0] != facts.values[$0] } ?? "facts"
        throw failure(
          reader.path, "\(key) \(own[key] ?? "none")",
          "\(facts.values[key] ?? "none") as in \(facts.name): a run of the same store")
      }
      if facts == nil { facts = (own, name) }
      runs.append(run)
    }
    guard let facts else {
      throw StageFailure(
        .damaged, "cannot make catalog", path: folder, found: "no run",
        expected: "at least one to read the facts from",
        remedy: "remove the folder and ingest again")
    }
    guard case .success(let store) = StoreFacts.read(facts.values) else {
      throw failure(folder + "/runs/" + facts.name, "no notes of its store", "its facts")
    }
    dropRestarted(&inputs, &runs)
    let kept = try withoutParts(runs, folder, &notes)
    var all = CatalogNotes(
      facts: store, inputs: inputs.values.sorted { $0.number < $1.number }, runs: kept)
    all.findGaps()
    return all
  }

  private static func failure(_ path: String, _ found: String, _ expected: String) -> StageFailure {
    StageFailure(
      .damaged, "cannot make catalog", path: path, found: found, expected: expected,
      remedy: "put the right run back; or rm \(path), run shardify repair again, then the same"
        + " ingest")
  }

  /// Takes one note; false if it is malformed.
  private static func take(
    _ fields: [String], _ facts: inout [String: String], _ inputs: inout [Int: InputRecord],
    _ run: inout Run
  ) -> Bool {
    switch fields[0] {
    case "fact":
      guard fields.count == 3 else { return false }
      facts[fields[1]] = fields[2]
    case "input":
      guard fields.count == 7, let number = Int(fields[1]), number > 0, let size = Int(fields[4]),
        let modified = Int64(fields[5])
      else { return false }
      // It may be done in one run and not yet in another that was written before.
      let isDone = fields[6] == "1"
      if inputs[number]?.isDone == true && !isDone { return true }
      inputs[number] = InputRecord(
        number: number, name: fields[2], options: fields[3], fileSizeBytes: size,
        modifiedNanoseconds: modified, isDone: isDone)
    case "unit":
      let numbers = fields.count == 6 ? fields[1...4].compactMap { Int($0) } : []
      guard numbers.count == 4, let digest = UInt64(fields[5]) else { return false }
      run.units.append(
        UnitRecord(
          input: numbers[0], unit: numbers[1], bytes: numbers[2], documents: numbers[3],
          digest: digest))
    case "reject":
      guard fields.count == 7, let input = Int(fields[1]), let unit = Int(fields[2]),
        let documents = Int(fields[4]), let first = Int(fields[5])
      else { return false }
      run.rejects.append(
        RejectRecord(
          input: input, unit: unit, reason: fields[3], documents: documents, firstOffset: first,
          detail: fields[6]))
    default: break
    }
    return true
  }

  /// An input of which nothing had been kept may have been read again under a new number: what runs
  /// note of the old one holds no document.
  private static func dropRestarted(_ inputs: inout [Int: InputRecord], _ runs: inout [Run]) {
    var latest: [String: Int] = [:]
    for input in inputs.values {
      latest[input.name] = max(latest[input.name] ?? 0, input.number)
    }
    let old = Set(inputs.values.filter { latest[$0.name] != $0.number }.map(\.number))
    if old.isEmpty { return }
    for number in old { inputs[number] = nil }
    for index in runs.indices {
      runs[index].units.removeAll { old.contains($0.input) }
      runs[index].rejects.removeAll { old.contains($0.input) }
    }
  }

  private struct UnitName: Hashable {
    var input: Int
    var unit: Int
  }

  /// Leaves out runs that a killed process had merged into another and not yet removed.
  private static func withoutParts(
    _ runs: [Run], _ folder: String, _ notes: inout [String]
  ) throws -> [Run] {
    var holders: [UnitName: String] = [:]
    var kept: [Run] = []
    let order = runs.sorted {
      ($1.units.count, $1.record.number) < ($0.units.count, $0.record.number)
    }
    for run in order {
      let names = run.units.map { UnitName(input: $0.input, unit: $0.unit) }
      let held = names.compactMap { holders[$0] }
      if held.isEmpty {
        for name in names { holders[name] = run.record.file }
        kept.append(run)
      } else if held.count == names.count {
        notes.append("\(run.record.file) is left out: all of it is in \(held[0])")
      } else {
        throw failure(
          folder + "/" + run.record.file, "some of the input that \(held[0]) holds as well",
          "all or nothing of it")
      }
    }
    return kept.sorted { $0.record.number < $1.record.number }
  }

  /// Finds inputs that were not read to their end, and units that are in no run.
  private mutating func findGaps() {
    var units: [Int: Set<Int>] = [:]
    for run in runs { for unit in run.units { units[unit.input, default: []].insert(unit.unit) } }
    for index in inputs.indices {
      let input = inputs[index]
      let own = (units[input.number] ?? []).sorted()
      // Not listed one by one: a damaged note could name any number.
      let missing = (own.last ?? 0) + 1 - own.count
      if missing > 0 {
        // Else an ingest would pass over it as read.
        inputs[index].isDone = false
        let first = own.enumerated().first { $0.offset != $0.element }?.offset ?? 0
        problems.append(
          "\(input.name): unit \(first)\(missing > 1 ? " and \(missing - 1) more" : "")"
            + " of it in no run: either no document came of it, or a run is lost")
      }
      if !input.isDone { problems.append("\(input.name): not read to its end") }
    }
  }
}
