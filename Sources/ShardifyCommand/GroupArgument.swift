import ArgumentParser
import Balance
import ShardifyCore

/// A group of languages on one line: `cyrillic=*_Cyrl,chv_Cyrl;share=0.3;temperature=5;in=slavic`.
///
/// The first part names the group and its languages; the others are the keys of a group in a mixture
/// file, and `in`, the group around it.
struct GroupArgument: ExpressibleByArgument, Sendable {
  var group: MixtureGroup
  var parent: String?

  init?(argument: String) {
    let parts = argument.split(separator: ";", omittingEmptySubsequences: false)
    guard let first = parts.first, let (name, list) = Self.pair(first), !name.isEmpty else {
      return nil
    }
    group = MixtureGroup(name: String(name))
    for word in list.split(separator: ",") {
      guard let selector = LanguageSelector(argument: String(word)) else { return nil }
      switch selector {
      case .language(let tag): group.languages.append(tag)
      case .pattern(let pattern): group.patterns.append(pattern)
      }
    }
    for part in parts.dropFirst() {
      guard take(part) else { return nil }
    }
  }

  private static func pair(_ text: Substring) -> (key: Substring, value: Substring)? {
    guard let sign = text.firstIndex(of: "=") else { return nil }
    return (text[..<sign], text[text.index(after: sign)...])
  }

  private mutating func take(_ part: Substring) -> Bool {
    if ["unimax", "uniform", "proportional"].contains(part) {
      return set(part == "unimax" ? .unimax : part == "uniform" ? .uniform : .proportional)
    }
    guard let (key, value) = Self.pair(part) else { return false }
    if key == "in" {
      parent = String(value)
      return !value.isEmpty
    }
    if key == "shares" {
      var shares: [LanguageTag: Double] = [:]
      for word in value.split(separator: ",") {
        let pair = word.split(separator: ":")
        guard pair.count == 2, let tag = LanguageTag(pair[0]), let share = Double(pair[1]),
          shares.updateValue(share, forKey: tag) == nil
        else { return false }
      }
      return set(.explicit(shares))
    }
    guard let number = Double(value) else { return false }
    switch key {
    case "share": group.share = number
    case "floor": group.floor = number
    case "cap": group.cap = number
    case "temperature": return set(.temperature(number))
    case "alpha": return set(.alpha(number))
    default: return false
    }
    return true
  }

  private mutating func set(_ policy: Policy) -> Bool {
    guard group.policy == nil else { return false }
    group.policy = policy
    return true
  }

  /// Puts groups into those around them.
  static func tree(_ arguments: [GroupArgument]) throws -> [MixtureGroup] {
    let names = Set(arguments.map(\.group.name))
    for argument in arguments {
      guard let parent = argument.parent, !names.contains(parent) else { continue }
      throw ValidationError(
        "--group \(argument.group.name): no group \(parent) to be in; give --group \(parent)=...")
    }
    func below(_ parent: String?, _ depth: Int) throws -> [MixtureGroup] {
      try arguments.filter { $0.parent == parent }.map { argument in
        var group = argument.group
        // Deeper than any mixture may be; the plan says so.
        if depth <= MixtureGroup.limitDepth {
          group.groups = try below(group.name, depth + 1)
        }
        return group
      }
    }
    let tree = try below(nil, 1)
    func count(_ groups: [MixtureGroup]) -> Int {
      groups.reduce(groups.count) { $0 + count($1.groups) }
    }
    guard count(tree) == arguments.count else {
      throw ValidationError("--group: groups that are in each other, or nested too deep")
    }
    return tree
  }
}
