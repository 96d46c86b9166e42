import Files
import ShardifyCore

/// Readies a dataset's folder for writing, or refuses it.
struct DatasetFolder {
  let job: BalanceJob

  /// Makes the folder, or checks that it holds this plan; removes what a killed process left.
  func open() throws -> FileLock {
    let folder = job.folder
    // The paths of an empty one would begin at the root.
    guard !folder.isEmpty else {
      throw StageFailure(
        .options, "cannot make dataset", found: "an empty path", expected: "a folder",
        remedy: "name one with --to")
    }
    let planPath = folder + "/plan.txt"
    if let status = FileSystem.status(folder) {
      guard status.kind == .folder else {
        throw StageFailure(
          .options, "cannot make dataset", path: folder, found: "a file", expected: "a folder",
          remedy: "name another folder with --to")
      }
      let names = try FileSystem.names(in: folder)
      if StagesFolder.isOne(folder) {
        throw StageFailure(
          .options, "cannot make dataset", path: folder, found: "a folder of stages",
          expected: "a new or empty folder, or this dataset begun before",
          remedy: "name one of its stages, or another folder, with --to")
      }
      let foreign = names.filter { name in
        !["plan.txt", "shards", "holdout", "manifest.sqlite", "lock"].contains(name)
          && !name.hasSuffix(".partial") && !name.hasSuffix("-journal")
      }
      guard foreign.isEmpty || names.contains("plan.txt") else {
        throw StageFailure(
          .options, "cannot make dataset", path: folder,
          found: "a folder that holds \(foreign[0]) and is no dataset",
          expected: "a new or empty folder, or this dataset begun before",
          remedy: "name another folder with --to")
      }
    }
    try FileSystem.makeFolders(folder + "/shards")
    try FileSystem.makeFolders(folder + "/holdout")
    let lock = try FileLock(path: folder + "/lock", purpose: "shardify balance")
    if FileSystem.status(planPath) != nil {
      try check(try FileSystem.read(planPath, limitBytes: 256 << 20))
    } else {
      try FileSystem.writeAtomically(job.planText, to: planPath)
    }
    for part in ["/shards", "/holdout"] {
      for name in try FileSystem.names(in: folder + part) where name.hasSuffix(".partial") {
        try FileSystem.remove(folder + part + "/" + name)
      }
    }
    return lock
  }

  private func check(_ text: [UInt8]) throws {
    if text == job.planText { return }
    let have = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let want = String(decoding: job.planText, as: UTF8.self).split(separator: "\n")
    let differing = zip(have, want).first { $0 != $1 }
    func plain(_ line: Substring?) -> String {
      line.map { $0.split(separator: "\t").joined(separator: " ") } ?? "another number of lines"
    }
    throw StageFailure(
      .options, "cannot go on with dataset", path: job.folder,
      found: "another plan (\(plain(differing?.0)))", expected: plain(differing?.1),
      remedy: "use the same options and store, or name another folder with --to")
  }
}
