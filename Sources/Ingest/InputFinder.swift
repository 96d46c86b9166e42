import ShardifyCore

/// Finds the inputs that arguments name: files, folders with all below them, globs that the shell
/// left alone, `-` for standard input.
public enum InputFinder {
  /// The inputs; see `search`.
  public static func find(_ arguments: [String]) throws(IngestFailure) -> [InputFile] {
    try search(arguments).files
  }

  /// Finds inputs. Inside folders, and in folders that a glob matches, only names of known
  /// formats count (`.jsonl .ndjson .json .txt .text .md`, also with `.gz .zst .zstd`) and names
  /// that start with a dot do not. A file that is named, or matched by a glob, counts whatever
  /// its name.
  ///
  /// A file reached in several ways, also through links, is one input, under the name that sorts
  /// first. Where two files would have the same name, both keep their paths as names.
  ///
  /// - Throws: If a path is missing, if an argument leads to no input, or none is given.
  public static func search(_ arguments: [String]) throws(IngestFailure) -> FoundInputs {
    var search = InputSearch()
    guard !arguments.isEmpty else {
      throw IngestFailure(
        .noInput, "cannot find inputs", found: "no path",
        expected: "files, folders, globs or - for standard input")
    }
    for argument in arguments { try search.add(argument) }
    return search.result()
  }
}
