import Balance
import ShardifyCore
import Yams

extension MixtureReader {
  /// A list of mappings, each of a source or pattern and its weight; the first that matches decides, so
  /// their order must be told, which that of a mapping's keys is not.
  func sourceWeights(_ key: String, _ node: Node) throws(StageFailure) -> [SourceWeights.Entry] {
    guard case .sequence(let sequence) = node else {
      throw wrong(
        key, node, expected: "a list, as the first pattern that matches decides: [{\"wiki*\": 3}]")
    }
    var entries: [SourceWeights.Entry] = []
    for element in sequence {
      guard case .mapping(let mapping) = element, mapping.count == 1,
        let (name, value) = mapping.first.map({ ($0.key, $0.value) }),
        let pattern = name.scalar?.string
      else { throw wrong(key, element, expected: "one source and its weight, such as {wiki: 3}") }
      let weight = try number("\(key) \(pattern)", value)
      guard weight >= 0, weight <= SourceWeights.largestWeight else {
        throw wrong("\(key) \(pattern)", value, expected: "a weight from 0 to 1000000")
      }
      entries.append(SourceWeights.Entry(pattern: pattern, weight: weight))
    }
    return entries
  }

  /// What weights multiply.
  func basis(_ key: String, _ node: Node) throws(StageFailure) -> SourceWeights.Basis {
    guard let text = node.scalar?.string, let basis = SourceWeights.Basis(rawValue: text) else {
      throw wrong(
        key, node,
        expected: SourceWeights.Basis.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return basis
  }
}
