/// One input of an ingest.
public struct InputFile: Sendable, Equatable {
  /// What to open; `-` is standard input.
  public let path: String
  /// How the user named it; for a file found in a folder, the path below that folder.
  public let name: String
  /// Size on disk in bytes, compressed if it is; 0 for a pipe.
  public let fileSizeBytes: Int
  /// Time of the last change in nanoseconds since 1970; 0 for a pipe.
  public let modifiedNanoseconds: Int64

  /// Makes an input; see the properties.
  public init(path: String, name: String, fileSizeBytes: Int = 0, modifiedNanoseconds: Int64 = 0) {
    self.path = path
    self.name = name
    self.fileSizeBytes = fileSizeBytes
    self.modifiedNanoseconds = modifiedNanoseconds
  }

  /// Standard input.
  public static let standardInput = InputFile(path: "-", name: "-")
}
