import Balance
import Files
import Manifest
import ShardifyCore

/// Writes several mixtures one after another, each going on where the last stopped.
public struct StagesBalance: Sendable {
  private let options: BalanceOptions
  private let stages: [MixtureStage]
  private let progress: Progress
  private let stop: StopFlag

  /// - Parameter options: As for one dataset; the mixture and number of shards are those of each
  ///   stage, and what is continued is what the first goes on from.
  public init(
    options: BalanceOptions, stages: [MixtureStage], progress: Progress, stop: StopFlag
  ) {
    self.options = options
    self.stages = stages
    self.progress = progress
    self.stop = stop
  }

  /// What `run` would write, stage by stage.
  public func plan() throws -> [BalanceStage.Outcome] {
    let stage = BalanceStage(options: options, progress: progress, stop: stop)
    var (planner, continuation) = try stage.open(sourcePatterns: try sourcePatterns())
    var outcomes: [BalanceStage.Outcome] = []
    for next in stages {
      let prepared = try prepare(next, planner, continuation)
      outcomes.append(
        BalanceStage.Outcome(
          plan: prepared.plan, shardCount: prepared.shardCount, continuation: continuation,
          overrunTokens: prepared.overrunTokens, filters: FilterSummary(prepared)))
      continuation = try planner.end(of: prepared)
    }
    return outcomes
  }

  /// Writes what is missing of all stages. Everything is planned before anything is written.
  public func run() throws -> [BalanceStage.Outcome] {
    guard let folder = options.dataset else {
      throw StageFailure(.options, "cannot balance", found: "no dataset folder", expected: "--to")
    }
    let root = StagesFolder(path: folder)
    let stage = BalanceStage(options: options, progress: progress, stop: stop)
    var (planner, continuation) = try stage.open(sourcePatterns: try sourcePatterns())
    try check(planner, continuation)
    let lock = try root.open(stages.map(\.name))
    defer { withExtendedLifetime(lock) {} }
    var outcomes: [BalanceStage.Outcome] = []
    for next in stages {
      let prepared = try prepare(next, planner, continuation)
      let (manifest, written) = try stage.write(
        prepared, store: planner.store, to: root.stage(next.name))
      outcomes.append(
        BalanceStage.Outcome(
          plan: prepared.plan, shardCount: prepared.shardCount, continuation: continuation,
          overrunTokens: prepared.overrunTokens, writtenShards: written,
          filters: FilterSummary(prepared), manifest: manifest))
      continuation = try ContinuationReader(ContinueOptions(dataset: root.stage(next.name)))
        .read(store: planner.store, runs: planner.view.runs)
    }
    progress.start(.done, total: 0)
    return outcomes
  }

  /// By what the stages divide languages: those that do must agree.
  private func sourcePatterns() throws -> [String]? {
    var found: (stage: String, patterns: [String])?
    for stage in stages {
      do throws(BalanceFailure) {
        try stage.mixture.check()
      } catch {
        var failure = error
        failure.path = failure.path ?? "stage \(stage.name)"
        throw failure
      }
      guard let patterns = stage.mixture.sourceWeights?.patterns else { continue }
      if let found, found.patterns != patterns {
        throw StageFailure(
          .options, "cannot balance", path: "stage \(stage.name)",
          found: "source weights for other patterns than in stage \(found.stage)",
          expected: "the same patterns in the same order, with any weights",
          remedy: "give all of them in each stage; weight 1 is that of other sources")
      }
      found = (stage.name, patterns)
    }
    return found?.patterns
  }

  /// Plans all stages, so that one that cannot be is told before the first is written.
  private func check(_ planner: BalancePlanner, _ first: Continuation?) throws {
    var continuation = first
    for next in stages {
      continuation = try planner.end(of: try prepare(next, planner, continuation))
    }
  }

  /// - Throws: What planning throws, with the name of the stage.
  private func prepare(
    _ stage: MixtureStage, _ planner: BalancePlanner, _ continuation: Continuation?
  ) throws -> PreparedBalance {
    do {
      return try planner.prepare(
        stage.mixture, shardCount: stage.shardCount ?? options.shardCount,
        continuation: continuation)
    } catch var error as BalanceFailure {
      error.path = error.path ?? "stage \(stage.name)"
      throw error
    } catch var error as StageFailure {
      error.path = error.path ?? "stage \(stage.name)"
      throw error
    }
  }
}

extension BalancePlanner {
  /// Where the next stage goes on after all of a planned dataset, as its shards will say.
  func end(of prepared: PreparedBalance) throws -> Continuation {
    var starts = prepared.starts
    var scans: [LanguageTag: StoreScan.Language] = [:]
    for language in prepared.scan.languages { scans[language.supply.tag] = language }
    for plan in prepared.plan.rings {
      // The end of what a part gave is written in place of where it started.
      guard let scan = scans[plan.tag]?.ring(plan.part) else { continue }
      let stream = LanguageStream(
        ringIndex: 0, plan: plan, scan: scan, view: view, seed: seed,
        zstd: try StoreView.decompressor())
      if let end = try stream.end() { starts.set(end, plan.tag, plan.part) }
    }
    return Continuation(
      fingerprint: "planned", shards: prepared.shardCount, shardCount: prepared.shardCount,
      givenTokens: prepared.plan.budget, remainingTokens: 0, skippedTokens: 0, starts: starts,
      sourcePatterns: prepared.plan.mixture.sourceWeights?.patterns)
  }
}
