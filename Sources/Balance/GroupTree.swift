import ShardifyCore

/// The groups of a mixture and the languages in them. Entry 0 is the mixture itself; a group comes
/// before those inside it.
struct GroupTree {
  /// What takes part at one level.
  enum Member: Equatable {
    /// The language at an index of the supplies.
    case language(Int)
    /// The group at an index of the tree.
    case group(Int)
  }

  /// A group, or the mixture itself.
  struct Node {
    /// Nil for the mixture itself.
    var group: MixtureGroup?
    var parent: Int?
    /// Its own policy, or that around it.
    var policy: Policy
    /// Languages by tag, then groups by name.
    var members: [Member] = []
    /// Every language below, ascending.
    var languages: [Int] = []
  }

  private(set) var nodes: [Node]

  /// The group of each language, as an index of `nodes`; shape [languages].
  let groupOfLanguage: [Int]

  /// Puts languages into groups.
  ///
  /// - Parameter supplies: What takes part, by tag.
  /// - Throws: If a language belongs to two groups, or a group has none.
  init(_ supplies: [LanguageSupply], _ mixture: Mixture) throws(BalanceFailure) {
    var nodes = [Node(group: nil, parent: nil, policy: mixture.policy)]
    func add(_ groups: [MixtureGroup], to parent: Int) {
      for group in groups.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
        let index = nodes.count
        var around = nodes[parent].policy
        // The shares of explicit policies name languages, not what is inside a group.
        if case .explicit = around { around = .proportional }
        nodes.append(Node(group: group, parent: parent, policy: group.policy ?? around))
        add(group.groups, to: index)
      }
    }
    add(mixture.groups, to: 0)
    var groups: [Int] = []
    for (index, supply) in supplies.enumerated() {
      let group = try Self.group(of: supply.tag, nodes)
      groups.append(group)
      nodes[group].members.append(.language(index))
      var above: Int? = group
      while let node = above {
        nodes[node].languages.append(index)
        above = nodes[node].parent
      }
    }
    for index in nodes.indices.dropFirst() {
      guard !nodes[index].languages.isEmpty else {
        let name = nodes[index].group?.name ?? ""
        throw .plan(
          .emptyMixture, found: "no language of group \(name) takes part", expected: "at least one",
          remedy: "shardify inspect lists what the store has; change the group or drop it")
      }
      if let parent = nodes[index].parent { nodes[parent].members.append(.group(index)) }
    }
    self.nodes = nodes
    groupOfLanguage = groups
  }

  /// The innermost group that names a language; of groups whose patterns match, if none names it.
  private static func group(
    of tag: LanguageTag, _ nodes: [Node]
  ) throws(BalanceFailure) -> Int {
    let naming = nodes.indices.filter { nodes[$0].group?.languages.contains(tag) == true }
    let matching =
      naming.isEmpty
      ? nodes.indices.filter { index in
        nodes[index].group?.patterns.contains { $0.matchesAny(tag) } == true
      } : naming
    guard let last = matching.last else { return 0 }
    for other in matching.dropLast() where !isInside(last, other, nodes) {
      throw .plan(
        .conflict,
        found: "\(tag) belongs to group \(nodes[other].group?.name ?? "") and to group "
          + "\(nodes[last].group?.name ?? "")",
        expected: "one group", remedy: "name it in the list of one of them")
    }
    return last
  }

  private static func isInside(_ inner: Int, _ outer: Int, _ nodes: [Node]) -> Bool {
    var above = nodes[inner].parent
    while let node = above {
      if node == outer { return true }
      above = nodes[node].parent
    }
    return false
  }
}
