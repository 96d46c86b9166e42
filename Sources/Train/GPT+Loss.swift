import Glibc
import ShardifyCore

extension GPT {
  /// Cross-entropy of every row, and its gradients if asked for, a block of rows at a time: the
  /// logits of all rows never exist together.
  ///
  /// With p = exp(logit - max) not yet divided by its sum S, the gradient of the logits is p / S,
  /// less 1 at the target. 1 / S is multiplied into the small factors, so no pass over the block
  /// is spent on it; the target's 1 is a row taken off afterwards.
  ///
  /// - Parameter gradients: Added to; nil for the losses alone. `space.gradient` then receives the
  ///   gradient of `space.output`, unscaled: that of the sum of the losses.
  func loss(
    _ input: GPTInput, _ parameters: UnsafePointer<Float>,
    gradients: UnsafeMutablePointer<Float>?, _ space: GPTWorkspace
  ) {
    let rows = input.samples * space.sequenceLength
    var first = 0
    while first < rows {
      let count = min(space.logitRows, rows - first)
      lossBlock(first..<first + count, input, parameters, space)
      if let gradients {
        lossGradients(first..<first + count, input, parameters, gradients, space)
      }
      first += count
    }
  }

  /// Fills `losses`, leaves unscaled exponentials in `logits` and 1 / S in `inverseSums` (0 for
  /// ignored rows).
  private func lossBlock(
    _ rows: Range<Int>, _ input: GPTInput, _ parameters: UnsafePointer<Float>,
    _ space: GPTWorkspace
  ) {
    let (width, vocabulary) = (shape.width, shape.vocabularySize)
    let logits = space.logits.base
    for row in 0..<rows.count {
      (logits + row * vocabulary).update(
        from: parameters + layout.outputBias, count: vocabulary)
    }
    Blas.multiply(
      space.output.base + rows.lowerBound * width, strideA: width, parameters + layout.embedding,
      .transposed, strideB: width, into: logits, strideC: vocabulary, rows: rows.count,
      columns: vocabulary, inner: width, keep: 1)
    for row in rows {
      let line = logits + (row - rows.lowerBound) * vocabulary
      let target = input.targets[row]
      guard target != Self.ignoredTarget else {
        space.losses.base[row] = 0
        space.inverseSums.base[row - rows.lowerBound] = 0
        line.update(repeating: 0, count: vocabulary)
        continue
      }
      let wanted = line[Int(target)]
      let top = Blas.highest(line, count: vocabulary)
      let sum = Blas.exponentials(line, count: vocabulary, shift: top)
      space.losses.base[row] = Float(log(sum)) + (top - wanted)
      space.inverseSums.base[row - rows.lowerBound] = Float(1 / sum)
    }
  }

  private func lossGradients(
    _ rows: Range<Int>, _ input: GPTInput, _ parameters: UnsafePointer<Float>,
    _ gradients: UnsafeMutablePointer<Float>, _ space: GPTWorkspace
  ) {
    let (width, vocabulary) = (shape.width, shape.vocabularySize)
    let embedding = parameters + layout.embedding
    let output = space.output.base
    let gradient = space.gradient.base + rows.lowerBound * width
    Blas.multiply(
      space.logits.base, strideA: vocabulary, embedding, strideB: width, into: gradient,
      strideC: width, rows: rows.count, columns: width, inner: vocabulary)
    let scaled = space.normed.base  // [rows.count, width]
    for row in rows {
      let place = (row - rows.lowerBound) * width
      let inverse = space.inverseSums.base[row - rows.lowerBound]
      for i in 0..<width {
        scaled[place + i] = output[row * width + i] * inverse
        gradient[place + i] *= inverse
      }
      let target = input.targets[row]
      if target == Self.ignoredTarget { continue }
      let id = Int(target)
      Blas.add(embedding + id * width, times: -1, to: gradient + place, count: width)
      Blas.add(
        output + row * width, times: -1, to: gradients + layout.embedding + id * width,
        count: width)
      gradients[layout.outputBias + id] -= 1
    }
    Blas.multiply(
      space.logits.base, .transposed, strideA: vocabulary, scaled, strideB: width,
      into: gradients + layout.embedding, strideC: width, rows: vocabulary, columns: width,
      inner: rows.count, keep: 1)
    Blas.addTransposed(
      space.logits.base, rows: rows.count, columns: vocabulary, times: space.inverseSums.base,
      to: gradients + layout.outputBias)
  }
}
