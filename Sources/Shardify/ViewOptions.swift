import ShardifyCore

/// Which documents of a store take part, and under which language: asked for, not yet read.
public struct ViewOptions: Sendable {
  /// Conditions every document must meet; `docs/filters.md` has the language.
  public var conditions: [String] = []
  /// A file of content hashes that must not take part.
  public var excludedHashesPath: String?
  /// The excluded hashes, if they were read before; instead of the path.
  public var excludedHashes: ExcludedHashes?
  /// A file that files languages under other tags.
  public var labelMapPath: String?
  /// The map, if it was read before; instead of the path.
  public var labelMap: LabelMap?
  /// The patterns of sources that each language is divided by; nil: it is not.
  var sourcePatterns: [String]?

  /// All documents under their own languages.
  public init() {}
}
