import ShardifyCore

extension GPT {
  /// Runs the model up to the input of the output matrix, keeping what the backward pass needs.
  func forward(_ input: GPTInput, _ parameters: UnsafePointer<Float>, _ space: GPTWorkspace) {
    let (width, rows) = (shape.width, input.samples * space.sequenceLength)
    let residual = space.residual.base
    for row in 0..<rows {
      let source = parameters + layout.embedding + Int(input.ids[row]) * width
      let target = residual + row * width
      for i in 0..<width { target[i] = source[i] * embeddingScale }
    }
    for (index, block) in layout.blocks.enumerated() {
      attentionForward(input, block, space.blocks[index], parameters, space)
      feedForwardForward(rows, block, space.blocks[index], parameters, space)
    }
    normalize(
      residual, gain: parameters + layout.finalGain, rows: rows, unit: space.finalUnit.base,
      inverse: space.finalInverse.base, out: space.output.base)
  }

  private func attentionForward(
    _ input: GPTInput, _ block: ParameterLayout.Block, _ kept: GPTWorkspace.Block,
    _ parameters: UnsafePointer<Float>, _ space: GPTWorkspace
  ) {
    let (width, length) = (shape.width, space.sequenceLength)
    let rows = input.samples * length
    let all = kept.queryKeyValue.base  // [rows, 3 * width]
    normalize(
      space.residual.base, gain: parameters + block.attentionGain, rows: rows,
      unit: kept.attentionUnit.base, inverse: kept.attentionInverse.base, out: space.normed.base)
    Blas.multiply(
      space.normed.base, strideA: width, parameters + block.queryKeyValue, .transposed,
      strideB: width, into: all, strideC: 3 * width, rows: rows, columns: 3 * width, inner: width)
    rotate(all, rows: rows, space, direction: 1)
    let scale = 1 / Float(shape.headWidth).squareRoot()
    for sample in 0..<input.samples {
      for head in 0..<shape.heads {
        let query = all + sample * length * 3 * width + head * shape.headWidth
        let weights = kept.weights.base + (sample * shape.heads + head) * length * length
        Blas.multiply(
          query, strideA: 3 * width, query + width, .transposed, strideB: 3 * width,
          into: weights, strideC: length, rows: length, columns: length, inner: shape.headWidth,
          scale: scale)
        softmaxRows(weights, length, attendFrom: input.attendFrom + sample * length)
        Blas.multiply(
          weights, strideA: length, query + 2 * width, strideB: 3 * width,
          into: kept.mixedValues.base + sample * length * width + head * shape.headWidth,
          strideC: width, rows: length, columns: shape.headWidth, inner: length)
      }
    }
    Blas.multiply(
      kept.mixedValues.base, strideA: width, parameters + block.attentionOut, .transposed,
      strideB: width, into: space.residual.base, strideC: width, rows: rows, columns: width,
      inner: width, keep: 1)
  }

  /// Each row i over positions attendFrom[i] ... i; zero elsewhere.
  private func softmaxRows(
    _ scores: UnsafeMutablePointer<Float>, _ length: Int, attendFrom: UnsafePointer<Int32>
  ) {
    for i in 0..<length {
      let row = scores + i * length
      let from = min(i, max(0, Int(attendFrom[i])))
      let count = i + 1 - from
      let top = Blas.highest(row + from, count: count)
      let inverse = Float(1 / Blas.exponentials(row + from, count: count, shift: top))
      for j in 0..<from { row[j] = 0 }
      for j in from...i { row[j] *= inverse }
      for j in (i + 1)..<max(i + 1, length) { row[j] = 0 }
    }
  }

  private func feedForwardForward(
    _ rows: Int, _ block: ParameterLayout.Block, _ kept: GPTWorkspace.Block,
    _ parameters: UnsafePointer<Float>, _ space: GPTWorkspace
  ) {
    let (width, hidden) = (shape.width, shape.hiddenWidth)
    normalize(
      space.residual.base, gain: parameters + block.feedForwardGain, rows: rows,
      unit: kept.feedForwardUnit.base, inverse: kept.feedForwardInverse.base,
      out: space.normed.base)
    Blas.multiply(
      space.normed.base, strideA: width, parameters + block.gateUp, .transposed, strideB: width,
      into: kept.gateUp.base, strideC: 2 * hidden, rows: rows, columns: 2 * hidden, inner: width)
    for row in 0..<rows {
      let gate = kept.gateUp.base + row * 2 * hidden
      Blas.gated(gate, gate + hidden, into: kept.hidden.base + row * hidden, count: hidden)
    }
    Blas.multiply(
      kept.hidden.base, strideA: hidden, parameters + block.down, .transposed, strideB: hidden,
      into: space.residual.base, strideC: width, rows: rows, columns: width, inner: hidden,
      keep: 1)
  }

  /// unit = x / rms(x), out = unit * gain, by rows.
  private func normalize(
    _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, rows: Int,
    unit: UnsafeMutablePointer<Float>, inverse: UnsafeMutablePointer<Float>,
    out: UnsafeMutablePointer<Float>
  ) {
    let width = shape.width
    for row in 0..<rows {
      let start = row * width
      let square = Blas.dot(x + start, x + start, count: width) / Double(width)
      let factor = 1 / (Float(square) + Self.epsilon).squareRoot()
      inverse[row] = factor
      for i in start..<start + width {
        let value = x[i] * factor
        unit[i] = value
        out[i] = value * gain[i - start]
      }
    }
  }

  /// Turns the pairs (i, i + half) of queries and keys by position times frequency.
  ///
  /// - Parameters:
  ///   - all: [rows, 3 * width]: queries, keys, values.
  ///   - direction: 1, or -1 to turn gradients back.
  func rotate(
    _ all: UnsafeMutablePointer<Float>, rows: Int, _ space: GPTWorkspace, direction: Float
  ) {
    let half = shape.headWidth / 2
    for row in 0..<rows {
      let position = row % space.sequenceLength
      let cosines = space.cosines.base + position * half
      let sines = space.sines.base + position * half
      for head in 0..<2 * shape.heads {  // queries, then keys: they lie side by side
        let start = all + row * 3 * shape.width + head * shape.headWidth
        for i in 0..<half {
          let (a, b) = (start[i], start[i + half])
          let (c, s) = (cosines[i], sines[i] * direction)
          start[i] = a * c - b * s
          start[i + half] = a * s + b * c
        }
      }
    }
  }
}
