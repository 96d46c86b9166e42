/// What a search for inputs found.
public struct FoundInputs: Sendable, Equatable {
  /// Inputs sorted by the bytes of their paths, no file twice.
  public var files: [InputFile]
  /// Paths inside given folders that were passed over because their names are not of an input,
  /// or because they cannot be followed; hidden ones are not counted.
  public var skippedPaths: [String]
}
