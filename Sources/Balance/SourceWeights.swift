/// How a language's quota is divided over its sources.
///
/// The languages' shares are decided first; weights act inside each language. Sources that the same
/// pattern is the first to match are one part of the language, which has the pattern's number; what
/// matches none is another, of weight 1 and the number after the last.
public struct SourceWeights: Sendable, Equatable {
  /// What a weight multiplies.
  public enum Basis: String, Sendable, CaseIterable {
    /// The tokens of the part: weight 2 gives twice the epochs of weight 1.
    case size
    /// Nothing: parts of equal weight get equal quotas, as far as the limit on epochs allows.
    case weight
  }

  /// Sources and their weight.
  public struct Entry: Sendable, Equatable {
    /// A source's name, or a pattern with `*` and `?`.
    public var pattern: String
    /// 0 leaves the source out.
    public var weight: Double

    /// Joins the two.
    public init(pattern: String, weight: Double) {
      self.pattern = pattern
      self.weight = weight
    }
  }

  /// What weights multiply.
  public var basis: Basis
  /// The first pattern that matches a source decides.
  public var entries: [Entry]

  /// Joins the parts.
  public init(basis: Basis = .size, entries: [Entry]) {
    self.basis = basis
    self.entries = entries
  }

  /// A mixture may have this many patterns: each is a ring of its own in every language.
  public static let limit = 64
  /// The largest weight.
  public static let largestWeight = 1e6
  /// The name of the part that no pattern matches.
  public static let others = "*"

  /// The patterns, in order.
  public var patterns: [String] { entries.map(\.pattern) }

  /// The name of a part.
  public func name(ofPart part: Int) -> String {
    part < entries.count ? entries[part].pattern : Self.others
  }

  /// The weight of a part.
  public func weight(ofPart part: Int) -> Double { part < entries.count ? entries[part].weight : 1 }
}
