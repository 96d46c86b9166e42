import Glibc
import ShardifyCore

/// The activations of one thread for up to `samples` samples of `sequenceLength` tokens.
final class GPTWorkspace: @unchecked Sendable {
  /// What one block keeps for its backward pass; n = rows = samples * sequenceLength.
  struct Block {
    let attentionUnit: FloatBuffer  // [n, width] input over its root mean square
    let attentionInverse: FloatBuffer  // [n] one over the root mean square
    let queryKeyValue: FloatBuffer  // [n, 3 * width], rotated
    let weights: FloatBuffer  // [samples, heads, sequence, sequence] attention weights
    let mixedValues: FloatBuffer  // [n, width]
    let feedForwardUnit: FloatBuffer  // [n, width]
    let feedForwardInverse: FloatBuffer  // [n]
    let gateUp: FloatBuffer  // [n, 2 * hidden]
    let hidden: FloatBuffer  // [n, hidden]
  }

  /// Memory of a block of logits is kept below this.
  static let logitBlockBytes = 64 << 20

  let samples: Int
  let sequenceLength: Int
  var rows: Int { samples * sequenceLength }
  let blocks: [Block]
  let residual: FloatBuffer  // [n, width]
  let finalUnit: FloatBuffer  // [n, width]
  let finalInverse: FloatBuffer  // [n]
  let output: FloatBuffer  // [n, width] what the logits are made from
  let normed: FloatBuffer  // [n, width] scratch: unit times gain
  let gradient: FloatBuffer  // [n, width] of the residual stream
  let scratch: FloatBuffer  // [n, max(3 * width, 2 * hidden)]
  let scores: FloatBuffer  // [sequence, sequence]
  let logits: FloatBuffer  // [logitRows, vocabulary]
  let logitRows: Int
  let inverseSums: FloatBuffer  // [logitRows]
  /// The loss of each row in nats; shape [n]; 0 where the target is ignored.
  let losses: FloatBuffer
  let cosines: FloatBuffer  // [sequence, headWidth / 2]
  let sines: FloatBuffer  // [sequence, headWidth / 2]

  init(_ shape: ModelShape, samples: Int, sequenceLength: Int) {
    let rows = samples * sequenceLength
    let (width, hidden) = (shape.width, shape.hiddenWidth)
    self.samples = samples
    self.sequenceLength = sequenceLength
    blocks = (0..<shape.layers).map { _ in
      Block(
        attentionUnit: FloatBuffer(count: rows * width),
        attentionInverse: FloatBuffer(count: rows),
        queryKeyValue: FloatBuffer(count: rows * 3 * width),
        weights: FloatBuffer(count: rows * shape.heads * sequenceLength),
        mixedValues: FloatBuffer(count: rows * width),
        feedForwardUnit: FloatBuffer(count: rows * width),
        feedForwardInverse: FloatBuffer(count: rows),
        gateUp: FloatBuffer(count: rows * 2 * hidden), hidden: FloatBuffer(count: rows * hidden))
    }
    residual = FloatBuffer(count: rows * width)
    finalUnit = FloatBuffer(count: rows * width)
    finalInverse = FloatBuffer(count: rows)
    output = FloatBuffer(count: rows * width)
    normed = FloatBuffer(count: rows * width)
    gradient = FloatBuffer(count: rows * width)
    scratch = FloatBuffer(count: rows * max(3 * width, 2 * hidden))
    scores = FloatBuffer(count: sequenceLength * sequenceLength)
    logitRows = max(1, min(rows, Self.logitBlockBytes / 4 / shape.vocabularySize))
    logits = FloatBuffer(count: logitRows * shape.vocabularySize)
    inverseSums = FloatBuffer(count: logitRows)
    losses = FloatBuffer(count: rows)
    let half = shape.headWidth / 2
    cosines = FloatBuffer(count: sequenceLength * half)
    sines = FloatBuffer(count: sequenceLength * half)
    for position in 0..<sequenceLength {
      for pair in 0..<half {
        let angle = Double(position) * pow(10_000, -Double(pair) / Double(half))
        cosines.base[position * half + pair] = Float(cos(angle))
        sines.base[position * half + pair] = Float(sin(angle))
      }
    }
  }
}

/// What a forward pass is given: ids, targets and where each row's document starts.
///
/// All three have the shape [samples, sequenceLength].
struct GPTInput {
  var ids: UnsafePointer<TokenID>
  /// `GPT.ignoredTarget` where the loss does not count.
  var targets: UnsafePointer<TokenID>
  /// The first position of its sample that a row may attend to.
  var attendFrom: UnsafePointer<Int32>
  var samples: Int
}
