/// A trie over bytes with a value at the end of each key.
struct ByteTrie: Sendable {
  private struct Node: Sendable {
    var value: Int32 = -1
    var firstEdge: Int32 = 0
    var edgeCount: Int32 = 0
    var children: [(byte: UInt8, node: Int32)] = []
  }

  private var nodes: [Node] = [Node()]
  private var edgeBytes: [UInt8] = []
  private var edgeNodes: [Int32] = []
  private var roots = [Int32](repeating: -1, count: 256)

  /// Adds a key; of equal keys the last value stays.
  mutating func insert(_ key: [UInt8], value: Int32) {
    var node = 0
    for byte in key {
      if let child = nodes[node].children.first(where: { $0.byte == byte }) {
        node = Int(child.node)
      } else {
        nodes[node].children.append((byte, Int32(nodes.count)))
        node = nodes.count
        nodes.append(Node())
      }
    }
    nodes[node].value = value
  }

  /// Lays out the edges; call once after the last insertion.
  mutating func finish() {
    for index in nodes.indices {
      let children = nodes[index].children.sorted { $0.byte < $1.byte }
      nodes[index].firstEdge = Int32(edgeBytes.count)
      nodes[index].edgeCount = Int32(children.count)
      for child in children {
        edgeBytes.append(child.byte)
        edgeNodes.append(child.node)
        if index == 0 { roots[Int(child.byte)] = child.node }
      }
      nodes[index].children = []
    }
  }

  private func child(_ node: Int, _ byte: UInt8) -> Int? {
    let first = Int(nodes[node].firstEdge)
    var low = first
    var high = first + Int(nodes[node].edgeCount)
    let end = high
    while low < high {
      let middle = (low + high) / 2
      if edgeBytes[middle] < byte { low = middle + 1 } else { high = middle }
    }
    return low < end && edgeBytes[low] == byte ? Int(edgeNodes[low]) : nil
  }

  /// Calls `body` with the first one and two bytes of each key; the second is nil for keys of one.
  func forEachStart(_ body: (UInt8, UInt8?) -> Void) {
    for byte in UInt8.min...UInt8.max where roots[Int(byte)] >= 0 {
      let node = Int(roots[Int(byte)])
      if nodes[node].value >= 0 { body(byte, nil) }
      for second in UInt8.min...UInt8.max where child(node, second) != nil { body(byte, second) }
    }
  }

  /// The longest key that starts at `index`, or nil.
  func longest(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> (value: Int32, end: Int)? {
    var node = Int(roots[Int(text[index])])
    guard node >= 0 else { return nil }
    var at = index + 1
    var found: (value: Int32, end: Int)?
    while true {
      if nodes[node].value >= 0 { found = (nodes[node].value, at) }
      guard at < text.count, let next = child(node, text[at]) else { return found }
      node = next
      at += 1
    }
  }

  /// The leftmost and there longest key at or after `from`, or nil.
  func firstMatch(_ text: UnsafeBufferPointer<UInt8>, from: Int)
    -> (value: Int32, range: Range<Int>)?
  {
    guard nodes.count > 1 else { return nil }
    return roots.withUnsafeBufferPointer { roots in
      var at = from
      while at < text.count {
        if roots[Int(text[at])] >= 0, let found = longest(text, at: at) {
          return (found.value, at..<found.end)
        }
        at &+= 1
      }
      return nil
    }
  }
}
