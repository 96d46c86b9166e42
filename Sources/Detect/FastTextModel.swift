import Files
import ShardifyCore

/// A fastText classifier, `.bin` or `.ftz`, used where it is mapped.
///
/// `FastTextPredictor` gives what the fastText program gives, to the rounding of single precision.
final class FastTextModel: @unchecked Sendable {
  let arguments: FastTextArguments
  let dictionary: FastTextDictionary
  let input: FastTextMatrix
  let output: FastTextMatrix
  /// The tree of a hierarchical softmax; empty otherwise.
  let tree: [FastTextTreeNode]
  private let owner: MappedFile?

  /// Reads a model from bytes that live as long as `owner`, or for ever if there is none.
  init(
    _ bytes: UnsafeRawBufferPointer, path: String, owner: MappedFile?
  ) throws(DetectFailure) {
    self.owner = owner
    var reader = FastTextReader(bytes, path: path)
    arguments = try FastTextArguments(&reader)
    dictionary = try FastTextDictionary(&reader, bytes: bytes, arguments: arguments)
    let isQuantized = try reader.flag("quantisation flag")
    guard isQuantized || !dictionary.isPruned else {
      throw reader.corrupt("a pruned dictionary beside a dense matrix", "a quantised matrix")
    }
    let inputAt = reader.offset
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
        "\(input.rowCount) input rows", "at least \(dictionary.wordCount)", at: inputAt)
    }
    // A pruned dictionary says of each kept n-gram which row it has; others fill all rows.
    let rowCount = dictionary.wordCount + arguments.bucket
    guard dictionary.isPruned || input.rowCount == rowCount else {
      throw reader.corrupt(
        "\(input.rowCount) input rows",
        "\(rowCount) for \(dictionary.wordCount) words and \(arguments.bucket) buckets", at: inputAt
      )
    }
    guard reader.remaining == 0 else {
      throw reader.corrupt("\(reader.remaining) bytes after the model", "none")
    }
    tree =
      arguments.loss == .hierarchicalSoftmax
      ? FastTextTreeNode.tree(counts: dictionary.labelCounts) : []
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
