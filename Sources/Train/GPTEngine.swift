import ShardifyCore

/// Computes losses and gradients of many samples on several threads.
///
/// Each thread takes a contiguous part of the samples, with activations and gradients of its own;
/// these are added in the order of the threads, so the same samples on the same number of threads
/// give the same numbers. OpenBLAS itself runs on one thread within each: samples scale better
/// than the small matrices of one.
public final class GPTEngine {
  /// The model.
  public let model: GPT
  /// The parameters, laid out by `model.layout`.
  public let parameters: FloatBuffer
  /// The gradients of the sum of the losses, after `accumulate`.
  public let gradients: FloatBuffer
  /// Threads.
  public let threads: Int
  /// Positions of a sample.
  public let sequenceLength: Int
  private let spaces: [GPTWorkspace]
  private let otherGradients: [FloatBuffer]
  /// Tokens that a thread works on at once.
  static let rowsAtOnce = 512

  /// Makes room for activations; large models take much.
  public init(_ model: GPT, parameters: FloatBuffer, sequenceLength: Int, threads: Int) {
    self.model = model
    self.parameters = parameters
    self.sequenceLength = sequenceLength
    self.threads = max(1, threads)
    gradients = FloatBuffer(count: model.layout.count)
    let samples = max(1, Self.rowsAtOnce / sequenceLength)
    spaces = (0..<self.threads).map { _ in
      GPTWorkspace(model.shape, samples: samples, sequenceLength: sequenceLength)
    }
    otherGradients = (1..<max(1, self.threads)).map { _ in
      FloatBuffer(count: model.layout.count)
    }
    Blas.setThreads(1)
  }

  /// Losses of each position, and their gradients in `gradients`, which are cleared first.
  ///
  /// - Parameters:
  ///   - ids: [samples, sequenceLength]
  ///   - targets: [samples, sequenceLength]; `GPT.ignoredTarget` where the loss does not count.
  ///   - attendFrom: [samples, sequenceLength]: the first position a row may attend to.
  /// - Returns: [samples, sequenceLength], in nats.
  public func accumulate(
    ids: [TokenID], targets: [TokenID], attendFrom: [Int32], samples: Int
  ) -> [Float] {
    gradients.clear()
    for other in otherGradients { other.clear() }
    let losses = run(ids, targets, attendFrom, samples, withGradients: true)
    sumGradients()
    return losses
  }

  /// Losses of each position, as `accumulate`, without gradients.
  public func losses(
    ids: [TokenID], targets: [TokenID], attendFrom: [Int32], samples: Int
  ) -> [Float] {
    run(ids, targets, attendFrom, samples, withGradients: false)
  }

  private func run(
    _ ids: [TokenID], _ targets: [TokenID], _ attendFrom: [Int32], _ samples: Int,
    withGradients: Bool
  ) -> [Float] {
    let length = sequenceLength
    precondition(
      ids.count == samples * length && targets.count == ids.count
        && attendFrom.count == ids.count, "inputs of one shape")
    let losses = FloatBuffer(count: samples * length)
    ids.withUnsafeBufferPointer { ids in
      targets.withUnsafeBufferPointer { targets in
        attendFrom.withUnsafeBufferPointer { attendFrom in
          guard let idBase = ids.baseAddress, let targetBase = targets.baseAddress,
            let fromBase = attendFrom.baseAddress
          else { return }
          nonisolated(unsafe) let whole = GPTInput(
            ids: idBase, targets: targetBase, attendFrom: fromBase, samples: samples)
          let work = self.work(withGradients: withGradients, losses: losses)
          let threads = self.threads
          Parallel.run(count: threads) { (thread: Int) in
            let part = (thread * samples / threads)..<((thread + 1) * samples / threads)
            work.run(whole, part, thread: thread)
          }
        }
      }
    }
    return Array(losses.elements)
  }

  private func work(withGradients: Bool, losses: FloatBuffer) -> Work {
    Work(
      model: model, parameters: parameters,
      gradients: withGradients ? [gradients] + otherGradients : nil, spaces: spaces,
      losses: losses)
  }

  /// What the threads share; each writes its own part only.
  private struct Work: Sendable {
    let model: GPT
    let parameters: FloatBuffer
    let gradients: [FloatBuffer]?
    let spaces: [GPTWorkspace]
    let losses: FloatBuffer

    func run(_ whole: GPTInput, _ part: Range<Int>, thread: Int) {
      let space = spaces[thread]
      let length = space.sequenceLength
      var first = part.lowerBound
      while first < part.upperBound {
        let samples = min(space.samples, part.upperBound - first)
        let shift = first * length
        let input = GPTInput(
          ids: whole.ids + shift, targets: whole.targets + shift,
          attendFrom: whole.attendFrom + shift, samples: samples)
        model.forward(input, parameters.base, space)
        let own = gradients?[thread].base
        model.loss(input, parameters.base, gradients: own, space)
        if let own { model.backward(input, parameters.base, own, space) }
        (losses.base + shift).update(from: space.losses.base, count: samples * length)
        first += samples
      }
    }
  }

  private func sumGradients() {
    let (sum, others) = (gradients, otherGradients)
    if others.isEmpty { return }
    let parts = sum.count / Self.sumPart + 1
    Parallel.forEach(below: parts, threads: threads) { (part: Int) in
      let start = part * Self.sumPart
      let count = min(Self.sumPart, sum.count - start)
      for other in others {
        Blas.add(other.base + start, to: sum.base + start, count: count)
      }
    }
  }

  private static let sumPart = 1 << 16
}
