import Files
import ShardifyCore

/// The state of one search.
struct InputSearch {
  private var files: [InputFile] = []
  private var skippedPaths: [String] = []

  mutating func add(_ argument: String) throws(IngestFailure) {
    if argument == "-" {
      files.append(.standardInput)
      return
    }
    let countBefore = files.count
    if let status = FileSystem.status(argument) {
      try addFound(argument, status: status)
    } else if GlobPattern.isPattern(argument) {
      for path in try matches(argument) {
        if let status = FileSystem.status(path) { try addFound(path, status: status) }
      }
    } else {
      throw IngestFailure(
        .missing, "cannot find input", path: argument,
        found: FileSystem.whyUnreadable(argument, "file or folder") ?? "no such file or folder",
        remedy: "check the path")
    }
    if files.count == countBefore { throw nothing(at: argument) }
  }

  private func nothing(at argument: String) -> IngestFailure {
    let isFolder = FileSystem.status(argument)?.kind == .folder
    return IngestFailure(
      .noInput, "cannot find inputs", path: argument,
      found: isFolder ? "a folder without inputs" : "no match",
      expected: isFolder
        ? "names that end in .jsonl, .ndjson, .json, .txt, .text or .md, or these with .gz or .zst"
        : "at least one file",
      remedy: "check the path")
  }

  /// A file, pipe or folder that an argument or a glob led to.
  private mutating func addFound(
    _ path: String, status: FileSystem.Status
  ) throws(IngestFailure) {
    switch status.kind {
    case .file:
      files.append(
        InputFile(
          path: path, name: path, fileSizeBytes: status.fileSizeBytes,
          modifiedNanoseconds: status.modifiedNanoseconds))
    case .other: files.append(InputFile(path: path, name: path))
    case .folder: try addFolder(path, name: "", ancestors: [])
    }
  }

  /// All inputs below a folder. A link that leads back to a folder above is passed over.
  private mutating func addFolder(
    _ folder: String, name: String, ancestors: [String]
  ) throws(IngestFailure) {
    let real = InputPath.real(folder) ?? folder
    if ancestors.contains(real) {
      skippedPaths.append(folder)
      return
    }
    let names: [String]
    do throws(FileFailure) {
      names = try FileSystem.names(in: folder)
    } catch {
      throw IngestFailure(
        .unreadable, error.what, path: folder, found: error.found, remedy: error.remedy)
    }
    for child in names where !child.hasPrefix(".") {
      let path = InputPath.join(folder, child)
      let childName = name.isEmpty ? child : name + "/" + child
      guard let status = FileSystem.status(path) else {
        skippedPaths.append(path)
        continue
      }
      if status.kind == .folder {
        try addFolder(path, name: childName, ancestors: ancestors + [real])
      } else if status.kind == .file && InputFormat.named(child) != nil {
        files.append(
          InputFile(
            path: path, name: childName, fileSizeBytes: status.fileSizeBytes,
            modifiedNanoseconds: status.modifiedNanoseconds))
      } else {
        skippedPaths.append(path)
      }
    }
  }

  // MARK: Globs

  /// Paths that match a glob, sorted by bytes.
  private func matches(_ pattern: String) throws(IngestFailure) -> [String] {
    let parts = pattern.split(separator: "/").map(String.init)
    var found: [String] = []
    try expand(pattern.hasPrefix("/") ? "/" : "", parts[...], depth: 0, into: &found)
    return found
  }

  private func expand(
    _ folder: String, _ parts: ArraySlice<String>, depth: Int, into found: inout [String]
  ) throws(IngestFailure) {
    guard let part = parts.first else {
      found.append(folder)
      return
    }
    let rest = parts.dropFirst()
    if !GlobPattern.isPattern(part) {
      let path = InputPath.join(folder, part)
      if FileSystem.status(path) != nil {
        try expand(path, rest, depth: depth, into: &found)
      }
      return
    }
    // A folder that cannot be listed matches nothing, as in a shell.
    let names = (try? FileSystem.names(in: folder.isEmpty ? "." : folder)) ?? []
    if part == "**" {
      if !rest.isEmpty { try expand(folder, rest, depth: depth, into: &found) }
      // Links may lead in circles; no real tree is this deep.
      guard depth < 64 else { return }
      for name in names where !name.hasPrefix(".") {
        let path = InputPath.join(folder, name)
        if FileSystem.status(path)?.kind == .folder {
          try expand(path, parts, depth: depth + 1, into: &found)
        } else if rest.isEmpty {
          found.append(path)
        }
      }
      return
    }
    let glob = GlobPattern(part)
    for name in names where glob.matches(name) {
      try expand(InputPath.join(folder, name), rest, depth: depth, into: &found)
    }
  }

  // MARK: Result

  /// Sorted, without duplicates, with names that differ.
  func result() -> FoundInputs {
    var seen: Set<String> = []
    var unique: [InputFile] = []
    for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) })
    where seen.insert(file.path == "-" ? "-" : InputPath.real(file.path) ?? file.path).inserted {
      unique.append(file)
    }
    var uses: [String: Int] = [:]
    for file in unique { uses[file.name, default: 0] += 1 }
    let named = unique.map { file in
      uses[file.name] == 1
        ? file
        : InputFile(
          path: file.path, name: file.path, fileSizeBytes: file.fileSizeBytes,
          modifiedNanoseconds: file.modifiedNanoseconds)
    }
    let skipped = Set(skippedPaths).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return FoundInputs(files: named, skippedPaths: skipped)
  }
}
