import Glibc
import ShardifyCore

/// A small GPT: RMS norms, rotary positions, causal attention, SwiGLU, and one matrix for
/// embedding and output. Float32 throughout; gradients are written by hand and checked against
/// finite differences in the tests.
///
/// The model holds no numbers: parameters and gradients are flat arrays laid out by `layout`,
/// activations live in a `GPTWorkspace`. One call works on one thread.
///
/// Source: Radford et al. 2019 (GPT-2); Zhang and Sennrich 2019 (RMSNorm); Su et al. 2021 (rotary
/// positions, arXiv:2104.09864); Shazeer 2020 (SwiGLU, arXiv:2002.05202); Press and Wolf 2017
/// (tied embeddings).
public struct GPT: Sendable {
  /// The sizes.
  public let shape: ModelShape
  /// Where the tensors lie.
  public let layout: ParameterLayout
  /// The embedding is multiplied by this on its way in, so that the small weights that suit the
  /// output matrix give a residual stream of ordinary size.
  let embeddingScale: Float
  static let epsilon: Float = 1e-5
  /// Marks a row whose loss does not count.
  public static let ignoredTarget = TokenID.max

  /// Makes a model.
  ///
  /// - Throws: `.configuration` if a size is out of range.
  public init(_ shape: ModelShape) throws(TrainFailure) {
    try shape.check()
    self.shape = shape
    layout = ParameterLayout(shape)
    embeddingScale = Float(shape.width).squareRoot()
  }

  /// Random parameters fixed by a seed.
  ///
  /// Matrices are normal with deviation 1/sqrt(inputs), those that write into the residual stream
  /// smaller by sqrt(2 * layers); the embedding has deviation 0.02 and gains are 1.
  ///
  /// - Parameter logFrequencies: The logarithm of each id's probability, as the output bias; the
  ///   model then starts at the loss of the unigram distribution instead of having to learn it.
  ///   Empty for zeros.
  public func initialParameters(seed: UInt64, logFrequencies: [Float]) -> FloatBuffer {
    let parameters = FloatBuffer(count: layout.count)
    for (index, tensor) in layout.tensors.enumerated() {
      let start = parameters.base + tensor.offset
      var random = SeededRandom(seed: mixed(seed: seed, 0x696E_6974, UInt64(index)))
      switch tensor.shape.count {
      case 2:
        var deviation = 1 / Float(tensor.shape[1]).squareRoot()
        if tensor.offset == layout.embedding { deviation = 0.02 }
        if tensor.name.hasSuffix("attention_out") || tensor.name.hasSuffix("down") {
          deviation /= Float(2 * shape.layers).squareRoot()
        }
        Self.fillNormal(start, tensor.count, deviation, &random)
      default:
        if tensor.offset == layout.outputBias {
          for (id, value) in logFrequencies.prefix(tensor.count).enumerated() { start[id] = value }
        } else {
          start.update(repeating: 1, count: tensor.count)
        }
      }
    }
    return parameters
  }

  /// Box and Muller's pairs.
  private static func fillNormal(
    _ start: UnsafeMutablePointer<Float>, _ count: Int, _ deviation: Float,
    _ random: inout SeededRandom
  ) {
    var index = 0
    while index < count {
      let radius = (-2 * log((Double(random.next() >> 11) + 0.5) * 0x1p-53)).squareRoot()
      let angle = 2 * Double.pi * Double(random.next() >> 11) * 0x1p-53
      start[index] = deviation * Float(radius * cos(angle))
      if index + 1 < count { start[index + 1] = deviation * Float(radius * sin(angle)) }
      index += 2
    }
  }
}
