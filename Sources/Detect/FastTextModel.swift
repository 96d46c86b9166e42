import Files
import Glibc
import ShardifyCore

/// A fastText classifier, `.bin` or `.ftz`, used where it is mapped.
///
/// Gives what the fastText program gives, to the rounding of single precision.
final class FastTextModel: @unchecked Sendable {
  let arguments: FastTextArguments
  let dictionary: FastTextDictionary
  let input: FastTextMatrix
  let output: FastTextMatrix
  /// The tree of a hierarchical softmax; empty otherwise.
  let tree: [FastTextTreeNode]
  private let file: MappedFile

  init(_ file: MappedFile) throws(DetectFailure) {
    self.file = file
    var reader = FastTextReader(file.bytes, path: file.path)
    arguments = try FastTextArguments(&reader)
    dictionary = try FastTextDictionary(&reader, bytes: file.bytes, arguments: arguments)
    let isQuantized = try reader.flag("quantisation flag")
    guard isQuantized || !dictionary.isPruned else {
      throw reader.corrupt("a pruned dictionary beside a dense matrix", "a quantised matrix")
    }
    input = try FastTextMatrix(&reader, quantized: isQuantized, columns: arguments.dimension)
    let quantizesOutput = try reader.flag("output quantisation flag")
    let outputAt = reader.offset
    output = try FastTextMatrix(
      &reader, quantized: isQuantized && quantizesOutput, columns: arguments.dimension)
    let labelCount = dictionary.labels.count
    guard output.rowCount == labelCount else {
      throw reader.corrupt("\(output.rowCount) output rows", "\(labelCount)", at: outputAt)
    }
    guard input.rowCount >= dictionary.wordCount else {
      throw reader.corrupt(
        "\(input.rowCount) input rows", "at least \(dictionary.wordCount)", at: outputAt)
    }
    guard reader.remaining == 0 else {
      throw reader.corrupt("\(reader.remaining) bytes after the model", "none")
    }
    tree =
      arguments.loss == .hierarchicalSoftmax
      ? FastTextTreeNode.tree(counts: dictionary.labelCounts) : []
  }

  /// The mean of the rows, or false if there are none. Rows the matrix lacks count as zero.
  func hidden(_ rows: [Int32], into hidden: UnsafeMutablePointer<Float>) -> Bool {
    hidden.update(repeating: 0, count: arguments.dimension)
    guard !rows.isEmpty else { return false }
    for row in rows where Int(row) < input.rowCount { input.add(Int(row), to: hidden) }
    let share = 1 / Float(rows.count)
    for i in 0..<arguments.dimension { hidden[i] *= share }
    return true
  }

  /// The probability of every label, in label order, with the 1e-5 that fastText adds to each
  /// before it takes logarithms and so also prints.
  func probabilities(_ hidden: UnsafePointer<Float>) -> [Float] {
    let count = dictionary.labels.count
    switch arguments.loss {
    case .softmax:
      var scores = (0..<count).map { output.dot($0, hidden) }
      let largest = scores.max() ?? 0
      var total: Float = 0
      for i in 0..<count {
        scores[i] = expf(scores[i] - largest)
        total += scores[i]
      }
      return scores.map { $0 / total + 1e-5 }
    case .oneVersusAll, .negativeSampling:
      return (0..<count).map { Self.tabulatedSigmoid(output.dot($0, hidden)) + 1e-5 }
    case .hierarchicalSoftmax:
      return treeProbabilities(hidden)
    }
  }

  /// The logistic function at one of 513 places, as fastText tabulates it.
  private static func tabulatedSigmoid(_ x: Float) -> Float {
    if !(x >= -8) { return 0 }
    if x > 8 { return 1 }
    let place = Float(Int((x + 8) * 512 / 8 / 2))
    return 1 / (1 + expf(-(place * 16 / 512 - 8)))
  }

  /// From the root down: a node's share times the chance of each side, with the 1e-5 that fastText
  /// adds before each logarithm.
  private func treeProbabilities(_ hidden: UnsafePointer<Float>) -> [Float] {
    let count = dictionary.labels.count
    var scores = [Float](repeating: 0, count: tree.count)
    for node in stride(from: tree.count - 1, through: count, by: -1) {
      let f = 1 / (1 + expf(-output.dot(node - count, hidden)))
      scores[tree[node].left] = scores[node] + logf(1 - f + 1e-5)
      scores[tree[node].right] = scores[node] + logf(f + 1e-5)
    }
    return scores.prefix(count).map { expf($0) }
  }
}

/// A node of the Huffman tree over the labels of a hierarchical softmax.
struct FastTextTreeNode {
  var left = -1
  var right = -1
  var count: Int64 = 1_000_000_000_000_000

  /// The tree fastText builds from label counts sorted downwards: leaves first, the root last.
  static func tree(counts: [Int64]) -> [FastTextTreeNode] {
    let size = counts.count
    var nodes = [FastTextTreeNode](repeating: FastTextTreeNode(), count: 2 * size - 1)
    for (i, count) in counts.enumerated() { nodes[i].count = count }
    var leaf = size - 1
    var inner = size
    for i in size..<max(size, 2 * size - 1) {
      func next() -> Int {
        // The counts of a corrupt file may not be sorted; an inner node must exist before it is used.
        if leaf >= 0, inner >= i || nodes[leaf].count < nodes[inner].count {
          leaf -= 1
          return leaf + 1
        }
        inner += 1
        return inner - 1
      }
      nodes[i].left = next()
      nodes[i].right = next()
      nodes[i].count = nodes[nodes[i].left].count &+ nodes[nodes[i].right].count
    }
    return nodes
  }
}
