import Files
import Manifest
import ShardifyCore
import Shards

/// Makes a manifest anew from plan and shards, or a catalog from runs. Never destroys: a file that
/// is there is kept under another name.
public struct RepairStage: Sendable {
  private let path: String
  private let jobs: Int
  private let progress: Progress
  private let stop: StopFlag

  /// - Parameters:
  ///   - path: The folder of a dataset or of a token store.
  ///   - jobs: Shards read at the same time.
  public init(path: String, jobs: Int, progress: Progress, stop: StopFlag) {
    self.path = path
    self.jobs = jobs
    self.progress = progress
    self.stop = stop
  }

  /// Repairs what stands at the path.
  public func run() throws -> RepairReport {
    guard FileSystem.status(path)?.kind == .folder else {
      let absent = FileSystem.whyUnreadable(path, "folder") ?? "no such folder"
      throw refused(FileSystem.status(path) == nil ? absent : "a file")
    }
    let report: RepairReport
    if let stages = StagesFolder.refusal(path, "cannot repair") { throw stages }
    let names = try FileSystem.names(in: path)
    if names.contains("runs") || names.contains("catalog.sqlite") {
      report = try StoreRepair(folder: path, jobs: jobs).run()
    } else if names.contains("shards") || names.contains("plan.txt") {
      report = try DatasetRepair(folder: path, jobs: jobs, progress: progress, stop: stop).run()
    } else {
      throw refused("no shards and no runs in it")
    }
    progress.start(.done, total: 0)
    return report
  }

  private func refused(_ found: String) -> StageFailure {
    StageFailure(
      .options, "cannot repair", path: path, found: found,
      expected: "the folder of a dataset or of a token store", remedy: "check the path")
  }

  /// Gives a file a name at which it is out of the way, a journal of SQLite's beside it likewise;
  /// nil if it is not there.
  static func setAside(_ path: String) throws -> String? {
    var kept: String?
    var number = 1
    while FileSystem.status("\(path).before-repair-\(number)") != nil { number += 1 }
    for suffix in ["", "-journal", "-wal"] where FileSystem.status(path + suffix) != nil {
      let name = "\(path).before-repair-\(number)\(suffix)"
      try FileSystem.rename(path + suffix, to: name)
      if suffix.isEmpty { kept = name }
    }
    return kept
  }
}
