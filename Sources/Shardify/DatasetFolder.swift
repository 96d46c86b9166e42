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
    if let other = DatasetFolder.otherStore(have, want) {
      throw StageFailure(
        .options, "cannot go on with dataset", path: job.folder,
        found: "a dataset of another store, or of this one before it changed (\(other.found))",
        expected: other.expected,
        remedy: "name the store it was made from, or another folder with --to")
    }
    let differing = zip(have, want).first { $0 != $1 }
    func plain(_ line: Substring?) -> String {
      line.map { $0.split(separator: "\t").joined(separator: " ") } ?? "another number of lines"
    }
    throw StageFailure(
      .options, "cannot go on with dataset", path: job.folder,
      found: "another plan (\(plain(differing?.0)))", expected: plain(differing?.1),
      remedy: "use the same options and store, or name another folder with --to")
  }

  /// What says that two plans are of different stores, whatever else differs: everything follows from
  /// it. Nil if nothing does, or if they see their stores through different filters.
  private static func otherStore(
    _ have: [Substring], _ want: [Substring]
  ) -> (found: String, expected: String)? {
    func facts(_ lines: [Substring]) -> [Substring: Substring] {
      var facts: [Substring: Substring] = [:]
      for line in lines {
        let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[0] != "language" { facts[parts[0]] = parts[1] }
      }
      return facts
    }
    /// By tag: what there is of a language, and the digest of its keys.
    func languages(_ lines: [Substring]) -> [String: [Substring]] {
      var found: [String: [Substring]] = [:]
      for line in lines where line.hasPrefix("language\t") {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        if fields.count > 6, let digest = fields.last {
          found[String(fields[1])] = [fields[2], fields[4], digest]
        }
      }
      return found
    }
    let (found, expected) = (facts(have), facts(want))
    for (key, what) in [
      ("store_key", "store key"), ("tokenizer_sha256", "tokenizer"),
      ("documents_in", "documents read"),
    ] {
      guard let a = found[key[...]], let b = expected[key[...]], a != b else { continue }
      return ("\(what) \(a.prefix(16))", "\(what) \(b.prefix(16))")
    }
    for key in ["where", "label_map", "exclude_hashes_sha256"]
    where found[key[...]] != expected[key[...]] { return nil }
    let (a, b) = (languages(have), languages(want))
    let tags = Set(a.keys).union(b.keys).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard let tag = tags.first(where: { a[$0] != b[$0] }) else { return nil }
    func text(_ row: [Substring]?) -> String {
      row.map { "\(tag) with \($0[0]) documents, \($0[1]) tokens" } ?? "no \(tag)"
    }
    let same = text(a[tag]) == text(b[tag])
    return (text(a[tag]), same ? "other documents" : text(b[tag]))
  }
}
