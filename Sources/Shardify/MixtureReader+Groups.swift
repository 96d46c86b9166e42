import Balance
import ShardifyCore
import Yams

extension MixtureReader {
  /// Groups by name, each a mapping; nested as deep as a mixture allows.
  func groups(_ node: Node, depth: Int = 1) throws(StageFailure) -> [MixtureGroup] {
    guard case .mapping(let mapping) = node else {
      throw wrong("groups", node, expected: "names with their groups")
    }
    guard depth <= MixtureGroup.limitDepth else {
      throw MixtureFile.failure(
        path, node.mark?.line, found: "groups nested \(depth) deep",
        expected: "at most \(MixtureGroup.limitDepth)")
    }
    var groups: [MixtureGroup] = []
    for (name, value) in mapping {
      guard let text = name.scalar?.string, !text.isEmpty, text.utf8.count <= 64 else {
        throw wrong("groups", name, expected: "a name of at most 64 bytes")
      }
      groups.append(try group(text, value, depth))
    }
    return groups
  }

  private func group(_ name: String, _ node: Node, _ depth: Int) throws(StageFailure)
    -> MixtureGroup
  {
    guard case .mapping(let mapping) = node else {
      throw wrong("group \(name)", node, expected: "keys such as languages and share")
    }
    var group = MixtureGroup(name: name)
    var policyKey: String?
    for (key, value) in mapping {
      let word = key.scalar?.string ?? ""
      let what = "group \(name): \(word)"
      switch word {
      case "languages":
        let chosen = try selectors(what, value)
        group.languages += chosen.tags
        group.patterns += chosen.patterns
      case "scripts": group.patterns += try scripts(what, value)
      case "share": group.share = try share(what, value)
      case "floor": group.floor = try share(what, value)
      case "cap": group.cap = try share(what, value)
      case "groups": group.groups = try groups(value, depth: depth + 1)
      case _ where Self.policyKeys.contains(word):
        if let other = policyKey {
          throw MixtureFile.failure(
            path, key.mark?.line, found: "group \(name): \(word) beside \(other)",
            expected: "one policy", remedy: "drop one of them")
        }
        policyKey = word
        group.policy = try policy(word, value)
      default:
        throw MixtureFile.failure(
          path, key.mark?.line, found: "group \(name): unknown key \(word)",
          expected: "one of " + (Self.groupKeys + Self.policyKeys).joined(separator: ", "))
      }
    }
    return group
  }

  private func share(_ key: String, _ node: Node) throws(StageFailure) -> Double {
    let share = try number(key, node)
    guard share >= 0, share <= 1 else {
      throw wrong(key, node, expected: "a share from 0 to 1")
    }
    return share
  }

  private func scripts(_ key: String, _ node: Node) throws(StageFailure) -> [LanguagePattern] {
    guard case .sequence(let sequence) = node else {
      throw wrong(key, node, expected: "a list of scripts such as [Cyrl, Deva]")
    }
    var patterns: [LanguagePattern] = []
    for element in sequence {
      guard let text = element.scalar?.string, let script = ScriptTag(text) else {
        throw wrong(key, element, expected: "a script such as Cyrl")
      }
      patterns.append(LanguagePattern(script: script))
    }
    return patterns
  }
}
