import Glibc
import ShardifyCore

/// AdamW with decoupled weight decay and clipping by the global norm.
///
/// Source: Loshchilov and Hutter 2019, algorithm 2 (arXiv:1711.05101).
public final class AdamW {
  /// The settings that do not change from step to step.
  public struct Settings: Hashable, Sendable {
    /// Decay of the mean of gradients.
    public var beta1: Float = 0.9
    /// Decay of the mean of squared gradients.
    public var beta2: Float = 0.95
    /// Added to the root of the second moment.
    public var epsilon: Float = 1e-8
    /// Weight decay, times the learning rate, on matrices.
    public var weightDecay: Float = 0.1
    /// Gradients with a larger norm are scaled down to it.
    public var clipNorm: Float = 1

    /// The usual values.
    public init() {}
  }

  /// The mean of gradients, laid out as the parameters.
  public let firstMoment: FloatBuffer
  /// The mean of squared gradients.
  public let secondMoment: FloatBuffer
  /// Updates done.
  public var updates = 0
  private let layout: ParameterLayout
  private let settings: Settings
  private let threads: Int
  private static let partSize = 1 << 16

  /// Starts with moments of zero.
  public init(_ layout: ParameterLayout, settings: Settings, threads: Int) {
    self.layout = layout
    self.settings = settings
    self.threads = threads
    firstMoment = FloatBuffer(count: layout.count)
    secondMoment = FloatBuffer(count: layout.count)
  }

  /// The Euclidean norm, summed in a fixed order whatever the number of threads.
  public func norm(of values: FloatBuffer) -> Double {
    let parts = values.count / Self.partSize + 1
    let sums = UnsafeMutablePointer<Double>.allocate(capacity: parts)
    defer { sums.deallocate() }
    nonisolated(unsafe) let shared = sums
    Parallel.forEach(below: parts, threads: threads) { (part: Int) in
      let start = part * Self.partSize
      let count = min(Self.partSize, values.count - start)
      shared[part] = Blas.dot(values.base + start, values.base + start, count: count)
    }
    return (0..<parts).reduce(0) { $0 + sums[$1] }.squareRoot()
  }

  /// Changes the parameters by one step.
  ///
  /// - Parameters:
  ///   - gradients: Of the sum of losses.
  ///   - scale: Multiplied into the gradients: one over the number of losses summed.
  ///   - rate: The learning rate.
  /// - Returns: The norm of the scaled gradients, before clipping.
  @discardableResult
  public func update(
    _ parameters: FloatBuffer, gradients: FloatBuffer, scale: Float, rate: Float
  ) -> Double {
    let norm = norm(of: gradients) * Double(scale)
    updates += 1
    let clip = norm > Double(settings.clipNorm) ? settings.clipNorm / Float(norm) : 1
    let correct1 = 1 / (1 - pow(settings.beta1, Float(updates)))
    let correct2 = 1 / (1 - pow(settings.beta2, Float(updates)))
    let parts = self.parts
    let (settings, first, second) = (self.settings, firstMoment, secondMoment)
    Parallel.forEach(below: parts.count, threads: threads) { (index: Int) in
      let part = parts[index]
      Blas.adamW(
        parameters.base + part.start, first.base + part.start, second.base + part.start,
        gradients.base + part.start, count: part.count, gradientScale: scale * clip, rate: rate,
        beta1: settings.beta1, beta2: settings.beta2, correct1: correct1, correct2: correct2,
        epsilon: settings.epsilon, decay: part.decays ? settings.weightDecay : 0)
    }
    return norm
  }

  private var parts: [(start: Int, count: Int, decays: Bool)] {
    layout.tensors.flatMap { tensor in
      stride(from: 0, to: tensor.count, by: Self.partSize).map {
        (tensor.offset + $0, min(Self.partSize, tensor.count - $0), tensor.decays)
      }
    }
  }
}
