import Balance
import Files
import ShardifyCore
import Yams

/// Collects the keys of a mixture file.
struct MixtureReader {
  let path: String
  private var policies: [(key: String, policy: Policy, line: Int?)] = []
  private var draft = Mixture(policy: .proportional)
  /// What `source_weights` lists; nil if the key is not there.
  private var sources: [SourceWeights.Entry]?
  private var sourceBasis: (basis: SourceWeights.Basis, line: Int?)?
  /// The filters.
  private(set) var view = ViewOptions()
  /// The first key of a filter, and its line.
  private(set) var firstViewKey: (key: String, line: Int?)?

  static let policyKeys = ["temperature", "alpha", "unimax", "proportional", "uniform", "shares"]
  static let otherKeys = [
    "max_epochs", "budget", "unit", "include", "exclude", "include_undetermined", "allow_zero",
    "fixed", "floors", "caps", "groups", "source_weights", "source_basis", "where",
    "exclude_hashes", "label_map",
  ]
  static let viewKeys = ["where", "exclude_hashes", "label_map"]
  static let groupKeys = ["languages", "scripts", "share", "floor", "cap", "groups"]

  init(path: String) { self.path = path }

  /// Takes one key with its value.
  mutating func take(_ key: Node, _ value: Node) throws(StageFailure) {
    guard case .scalar(let scalar) = key else { throw unknown("a key that is no word", key) }
    let name = scalar.string
    switch name {
    case _ where Self.policyKeys.contains(name):
      policies.append((name, try policy(name, value), key.mark?.line))
    case "max_epochs":
      draft.maxEpochs = value.scalar?.string == "none" ? nil : try epochs(name, value)
    case "budget": draft.budgetTokens = try amount(name, value)
    case "unit": draft.unit = try unit(name, value)
    case "include":
      let chosen = try selectors(name, value)
      draft.include = chosen.tags.isEmpty && !chosen.patterns.isEmpty ? nil : chosen.tags
      draft.includePatterns = chosen.patterns
    case "exclude": (draft.exclude, draft.excludePatterns) = try selectors(name, value)
    case "source_weights": sources = try sourceWeights(name, value)
    case "source_basis": sourceBasis = (try basis(name, value), key.mark?.line)
    case "groups": draft.groups = try groups(value)
    case "where", "exclude_hashes", "label_map":
      if firstViewKey == nil { firstViewKey = (name, key.mark?.line) }
      try takeView(name, value)
    case "include_undetermined": draft.includeUndetermined = try flag(name, value)
    case "allow_zero": draft.allowZero = try flag(name, value)
    case "fixed": draft.fixedShares = try shares(name, value)
    case "floors": draft.floors = try shares(name, value)
    case "caps": draft.caps = try shares(name, value)
    default: throw unknown("unknown key \(name)", key)
    }
  }

  /// The mixture of all keys taken.
  func mixture() throws(StageFailure) -> Mixture {
    guard let first = policies.first else {
      throw MixtureFile.failure(
        path, nil, found: "no policy", expected: "one of \(Self.policyKeys.joined(separator: ", "))"
      )
    }
    if policies.count > 1 {
      throw MixtureFile.failure(
        path, policies[1].line, found: "\(policies[1].key) beside \(first.key)",
        expected: "one policy", remedy: "drop one of them")
    }
    var mixture = draft
    mixture.policy = first.policy
    if sources == nil, let sourceBasis {
      throw MixtureFile.failure(
        path, sourceBasis.line, found: "source_basis without source_weights", expected: "both")
    }
    if let sources, !sources.isEmpty {
      mixture.sourceWeights = SourceWeights(basis: sourceBasis?.basis ?? .size, entries: sources)
    }
    return mixture
  }

  /// The policy that a key names.
  func policy(_ key: String, _ value: Node) throws(StageFailure) -> Policy {
    switch key {
    case "temperature":
      let number = try number(key, value)
      guard number > 0 else { throw wrong(key, value, expected: "a number above 0") }
      return .temperature(number)
    case "alpha":
      let number = try number(key, value)
      guard number >= 0 else { throw wrong(key, value, expected: "a number, 0 or more") }
      return .alpha(number)
    case "shares": return .explicit(try shares(key, value))
    default:
      guard try flag(key, value) else { throw wrong(key, value, expected: "true, or no such key") }
      return key == "unimax" ? .unimax : key == "uniform" ? .uniform : .proportional
    }
  }

  private mutating func takeView(_ key: String, _ value: Node) throws(StageFailure) {
    switch key {
    case "where":
      if let text = value.scalar?.string, !text.isEmpty {
        view.conditions = [text]
      } else if case .sequence(let sequence) = value {
        for element in sequence {
          guard let text = element.scalar?.string, !text.isEmpty else {
            throw wrong(key, element, expected: "a condition such as confidence >= 0.65")
          }
          view.conditions.append(text)
        }
      } else {
        throw wrong(key, value, expected: "a condition, or a list of them")
      }
    case "exclude_hashes": view.excludedHashesPath = try file(key, value)
    default:
      guard case .mapping(let mapping) = value else {
        view.labelMapPath = try file(key, value)
        return
      }
      var pairs: [LabelMap.Line] = []
      for (from, to) in mapping {
        pairs.append(
          (try language(key, from), try language(key, to), from.mark?.line ?? 1))
      }
      view.labelMap = try LabelMap.checked(pairs, path)
    }
  }

  /// A path, relative to the folder of the mixture file.
  private func file(_ key: String, _ node: Node) throws(StageFailure) -> String {
    guard let text = node.scalar?.string, !text.isEmpty else {
      throw wrong(key, node, expected: "the path of a file")
    }
    return text.hasPrefix("/") ? text : FileSystem.parent(path) + "/" + text
  }

  // MARK: Values

  func number(_ key: String, _ node: Node) throws(StageFailure) -> Double {
    guard let text = node.scalar?.string, let number = Self.number(text) else {
      throw wrong(key, node, expected: "a number")
    }
    return number
  }

  private func epochs(_ key: String, _ node: Node) throws(StageFailure) -> Double {
    let number = try number(key, node)
    guard number > 0, number <= 1e9 else {
      throw wrong(key, node, expected: "a number above 0 and at most 1000000000, or none")
    }
    return number
  }

  private func amount(_ key: String, _ node: Node) throws(StageFailure) -> Int {
    guard let text = node.scalar?.string, let amount = Self.amount(text), amount > 0 else {
      throw wrong(
        key, node, expected: "a whole number of tokens such as 1_000_000, 500k, 300M, 20G or 1.5T")
    }
    return amount
  }

  func flag(_ key: String, _ node: Node) throws(StageFailure) -> Bool {
    switch node.scalar?.string {
    case "true": return true
    case "false": return false
    default: throw wrong(key, node, expected: "true or false")
    }
  }

  private func unit(_ key: String, _ node: Node) throws(StageFailure) -> SizeUnit {
    guard let text = node.scalar?.string, let unit = SizeUnit(rawValue: text) else {
      throw wrong(
        key, node, expected: SizeUnit.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return unit
  }

  func selectors(
    _ key: String, _ node: Node
  ) throws(StageFailure) -> (tags: [LanguageTag], patterns: [LanguagePattern]) {
    guard case .sequence(let sequence) = node else {
      throw wrong(key, node, expected: "a list of languages such as [deu_Latn, tur_Latn]")
    }
    var tags: [LanguageTag] = []
    var patterns: [LanguagePattern] = []
    for element in sequence {
      if let text = element.scalar?.string, let pattern = LanguagePattern(text) {
        patterns.append(pattern)
      } else {
        tags.append(try language(key, element))
      }
    }
    return (tags, patterns)
  }

  func shares(_ key: String, _ node: Node) throws(StageFailure) -> [LanguageTag: Double] {
    guard case .mapping(let mapping) = node else {
      throw wrong(key, node, expected: "languages with shares such as {deu_Latn: 0.4}")
    }
    var shares: [LanguageTag: Double] = [:]
    for (name, value) in mapping {
      let tag = try language(key, name)
      let share = try number("\(key) \(tag)", value)
      guard share >= 0, share <= 1 else {
        throw wrong("\(key) \(tag)", value, expected: "a share from 0 to 1")
      }
      shares[tag] = share
    }
    return shares
  }

  func language(_ key: String, _ node: Node) throws(StageFailure) -> LanguageTag {
    guard let text = node.scalar?.string, let tag = LanguageTag(text) else {
      throw wrong(key, node, expected: "a language such as deu_Latn")
    }
    return tag
  }

  /// Decimal digits with point, sign and exponent; not the names and bases that Swift also reads.
  static func number(_ text: String) -> Double? {
    let allowed = Set("0123456789.+-eE".utf8)
    guard text.utf8.allSatisfy(allowed.contains), let number = Double(text), number.isFinite
    else { return nil }
    return number
  }

  /// Whole numbers exactly; with a suffix also decimals, rounded.
  static func amount(_ text: String) -> Int? {
    let digits = text.filter { $0 != "_" }
    if digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Int(digits) }
    let units: [(String, Double)] = [
      ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("k", 1e3), ("K", 1e3),
      ("M", 1e6), ("G", 1e9), ("T", 1e12),
    ]
    for (suffix, factor) in units where digits.hasSuffix(suffix) {
      guard let number = number(String(digits.dropLast(suffix.count))), number >= 0,
        number * factor < 0x1p62
      else { return nil }
      return Int((number * factor).rounded())
    }
    return nil
  }

  // MARK: Failures

  private func unknown(_ found: String, _ node: Node) -> StageFailure {
    MixtureFile.failure(
      path, node.mark?.line, found: found,
      expected: "one of " + (Self.policyKeys + Self.otherKeys).joined(separator: ", "))
  }

  func wrong(_ key: String, _ node: Node, expected: String) -> StageFailure {
    let found: String
    switch node {
    case .scalar(let scalar):
      // An empty value has no text to show.
      found =
        scalar.string.isEmpty ? "\(key) without a value" : "\(key): \(scalar.string.prefix(80))"
    case .mapping: found = "\(key) with a mapping"
    case .sequence: found = "\(key) with a list"
    case .alias: found = "\(key) with an alias"
    }
    return MixtureFile.failure(path, node.mark?.line, found: found, expected: expected)
  }
}
