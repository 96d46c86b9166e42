import Balance
import Files
import Manifest
import ShardifyCore

/// Checks a dataset of stages: each stage, and that each goes on where the last stopped.
public struct StagesVerify: Sendable {
  private let folder: String
  private let store: String?
  /// The list of content hashes the stages were made without.
  public var excludedHashes: String?
  private let jobs: Int
  private let progress: Progress
  private let stop: StopFlag

  /// Nil if the folder holds no stages.
  public init?(
    dataset: String, store: String?, jobs: Int, progress: Progress, stop: StopFlag
  ) {
    guard StagesFolder.isOne(dataset) else { return nil }
    folder = dataset
    self.store = store
    self.jobs = jobs
    self.progress = progress
    self.stop = stop
  }

  /// The report of each stage, by name; problems of the chain are in that of the later stage.
  public func run() throws -> [(name: String, report: VerifyReport)] {
    let root = StagesFolder(path: folder)
    var reports: [(name: String, report: VerifyReport)] = []
    var former: (name: String, manifest: DatasetManifest)?
    for name in try root.names() {
      let path = root.stage(name)
      guard FileSystem.status(path + "/manifest.sqlite") != nil else {
        var report = VerifyReport()
        report.problems = [
          "\(name): no manifest.sqlite in it; run shardify repair \(path), or the same balance again"
            + " to finish it"
        ]
        reports.append((name, report))
        former = nil
        continue
      }
      var stage = VerifyStage(
        dataset: path, store: store, jobs: jobs, progress: progress, stop: stop)
      stage.excludedHashes = excludedHashes
      var report = try stage.run()
      let manifest = try? ManifestFile.read(path + "/manifest.sqlite")
      if let former, let manifest, report.isClean {
        report.problems = chain(former, (name, manifest), root)
      }
      former = manifest.map { (name, $0) }
      reports.append((name, report))
    }
    return reports
  }

  private func chain(
    _ former: (name: String, manifest: DatasetManifest),
    _ next: (name: String, manifest: DatasetManifest), _ root: StagesFolder
  ) -> [String] {
    var problems = VerifyProblems()
    let facts = next.manifest.dataset
    problems.compare(
      "\(next.name): parent_fingerprint", found: facts["parent_fingerprint"] ?? "none",
      expected: former.manifest.dataset["fingerprint"] ?? "none")
    problems.compare(
      "\(next.name): parent_shards", found: facts["parent_shards"] ?? "none",
      expected: former.manifest.dataset["shard_count"] ?? "none")
    do {
      let reader = try ContinuationReader(ContinueOptions(dataset: root.stage(former.name)))
      let starts = try reader.starts()
      // A language that is divided from here on hands its place on to its parts.
      let own = RingStarts(next.manifest)
      var before = starts
      let patterns = SourceParts.patterns(facts[SourceParts.fact])
      if let patterns {
        for row in next.manifest.languages where row.bindingRule != DatasetPlan.excluded {
          before.divide(row.tag, patterns.count + 1)
        }
      }
      for tag in own.tags.union(before.tags).sorted() {
        let numbers = Set(own.parts[tag]?.keys.map { $0 } ?? [])
          .union(before.parts[tag]?.keys.map { $0 } ?? []).sorted()
        for part in [nil] + numbers.map(Optional.some) {
          let name = part.map { "\(tag) \(SourceParts.name(of: $0, patterns ?? []))" } ?? "\(tag)"
          problems.compare(
            "\(next.name): where \(name) starts, against where \(former.name) stops",
            found: StagesVerify.text(own[tag, part]), expected: StagesVerify.text(before[tag, part])
          )
        }
      }
    } catch {
      problems.add("\(former.name): \(error)")
    }
    return problems.report
  }

  private static func text(_ start: RingStart) -> String {
    "pass \(start.pass) key \(Hex.string(start.key?.bytes ?? []))"
  }
}
