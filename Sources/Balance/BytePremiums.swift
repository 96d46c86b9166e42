import ShardifyCore

/// How many bytes a language needs to say what one byte of English says.
///
/// Source: Arnett, Chang, Bergen 2024 (arXiv:2403.00686).
public struct BytePremiums: Sendable, Equatable {
  private var byTag: [LanguageTag: Double] = [:]
  private var medianByScript: [ScriptTag: Double] = [:]

  /// What can be a premium: the measured ones lie between 0.8 and 5.1.
  public static let plausible = 0.01...100.0

  /// Takes premiums by language; those outside `plausible` count as missing.
  public init(_ table: [LanguageTag: Double]) {
    byTag = table.filter { Self.plausible.contains($0.value) }
    let byScript = Dictionary(grouping: byTag, by: \.key.script)
    medianByScript = byScript.mapValues { entries in
      let sorted = entries.map(\.value).sorted()
      return sorted[(sorted.count - 1) / 2]
    }
  }

  /// The premium of a language, and whether it was estimated: from the (lower) median of its
  /// script, else from bytes per scalar, as if a scalar said as much in every language.
  func premium(of supply: LanguageSupply) -> (value: Double, isEstimated: Bool) {
    if let value = byTag[supply.tag] { return (value, false) }
    if let median = medianByScript[supply.tag.script] { return (median, true) }
    guard supply.bytes > 0, supply.scalars > 0 else { return (1, true) }
    return (Double(supply.bytes) / Double(supply.scalars), true)
  }
}
