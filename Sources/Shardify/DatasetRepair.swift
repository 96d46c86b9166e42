import Balance
import Files
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// Makes `manifest.sqlite` from the plan and the shards. As a balance makes it from the same two,
/// it comes out with the same fingerprint.
struct DatasetRepair {
  let folder: String
  let jobs: Int
  let progress: Progress
  let stop: StopFlag

  func run() throws -> RepairReport {
    let lock = try FileLock(path: folder + "/lock", purpose: "shardify repair")
    defer { withExtendedLifetime(lock) {} }
    var report = RepairReport(kind: "dataset", path: folder + "/manifest.sqlite")
    let old = try DatasetRepair.readable(report.path)
    let (planText, planNote) = try plan()
    let plan = try DatasetPlan(parsing: planText, path: folder + "/plan.txt")
    let digest = SHA256.of(planText)
    let command = RedoText.command(
      recorded: old?.provenance["command"], folder: folder, plan: { plan[$0] })
    let (summaries, lost) = try training(plan, digest)
    let (heldOut, lostHeldOut) = try heldOut(plan, digest)
    if !(lost + lostHeldOut).isEmpty { throw damaged(lost + lostHeldOut, command) }
    var manifest = try ManifestBuilder(
      plan: plan, planDigest: digest, summaries: summaries, heldOut: heldOut, folder: folder
    ).build()
    report.files = summaries.count + heldOut.count
    report.tokens = (summaries + heldOut).reduce(0) { $0 + $1.tokenCount }
    report.fingerprint = manifest.dataset["fingerprint"]
    if let planNote { report.notes.append(planNote) }
    if let old, old.dataset == manifest.dataset, old.fingerprint == manifest.fingerprint {
      report.isWhole = true
      return report
    }
    manifest.provenance =
      old?.provenance ?? ["shardify_version": ShardifyVersion.text, "repaired": "from its shards"]
    if old == nil {
      report.notes.append("who made the dataset and how (provenance) cannot be made anew")
    }
    report.keptPath = try RepairStage.setAside(report.path)
    try ManifestFile.write(manifest, to: report.path)
    return report
  }

  /// A manifest that can be read; nil if there is none, or one that is damaged.
  ///
  /// - Throws: If another process holds it, or a newer version wrote it: such a file stays.
  static func readable(_ path: String) throws -> DatasetManifest? {
    do throws(ManifestFailure) {
      return try ManifestFile.read(path)
    } catch {
      if error.code == .locked || error.code == .version { throw error }
      return nil
    }
  }

  /// `plan.txt`, or where it is missing or not that of the shards, the copy in a shard; then the
  /// file is written anew.
  private func plan() throws -> (text: [UInt8], note: String?) {
    let path = folder + "/plan.txt"
    var inShards: (text: [UInt8], name: String)?
    let names = (try? FileSystem.names(in: folder + "/shards")) ?? []
    for name in names where name.hasSuffix(".zst") {
      guard let reader = try? ShardReader(path: folder + "/shards/" + name) else { continue }
      inShards = (reader.planText, name)
      break
    }
    let own =
      FileSystem.status(path) == nil
      ? nil : try FileSystem.read(path, limitBytes: DatasetPlan.limitBytes)
    guard let inShards else {
      if let own { return (own, nil) }
      throw StageFailure(
        .damaged, "cannot repair dataset", path: folder,
        found: "no plan.txt and no shard that can be read", expected: "one of them",
        remedy: "run the same shardify balance again")
    }
    if own == inShards.text { return (inShards.text, nil) }
    _ = try DatasetPlan(parsing: inShards.text, path: "\(folder)/shards/\(inShards.name)")
    let kept = try RepairStage.setAside(path)
    try FileSystem.writeAtomically(inShards.text, to: path)
    let what = kept.map { "was not that of the shards and is kept as \($0)" } ?? "was missing"
    return (inShards.text, "plan.txt \(what); it was taken from \(inShards.name)")
  }

  private func damaged(_ lost: [Lost], _ command: String) -> StageFailure {
    let shown = lost.prefix(20).map(\.line).joined(separator: "; ")
    let others = lost.count > 20 ? "; and \(lost.count - 20) more" : ""
    let count = lost.count == 1 ? "" : "\(lost.count) shards: "
    let there = lost.map { folder + "/" + $0.name }.filter { FileSystem.status($0) != nil }
    let remove = there.isEmpty ? "" : "rm \(there.prefix(20).joined(separator: " ")), then "
    return StageFailure(
      .damaged, "cannot make manifest", path: folder, found: count + shown + others,
      expected: "every shard whole",
      remedy: "\(remove)run the same balance again, which writes what is missing and the manifest: "
        + command)
  }

  /// A shard that must be written again.
  private struct Lost {
    var name: String
    /// The name and what is wrong.
    var line: String
  }

  private func training(
    _ plan: DatasetPlan, _ digest: SHA256.Digest
  ) throws -> ([ShardSummary], lost: [Lost]) {
    guard let count = plan["shard_count"].flatMap({ Int($0) }), (1...99_999).contains(count),
      let seed = plan["seed"].flatMap({ UInt64($0) }),
      let storeKey = plan["store_key"].flatMap({ StoreKey(hex: $0) })
    else {
      throw StageFailure(
        .damaged, "cannot repair dataset", path: folder + "/plan.txt",
        found: "no valid shard_count, seed or store_key", expected: "a plan that shardify wrote")
    }
    progress.start(.verifying, total: plan["budget_tokens"].flatMap { Int($0) } ?? 0)
    let lap = LapRule(
      storeKey: storeKey, seed: seed, languages: plan.rings.map { ($0.tag, $0.start) })
    let results = Mutex<[ShardSummary?]>(Array(repeating: nil, count: count))
    let lost = Mutex<[Int: String]>([:])
    try Parallel.forEach(below: count, threads: max(1, jobs)) {
      (shard: Int) throws(ShardsFailure) in
      if stop.isSet { return }
      let name = BalanceJob.relativePath(ofShard: shard, .train)
      switch try summary(name, plan, digest, shard, .train, lap.isFirstLap) {
      case .success(let summary):
        progress.done.wrappingAdd(summary.tokenCount, ordering: .relaxed)
        results.withLock { $0[shard] = summary }
      case .failure(let problem): lost.withLock { $0[shard] = problem.line }
      }
    }
    if stop.isSet {
      throw StageFailure(
        .stopped, "stopped", path: folder, found: "asked to end before all shards were read",
        remedy: "run the same command again")
    }
    let problems = lost.withLock { $0 }.sorted { $0.key < $1.key }.map {
      Lost(name: BalanceJob.relativePath(ofShard: $0.key, .train), line: $0.value)
    }
    return (results.withLock { $0.compactMap { $0 } }, problems)
  }

  private func heldOut(
    _ plan: DatasetPlan, _ digest: SHA256.Digest
  ) throws -> ([ShardSummary], lost: [Lost]) {
    var summaries: [ShardSummary] = []
    var lost: [Lost] = []
    while true {
      let number = summaries.count + lost.count
      let name = BalanceJob.relativePath(ofShard: number, .holdout)
      guard FileSystem.status(folder + "/" + name) != nil else { break }
      switch try summary(name, plan, digest, number, .holdout, { $0.pass == 0 }) {
      case .success(let summary): summaries.append(summary)
      case .failure(let problem): lost.append(Lost(name: name, line: problem.line))
      }
    }
    if !lost.isEmpty { return ([], lost) }
    // How many there were is not in the plan, but what they held is.
    for (number, language) in plan.mixed.enumerated() {
      let found = summaries.reduce(0) { sum, summary in
        summary.parts.first { $0.languageIndex == number }.map { sum + $0.documents } ?? sum
      }
      if found != language.heldOutDocuments {
        let name = BalanceJob.relativePath(ofShard: summaries.count, .holdout)
        let line =
          "\(name) missing (\(found) held-out documents of \(language.supply.tag), expected"
          + " \(language.heldOutDocuments))"
        return ([], [Lost(name: name, line: line)])
      }
    }
    return (summaries, [])
  }

  /// Reads a shard whole; a problem if it is missing, damaged or not of the plan.
  private func summary(
    _ name: String, _ plan: DatasetPlan, _ digest: SHA256.Digest, _ shard: Int,
    _ split: DatasetManifest.Split, _ isFirstLap: (ShardPiece) -> Bool
  ) throws(ShardsFailure) -> Result<ShardSummary, VerifyProblem> {
    let path = folder + "/" + name
    guard FileSystem.status(path)?.kind == .file else {
      return .failure(VerifyProblem(line: "\(name) missing"))
    }
    do throws(ShardsFailure) {
      let reader = try ShardReader(path: path)
      guard reader.header.plan == digest, reader.header.shard == shard,
        reader.header.isHoldout == (split == .holdout),
        reader.header.languages
          == (split == .train ? plan.rings.map(\.tag) : plan.mixed.map(\.supply.tag))
      else { return .failure(VerifyProblem(line: "\(name) is of another plan or number")) }
      let summary = try ShardSummary(reading: reader, isFirstLap: isFirstLap)
      guard summary.payloadDigest == reader.header.payload else {
        return .failure(VerifyProblem(line: "\(name) holds other ids than its header says"))
      }
      return .success(summary)
    } catch {
      return .failure(VerifyProblem(line: "\(name): \(error.found)"))
    }
  }
}
