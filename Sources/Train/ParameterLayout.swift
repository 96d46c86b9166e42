/// Where each tensor of a model lies in one flat array of floats.
///
/// One array makes the optimizer, the gradient sum over ranks and the checkpoint a single pass.
public struct ParameterLayout: Sendable {
  /// One tensor, row-major.
  public struct Tensor: Sendable {
    /// Its name in checkpoints.
    public var name: String
    /// Its shape.
    public var shape: [Int]
    /// The index of its first element.
    public var offset: Int
    /// Whether weight decay applies: to matrices that multiply, not to gains, bias and embedding.
    public var decays: Bool
    /// Its elements.
    public var count: Int { shape.reduce(1, *) }
  }

  /// The tensors of one block.
  struct Block: Sendable {
    var attentionGain: Int  // [width]
    var queryKeyValue: Int  // [3 * width, width]
    var attentionOut: Int  // [width, width]
    var feedForwardGain: Int  // [width]
    var gateUp: Int  // [2 * hidden, width]
    var down: Int  // [width, hidden]
  }

  /// In order of offset.
  public private(set) var tensors: [Tensor] = []
  /// Elements of all tensors.
  public private(set) var count = 0
  /// [vocabulary, width]; also the output matrix.
  private(set) var embedding = 0
  /// [vocabulary]
  private(set) var outputBias = 0
  /// [width]
  private(set) var finalGain = 0
  private(set) var blocks: [Block] = []

  /// Lays out a model.
  public init(_ shape: ModelShape) {
    let (width, hidden) = (shape.width, shape.hiddenWidth)
    embedding = add("embedding", [shape.vocabularySize, width], decays: false)
    outputBias = add("output_bias", [shape.vocabularySize], decays: false)
    for index in 0..<shape.layers {
      let name = "blocks.\(index)."
      blocks.append(
        Block(
          attentionGain: add(name + "attention_gain", [width], decays: false),
          queryKeyValue: add(name + "query_key_value", [3 * width, width], decays: true),
          attentionOut: add(name + "attention_out", [width, width], decays: true),
          feedForwardGain: add(name + "feed_forward_gain", [width], decays: false),
          gateUp: add(name + "gate_up", [2 * hidden, width], decays: true),
          down: add(name + "down", [width, hidden], decays: true)))
    }
    finalGain = add("final_gain", [width], decays: false)
  }

  private mutating func add(_ name: String, _ shape: [Int], decays: Bool) -> Int {
    let offset = count
    tensors.append(Tensor(name: name, shape: shape, offset: offset, decays: decays))
    count += shape.reduce(1, *)
    return offset
  }
}
