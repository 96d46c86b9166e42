import Balance
import Compression
import Files
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// Turns a token store into a dataset: plans the mixture, then merges the store into shards.
public struct BalanceStage: Sendable {
  private let options: BalanceOptions
  private let progress: Progress
  private let stop: StopFlag

  /// Makes a stage; `run` or `plan` does the work.
  public init(options: BalanceOptions, progress: Progress, stop: StopFlag) {
    self.options = options
    self.progress = progress
    self.stop = stop
  }

  /// What `run` would write.
  public func plan() throws -> (plan: MixturePlan, shardCount: Int) {
    let store = try TokenStore.open(options.store)
    let (_, _, plan, shards) = try prepare(store)
    return (plan, shards)
  }

  /// Writes what is missing of the dataset; gives the manifest and the plan.
  public func run() throws -> (manifest: DatasetManifest, plan: MixturePlan) {
    guard let folder = options.dataset else {
      throw StageFailure(.options, "cannot balance", found: "no dataset folder", expected: "--to")
    }
    let store = try TokenStore.open(options.store)
    let (view, scan, plan, shardCount) = try prepare(store)
    let job = BalanceJob(
      folder: folder, store: store, view: view, plan: plan, scan: scan, options: options,
      shardCount: shardCount)
    let lock = try DatasetFolder(job: job).open()
    defer { withExtendedLifetime(lock) {} }
    progress.start(.writing, total: plan.budget)
    let summaries = try writeShards(job)
    if stop.isSet { throw stopped(folder) }
    let heldOut = try HoldoutShards(job: job, shardTokens: options.shardTokens).run()
    let manifest = try ManifestBuilder(
      job: job, store: store, scan: scan, options: options, summaries: summaries,
      heldOut: heldOut
    ).build()
    try ManifestFile.write(manifest, to: folder + "/manifest.sqlite")
    progress.start(.done, total: 0)
    return (manifest, plan)
  }

  private func stopped(_ folder: String) -> StageFailure {
    StageFailure(
      .stopped, "stopped", path: folder, found: "asked to end before all shards were written",
      remedy: "run the same command again to go on from here")
  }

  private func prepare(
    _ store: TokenStore
  ) throws -> (StoreView, StoreScan, MixturePlan, Int) {
    let view = try StoreView(store: store, options: options.view)
    if try !store.catalog.isFinished() {
      throw StageFailure(
        .options, "cannot balance", path: options.store,
        found: "the last shardify ingest into it did not finish",
        expected: "a store whose inputs are read to their end",
        remedy: "run the same shardify ingest again, or without the input that failed")
    }
    let scan = try StoreScan(
      view: view, seed: options.seed, jobs: options.jobs, progress: progress)
    let plan = try planMixture(
      scan.languages.map(\.supply).filter { $0.tokens > 0 }, options.mixture)
    return (view, scan, plan, try shardCount(plan.budget))
  }

  private func shardCount(_ budget: Int) throws -> Int {
    guard (-7...22).contains(options.compressionLevel) else {
      throw StageFailure(
        .options, "cannot balance", found: "--compression-level \(options.compressionLevel)",
        expected: "from -7 to 22")
    }
    if let count = options.shardCount {
      guard (1...99_999).contains(count) else {
        throw StageFailure(
          .options, "cannot balance", found: "--shards \(count)", expected: "from 1 to 99999")
      }
      return count
    }
    guard options.shardTokens > 0 else {
      throw StageFailure(
        .options, "cannot balance", found: "--shard-size \(options.shardTokens)",
        expected: "at least 1 token")
    }
    let count = max(1, (budget + options.shardTokens / 2) / options.shardTokens)
    guard count <= 99_999 else {
      throw StageFailure(
        .options, "cannot balance", found: "\(count) shards of \(options.shardTokens) tokens",
        expected: "at most 99999 shards", remedy: "give a larger --shard-size")
    }
    return count
  }

  private func writeShards(_ job: BalanceJob) throws -> [ShardSummary] {
    let summaries = Mutex<[ShardSummary?]>(Array(repeating: nil, count: job.shardCount))
    let jobs = max(1, min(options.jobs, options.memoryBytes / 2 / max(1, job.writerBytes)))
    let existing = ExistingShards(job: job)
    try Parallel.forEach(below: job.shardCount, threads: jobs) {
      (shard: Int) throws(ShardsFailure) in
      guard let found = try existing.summary(of: shard) else { return }
      progress.done.wrappingAdd(found.tokenCount, ordering: .relaxed)
      summaries.withLock { $0[shard] = found }
    }
    let missing = summaries.withLock { all in all.indices.filter { all[$0] == nil } }
    let ranges = BalanceStage.ranges(missing, jobs: jobs)
    let merge = ShardMerge(job: job, progress: progress, stop: stop)
    try Parallel.forEach(below: ranges.count, threads: jobs) {
      (number: Int) throws(ShardsFailure) in
      try merge.run(ranges[number]) { shard, summary in
        summaries.withLock { $0[shard] = summary }
      }
    }
    return summaries.withLock { $0.compactMap { $0 } }
  }

  /// Cuts the missing shards into runs of neighbours, each at most a job's part of them: a writer
  /// that goes on to the next shard need not look for its place again.
  static func ranges(_ missing: [Int], jobs: Int) -> [Range<Int>] {
    let most = max(1, (missing.count + jobs - 1) / max(1, jobs))
    var ranges: [Range<Int>] = []
    for shard in missing {
      if let last = ranges.last, last.upperBound == shard, last.count < most {
        ranges[ranges.count - 1] = last.lowerBound..<shard + 1
      } else {
        ranges.append(shard..<shard + 1)
      }
    }
    return ranges
  }
}
