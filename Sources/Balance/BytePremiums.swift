import ShardifyCore

/// How many bytes a language needs to say what one byte of English says.
///
/// Source: Arnett, Chang, Bergen 2024 (arXiv:2403.00686).
public struct BytePremiums: Sendable, Equatable {
  /// A premium and where it comes from.
  public struct Premium: Sendable, Equatable {
    /// Bytes to a byte of English.
    public var value: Double
    /// Whether it was measured, or what it was estimated from.
    public var basis: Basis

    /// Whether it was not measured.
    public var isEstimated: Bool { basis != .measured }
  }

  /// Where a premium comes from.
  public enum Basis: String, Sendable, CaseIterable {
    /// The table has the language.
    case measured
    /// The median of its script and family.
    case family
    /// The median of its script.
    case script
    /// Bytes per scalar, as if a scalar said as much in every language.
    case scalars
  }

  /// What the table is called, with the SHA-256 of its rows; enters the plan.
  public let version: String
  private let byTag: [LanguageTag: Double]
  private let medianByScript: [ScriptTag: Double]
  private let medianByFamily: [FamilyKey: Double]
  /// The family of each language (three letters), where it is known.
  private let families: [UInt64: Int]

  private struct FamilyKey: Hashable {
    var script: ScriptTag
    var family: Int
  }

  /// What can be a premium: the measured ones lie between 0.68 and 5.11.
  public static let plausible = 0.01...100.0
  /// A median over fewer languages of a family says less than that of the script.
  static let leastOfFamily = 3

  /// Takes premiums by language; those outside `plausible` count as missing.
  public init(_ table: [LanguageTag: Double]) { self.init(table, families: [:], version: "given") }

  private init(_ table: [LanguageTag: Double], families: [UInt64: Int], version: String) {
    self.version = version
    self.families = families
    let usable = table.filter { Self.plausible.contains($0.value) }
    byTag = usable
    medianByScript = Dictionary(grouping: usable, by: \.key.script).mapValues {
      Self.median($0.map(\.value))
    }
    var byFamily: [FamilyKey: [Double]] = [:]
    for (tag, value) in usable {
      guard let family = families[tag.rawValue >> 40] else { continue }
      byFamily[FamilyKey(script: tag.script, family: family), default: []].append(value)
    }
    medianByFamily = byFamily.filter { $0.value.count >= Self.leastOfFamily }
      .mapValues(Self.median)
  }

  /// The table that comes with the program.
  public static let builtIn = BytePremiums(text: tableText)

  /// Reads rows of a tag, a premium in millionths or `-`, a family's number or `-`.
  init(text: String) {
    var table: [LanguageTag: Double] = [:]
    var families: [UInt64: Int] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, let tag = LanguageTag(words[0]) else { continue }
      if let millionths = Int(words[1]) { table[tag] = Double(millionths) / 1_000_000 }
      if let family = Int(words[2]) { families[tag.rawValue >> 40] = family }
    }
    let digest = SHA256.of(Array(text.utf8)).description.prefix(16)
    self.init(table, families: families, version: "\(Self.tableName) \(digest)")
  }

  /// The lower median.
  private static func median(_ values: [Double]) -> Double {
    values.sorted()[(values.count - 1) / 2]
  }

  /// The premium of a language, measured or estimated: from the median of its script and family, of
  /// its script, or from bytes per scalar.
  public func premium(of supply: LanguageSupply) -> Premium {
    let tag = supply.tag
    if let value = byTag[tag] { return Premium(value: value, basis: .measured) }
    if let family = families[tag.rawValue >> 40],
      let median = medianByFamily[FamilyKey(script: tag.script, family: family)]
    {
      return Premium(value: median, basis: .family)
    }
    if let median = medianByScript[tag.script] { return Premium(value: median, basis: .script) }
    guard supply.bytes > 0, supply.scalars > 0 else { return Premium(value: 1, basis: .scalars) }
    // Counts may be anything; UTF-8 has at most 4 bytes a scalar.
    let ratio = Double(supply.bytes) / Double(supply.scalars)
    return Premium(value: min(max(ratio, 1), 4), basis: .scalars)
  }
}
