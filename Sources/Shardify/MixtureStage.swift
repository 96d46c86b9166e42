import Balance

/// One of several mixtures that follow each other: a curriculum.
public struct MixtureStage: Sendable, Equatable {
  /// Its folder in the dataset.
  public var name: String
  /// Languages, shares and budget.
  public var mixture: Mixture
  /// Shards; nil goes by the tokens of a shard.
  public var shardCount: Int?

  /// Makes a stage; see the properties.
  public init(name: String, mixture: Mixture, shardCount: Int? = nil) {
    self.name = name
    self.mixture = mixture
    self.shardCount = shardCount
  }

  /// The name of a stage that is given none.
  static func defaultName(_ number: Int) -> String { "stage-\(String(number).leftPadded(to: 2))" }

  /// Names that a dataset's folder has of its own.
  private static let taken = [
    "plan.txt", "shards", "holdout", "manifest.sqlite", "lock", StagesFolder.listName,
  ]

  /// Whether a name can be a folder in a dataset: small letters, digits, `.`, `_` and `-`.
  static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".") && !name.hasSuffix(".partial")
      && !taken.contains(name)
      && name.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      }
  }
}
