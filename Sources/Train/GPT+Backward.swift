import ShardifyCore

extension GPT {
  /// Adds the gradients of the sum of all losses to `gradients`, after `forward` and `loss`.
  func backward(
    _ input: GPTInput, _ parameters: UnsafePointer<Float>,
    _ gradients: UnsafeMutablePointer<Float>, _ space: GPTWorkspace
  ) {
    let (width, rows) = (shape.width, input.samples * space.sequenceLength)
    let gradient = space.gradient.base
    // scratch: gradient of the output, so that `gradient` can take that of the residual stream
    space.scratch.base.update(from: gradient, count: rows * width)
    gradient.update(repeating: 0, count: rows * width)
    normalizeGradient(
      space.scratch.base, gain: parameters + layout.finalGain, rows: rows,
      unit: space.finalUnit.base, inverse: space.finalInverse.base, addTo: gradient,
      gainGradient: gradients + layout.finalGain)
    for (index, block) in layout.blocks.enumerated().reversed() {
      feedForwardBackward(rows, block, space.blocks[index], parameters, gradients, space)
      attentionBackward(input, block, space.blocks[index], parameters, gradients, space)
    }
    for row in 0..<rows {
      let place = gradients + layout.embedding + Int(input.ids[row]) * width
      Blas.add(gradient + row * width, times: embeddingScale, to: place, count: width)
    }
  }

  private func feedForwardBackward(
    _ rows: Int, _ block: ParameterLayout.Block, _ kept: GPTWorkspace.Block,
    _ parameters: UnsafePointer<Float>, _ gradients: UnsafeMutablePointer<Float>,
    _ space: GPTWorkspace
  ) {
    let (width, hidden) = (shape.width, shape.hiddenWidth)
    let gradient = space.gradient.base
    let hiddenGradient = space.scratch.base  // [rows, hidden]
    Blas.multiply(
      gradient, .transposed, strideA: width, kept.hidden.base, strideB: hidden,
      into: gradients + block.down, strideC: hidden, rows: width, columns: hidden, inner: rows,
      keep: 1)
    Blas.multiply(
      gradient, strideA: width, parameters + block.down, strideB: hidden, into: hiddenGradient,
      strideC: hidden, rows: rows, columns: hidden, inner: width)
    for row in 0..<rows {
      let gate = kept.gateUp.base + row * 2 * hidden
      Blas.gatedGradient(hiddenGradient + row * hidden, gate, gate + hidden, count: hidden)
    }
    // kept.gateUp: now gradients, [rows, 2 * hidden]
    linearBackward(
      kept.gateUp.base, outputs: 2 * hidden, rows: rows, weights: block.gateUp,
      gain: block.feedForwardGain, unit: kept.feedForwardUnit.base,
      inverse: kept.feedForwardInverse.base, parameters, gradients, space)
  }

  private func attentionBackward(
    _ input: GPTInput, _ block: ParameterLayout.Block, _ kept: GPTWorkspace.Block,
    _ parameters: UnsafePointer<Float>, _ gradients: UnsafeMutablePointer<Float>,
    _ space: GPTWorkspace
  ) {
    let (width, length) = (shape.width, space.sequenceLength)
    let rows = input.samples * length
    let gradient = space.gradient.base
    Blas.multiply(
      gradient, .transposed, strideA: width, kept.mixedValues.base, strideB: width,
      into: gradients + block.attentionOut, strideC: width, rows: width, columns: width,
      inner: rows, keep: 1)
    let mixedGradient = space.normed.base  // [rows, width]
    Blas.multiply(
      gradient, strideA: width, parameters + block.attentionOut, strideB: width,
      into: mixedGradient, strideC: width, rows: rows, columns: width, inner: width)
    let all = space.scratch.base  // [rows, 3 * width]: gradients of queries, keys, values
    for sample in 0..<input.samples {
      for head in 0..<shape.heads {
        let shift = head * shape.headWidth
        headBackward(
          mixedGradient + sample * length * width + shift,
          kept.queryKeyValue.base + sample * length * 3 * width + shift,
          weights: kept.weights.base + (sample * shape.heads + head) * length * length,
          into: all + sample * length * 3 * width + shift, space)
      }
    }
    rotate(all, rows: rows, space, direction: -1)
    linearBackward(
      all, outputs: 3 * width, rows: rows, weights: block.queryKeyValue,
      gain: block.attentionGain, unit: kept.attentionUnit.base,
      inverse: kept.attentionInverse.base, parameters, gradients, space)
  }

  /// - Parameters:
  ///   - mixedGradient: Of what the head gave, rows `width` apart.
  ///   - query: The head's queries; keys and values lie `width` and 2 * `width` further.
  ///   - into: Where the gradients of queries, keys and values go, laid out likewise.
  private func headBackward(
    _ mixedGradient: UnsafePointer<Float>, _ query: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, into: UnsafeMutablePointer<Float>, _ space: GPTWorkspace
  ) {
    let (width, length) = (shape.width, space.sequenceLength)
    let scores = space.scores.base  // [length, length]
    let scale = 1 / Float(shape.headWidth).squareRoot()
    Blas.multiply(
      weights, .transposed, strideA: length, mixedGradient, strideB: width,
      into: into + 2 * width, strideC: 3 * width, rows: length, columns: shape.headWidth,
      inner: length)
    Blas.multiply(
      mixedGradient, strideA: width, query + 2 * width, .transposed, strideB: 3 * width,
      into: scores, strideC: length, rows: length, columns: length, inner: shape.headWidth)
    for i in 0..<length {
      let row = scores + i * length
      let weight = weights + i * length
      let mean = Float(Blas.dot(row, weight, count: i + 1))
      for j in 0...i { row[j] = weight[j] * (row[j] - mean) }
      for j in (i + 1)..<max(i + 1, length) { row[j] = 0 }
    }
    Blas.multiply(
      scores, strideA: length, query + width, strideB: 3 * width, into: into,
      strideC: 3 * width, rows: length, columns: shape.headWidth, inner: length, scale: scale)
    Blas.multiply(
      scores, .transposed, strideA: length, query, strideB: 3 * width, into: into + width,
      strideC: 3 * width, rows: length, columns: shape.headWidth, inner: length, scale: scale)
  }

  /// Back through outputs = (unit * gain) weights^T: adds to the gradients of weights, gain and
  /// the residual stream.
  private func linearBackward(
    _ outputGradient: UnsafePointer<Float>, outputs: Int, rows: Int, weights: Int, gain: Int,
    unit: UnsafePointer<Float>, inverse: UnsafePointer<Float>,
    _ parameters: UnsafePointer<Float>, _ gradients: UnsafeMutablePointer<Float>,
    _ space: GPTWorkspace
  ) {
    let width = shape.width
    let normed = space.normed.base
    for row in 0..<rows {
      let start = row * width
      for i in 0..<width { normed[start + i] = unit[start + i] * parameters[gain + i] }
    }
    Blas.multiply(
      outputGradient, .transposed, strideA: outputs, normed, strideB: width,
      into: gradients + weights, strideC: width, rows: outputs, columns: width, inner: rows,
      keep: 1)
    Blas.multiply(
      outputGradient, strideA: outputs, parameters + weights, strideB: width, into: normed,
      strideC: width, rows: rows, columns: width, inner: outputs)
    normalizeGradient(
      normed, gain: parameters + gain, rows: rows, unit: unit, inverse: inverse,
      addTo: space.gradient.base, gainGradient: gradients + gain)
  }

  /// Back through out = unit * gain, unit = x / rms(x).
  private func normalizeGradient(
    _ outGradient: UnsafePointer<Float>, gain: UnsafePointer<Float>, rows: Int,
    unit: UnsafePointer<Float>, inverse: UnsafePointer<Float>,
    addTo gradient: UnsafeMutablePointer<Float>, gainGradient: UnsafeMutablePointer<Float>
  ) {
    let width = shape.width
    withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { scaled in
      guard let scaled = scaled.baseAddress else { return }
      for row in 0..<rows {
        let start = row * width
        for i in 0..<width {
          let value = outGradient[start + i]
          gainGradient[i] += value * unit[start + i]
          scaled[i] = value * gain[i]
        }
        let mean = Float(Blas.dot(scaled, unit + start, count: width) / Double(width))
        let factor = inverse[row]
        for i in 0..<width {
          gradient[start + i] += factor * (scaled[i] - unit[start + i] * mean)
        }
      }
    }
  }
}
