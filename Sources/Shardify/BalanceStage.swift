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

  /// What a balance planned, and what it wrote unless that was all.
  public struct Outcome: Sendable {
    /// The mixture.
    public var plan: MixturePlan
    /// Shards of the dataset.
    public var shardCount: Int
    /// What it goes on from.
    public var continuation: Continuation?
    /// The most tokens by which the last pieces of languages may run over their quotas.
    public var overrunTokens = 0
    /// Training shards that were written now; the others were there.
    public var writtenShards = 0
    /// What filters left out.
    public var filters: FilterSummary
    /// What was written; nil of a plan alone.
    public var manifest: DatasetManifest?
  }

  /// What `run` would write.
  public func plan() throws -> Outcome {
    let (_, prepared) = try prepare()
    return Outcome(
      plan: prepared.plan, shardCount: prepared.shardCount, continuation: prepared.continuation,
      overrunTokens: prepared.overrunTokens, filters: FilterSummary(prepared))
  }

  /// Writes what is missing of the dataset; gives the manifest and the plan.
  public func run() throws -> Outcome {
    guard let folder = options.dataset else {
      throw StageFailure(.options, "cannot balance", found: "no dataset folder", expected: "--to")
    }
    let (planner, prepared) = try prepare()
    let (manifest, written) = try write(prepared, store: planner.store, to: folder)
    progress.start(.done, total: 0)
    return Outcome(
      plan: prepared.plan, shardCount: prepared.shardCount, continuation: prepared.continuation,
      overrunTokens: prepared.overrunTokens, writtenShards: written,
      filters: FilterSummary(prepared), manifest: manifest)
  }

  private func prepare() throws -> (BalancePlanner, PreparedBalance) {
    // Asked before the store is read, which may take long.
    try options.mixture.check()
    let (planner, continuation) = try open(sourcePatterns: options.mixture.sourceWeights?.patterns)
    let prepared = try planner.prepare(
      options.mixture, shardCount: options.shardCount, continuation: continuation)
    return (planner, prepared)
  }

  /// Reads the store, and where the dataset to go on from stopped.
  ///
  /// - Parameter sourcePatterns: By what the mixtures to plan divide languages; nil if none does.
  func open(sourcePatterns: [String]?) throws -> (BalancePlanner, Continuation?) {
    let store = try TokenStore.open(options.store)
    let parent = try options.continuing.map { try ContinuationReader($0) }
    let seed = try parent?.seed(asked: options.seed) ?? options.seed ?? 0
    // Asked before the store is read, which may take long.
    _ = try options.shardCount(asked: options.shardCount, budget: 1)
    let planner = try BalancePlanner(
      store: store, options: options, sourcePatterns: sourcePatterns, seed: seed,
      progress: progress)
    return (planner, try parent?.read(store: store, runs: planner.view.runs))
  }

  /// Writes what is missing of a dataset that has been planned; gives how many shards that was.
  func write(
    _ prepared: PreparedBalance, store: TokenStore, to folder: String
  ) throws -> (DatasetManifest, writtenShards: Int) {
    let job = try BalanceJob(folder: folder, store: store, prepared: prepared, options: options)
    let lock = try DatasetFolder(job: job).open()
    defer { withExtendedLifetime(lock) {} }
    let manifestPath = folder + "/manifest.sqlite"
    // Asked before the work: a manifest that is locked or of a newer version stays as it is.
    if FileSystem.status(manifestPath) != nil { _ = try DatasetRepair.readable(manifestPath) }
    progress.start(.writing, total: prepared.plan.budget)
    let (summaries, written) = try writeShards(job)
    if stop.isSet { throw stopped(folder) }
    let heldOut = try HoldoutShards(job: job, shardTokens: options.shardTokens).run()
    var manifest = try ManifestBuilder(
      plan: job.text, planDigest: job.planDigest, summaries: summaries, heldOut: heldOut,
      folder: store.folder
    ).build()
    manifest.provenance = [
      "shardify_version": ShardifyVersion.text, "store": options.store, "jobs": "\(options.jobs)",
    ]
    manifest.provenance["command"] = options.commandLine
    if FileSystem.status(manifestPath) != nil,
      try DatasetRepair.readable(manifestPath)?.dataset != manifest.dataset
    {
      _ = try RepairStage.setAside(manifestPath)
    }
    try ManifestFile.write(manifest, to: manifestPath)
    return (manifest, written)
  }

  private func stopped(_ folder: String) -> StageFailure {
    StageFailure(
      .stopped, "stopped", path: folder, found: "asked to end before all shards were written",
      remedy: "run the same command again to go on from here")
  }

  private func writeShards(
    _ job: BalanceJob
  ) throws -> (summaries: [ShardSummary], written: Int) {
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
    return (summaries.withLock { $0.compactMap { $0 } }, missing.count)
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
