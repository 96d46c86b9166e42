import Glibc
import ShardifyCore

/// Folders and whole files.
public enum FileSystem {
  /// What stands at a path.
  public enum Kind: Sendable { case file, folder, other }

  /// What `stat` says of a path.
  public struct Status: Sendable {
    /// File, folder or something else (a pipe, a device).
    public let kind: Kind
    /// Size in bytes.
    public let fileSizeBytes: Int
    /// Time of the last change, in nanoseconds.
    public let modifiedNanoseconds: Int64
  }

  /// What stands at a path, following links; nil if nothing does.
  public static func status(_ path: String) -> Status? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    let kind: Kind
    switch info.st_mode & S_IFMT {
    case S_IFREG: kind = .file
    case S_IFDIR: kind = .folder
    default: kind = .other
    }
    let time = Int64(info.st_mtim.tv_sec) * 1_000_000_000 + Int64(info.st_mtim.tv_nsec)
    return Status(kind: kind, fileSizeBytes: Int(info.st_size), modifiedNanoseconds: time)
  }

  /// Why `status` found nothing at a path, or why it cannot be read; nil if it is there and can.
  ///
  /// - Parameter what: What is looked for: `file`, `folder`.
  public static func whyUnreadable(_ path: String, _ what: String = "file") -> String? {
    if access(path, R_OK) == 0 { return nil }
    switch errno {
    case EACCES: return "permission denied"
    case ENOTDIR: return "a path through a file"
    case ELOOP: return "a link that leads to itself"
    default: return "no such \(what)"
    }
  }

  /// The names in a folder, sorted by bytes, without `.` and `..`.
  public static func names(in folder: String) throws(FileFailure) -> [String] {
    guard let handle = opendir(folder) else {
      throw .system("cannot list folder", path: folder)
    }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Makes a folder and those above it.
  public static func makeFolders(_ path: String) throws(FileFailure) {
    if path.isEmpty || status(path)?.kind == .folder { return }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolders(String(path[..<slash]))
    }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw .system("cannot make folder", path: path)
    }
  }

  /// A whole file; refused if it has more than `limitBytes` bytes.
  public static func read(_ path: String, limitBytes: Int) throws(FileFailure) -> [UInt8] {
    let file = try MappedFile(path: path)
    guard file.bytes.count <= limitBytes else {
      throw FileFailure(
        .tooLarge, "cannot read file", path: path, found: "\(file.bytes.count) bytes",
        expected: "at most \(limitBytes) bytes")
    }
    return Array(file.bytes)
  }

  /// Publishes bytes under a name: whole or not at all, and on the device before it returns.
  public static func writeAtomically(_ bytes: [UInt8], to path: String) throws(FileFailure) {
    var file = try AtomicFile(path: path)
    try file.write(bytes)
    try file.publish()
  }

  /// Removes a file if it is there.
  public static func remove(_ path: String) throws(FileFailure) {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw .system("cannot remove file", path: path)
    }
  }

  /// Waits until the names in a folder are on the device.
  public static func syncFolder(_ path: String) throws(FileFailure) {
    let folder = path.isEmpty ? "." : path
    let number = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .system("cannot open folder", path: folder) }
    defer { close(number) }
    guard fsync(number) == 0 || errno == EINVAL else {
      throw .system("cannot write folder", path: folder)
    }
  }

  /// The absolute path of something that is there, links resolved.
  public static func absolute(_ path: String) throws(FileFailure) -> String {
    guard let resolved = realpath(path, nil) else {
      throw .system("cannot open file", path: path)
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The folder of a path: everything before the last `/`, or `.`.
  public static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Whether a relative path stays inside its folder: not absolute, not empty, no `..`, no NUL.
  public static func staysInside(_ relative: String) -> Bool {
    guard !relative.isEmpty, !relative.hasPrefix("/"), !relative.utf8.contains(0) else {
      return false
    }
    return !relative.split(separator: "/", omittingEmptySubsequences: false)
      .contains { $0 == ".." || $0 == "." || $0.isEmpty }
  }
}

extension FileSystem {
  /// Gives a finished file its name and makes the name last.
  public static func rename(_ from: String, to path: String) throws(FileFailure) {
    let number = open(from, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .system("cannot open file", path: from) }
    defer { close(number) }
    guard fsync(number) == 0, Glibc.rename(from, path) == 0 else {
      throw .system("cannot write file", path: path)
    }
    try syncFolder(parent(path))
  }
}
