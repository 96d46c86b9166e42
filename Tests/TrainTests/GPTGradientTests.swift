import Glibc
import ShardifyCore
import Testing
import Train

@Suite struct GPTGradientTests {
  static let length = 7
  static let samples = 3

  /// A tiny model with inputs; documents start in the middle of samples, some targets are ignored.
  struct Setting {
    let engine: GPTEngine
    let ids: [TokenID]
    let targets: [TokenID]
    let attendFrom: [Int32]

    init(threads: Int = 1) throws {
      let shape = ModelShape(
        vocabularySize: 11, width: 8, layers: 2, heads: 2, hiddenWidth: 12)
      let model = try GPT(shape)
      var random = SeededRandom(seed: 5)
      let parameters = model.initialParameters(
        seed: 1, logFrequencies: (0..<11).map { Float($0) * -0.1 })
      // Larger weights than at the start of training, so that no gradient is near zero.
      for i in 0..<parameters.count {
        parameters.base[i] += Float(Int(random.below(2001)) - 1000) * 0.0003
      }
      engine = GPTEngine(model, parameters: parameters, sequenceLength: length, threads: threads)
      let count = samples * length
      ids = (0..<count).map { _ in TokenID(random.below(11)) }
      targets = (0..<count).map { $0 % 9 == 4 ? GPT.ignoredTarget : TokenID(random.below(11)) }
      attendFrom = (0..<count).map { $0 % length >= 3 && $0 < length ? 3 : 0 }
    }

    var loss: Double {
      engine.losses(ids: ids, targets: targets, attendFrom: attendFrom, samples: samples)
        .reduce(0) { $0 + Double($1) }
    }

    func accumulate() -> [Float] {
      engine.accumulate(ids: ids, targets: targets, attendFrom: attendFrom, samples: samples)
    }
  }

  @Test func gradientsOfEveryTensorEqualFiniteDifferences() throws {
    let setting = try Setting()
    _ = setting.accumulate()
    let engine = setting.engine
    let gradients = Array(engine.gradients.elements)
    var random = SeededRandom(seed: 9)
    for tensor in engine.model.layout.tensors {
      for _ in 0..<3 {
        // Along a random direction of +-1: the difference of two sums of losses.
        let direction = (0..<tensor.count).map { _ in Float(random.below(2)) * 2 - 1 }
        let step: Float = 0.02 / Float(tensor.count).squareRoot()
        let start = engine.parameters.base + tensor.offset
        let saved = Array(UnsafeBufferPointer(start: start, count: tensor.count))
        for i in 0..<tensor.count { start[i] = saved[i] + step * direction[i] }
        let above = setting.loss
        for i in 0..<tensor.count { start[i] = saved[i] - step * direction[i] }
        let below = setting.loss
        for i in 0..<tensor.count { start[i] = saved[i] }
        let measured = (above - below) / Double(2 * step)
        var computed = 0.0
        var size = 0.0
        for i in 0..<tensor.count {
          computed += Double(gradients[tensor.offset + i] * direction[i])
          size += Double(gradients[tensor.offset + i] * gradients[tensor.offset + i])
        }
        #expect(
          abs(measured - computed) < 0.01 * size.squareRoot() + 0.002,
          "\(tensor.name): measured \(measured), computed \(computed)")
      }
    }
  }

  @Test func gradientsOfSingleParametersEqualFiniteDifferences() throws {
    let setting = try Setting()
    _ = setting.accumulate()
    let engine = setting.engine
    let gradients = Array(engine.gradients.elements)
    var random = SeededRandom(seed: 10)
    for _ in 0..<150 {
      let index = Int(random.below(UInt64(gradients.count)))
      let saved = engine.parameters.base[index]
      engine.parameters.base[index] = saved + 0.004
      let above = setting.loss
      engine.parameters.base[index] = saved - 0.004
      let below = setting.loss
      engine.parameters.base[index] = saved
      let measured = (above - below) / 0.008
      let computed = Double(gradients[index])
      #expect(abs(measured - computed) < 0.02 * abs(computed) + 0.005, "parameter \(index)")
    }
  }

  @Test func gradientsDoNotDependOnTheNumberOfThreads() throws {
    let one = try Setting()
    let losses = one.accumulate()
    for threads in 2...4 {
      let several = try Setting(threads: threads)
      #expect(several.accumulate() == losses)
      for (a, b) in zip(one.engine.gradients.elements, several.engine.gradients.elements) {
        #expect(abs(a - b) <= 1e-5 * max(1, abs(a)))
      }
    }
  }

  @Test func theSameInputGivesTheSameBits() throws {
    let first = try Setting(threads: 2)
    let second = try Setting(threads: 2)
    #expect(first.accumulate() == second.accumulate())
    #expect(Array(first.engine.gradients.elements) == Array(second.engine.gradients.elements))
  }

  @Test func aRowDoesNotSeeWhatFollowsNorOtherDocuments() throws {
    let setting = try Setting()
    let before = setting.accumulate()
    var ids = setting.ids
    ids[2] = (ids[2] + 1) % 11  // the third token of sample 0; rows 3... start another document
    let after = setting.engine.losses(
      ids: ids, targets: setting.targets, attendFrom: setting.attendFrom, samples: 3)
    #expect(before[0] == after[0] && before[1] == after[1])
    #expect(before[2] != after[2])
    #expect(Array(before[3...]) == Array(after[3...]))
  }

  @Test func theInitialLossIsTheCrossEntropyOfTheBias() throws {
    let shape = ModelShape(vocabularySize: 300, width: 16, layers: 1, heads: 2, hiddenWidth: 32)
    let model = try GPT(shape)
    let weights = (0..<300).map { 1 / Float($0 + 1) }
    let total = weights.reduce(0, +)
    let biases = weights.map { Glibc.log($0 / total) }
    let engine = GPTEngine(
      model, parameters: model.initialParameters(seed: 2, logFrequencies: biases),
      sequenceLength: 10, threads: 1)
    let ids = (0..<10).map { TokenID($0 * 7) }
    let losses = engine.losses(
      ids: ids, targets: ids, attendFrom: Array(repeating: 0, count: 10), samples: 1)
    for (id, loss) in zip(ids, losses) { #expect(abs(loss + biases[Int(id)]) < 0.5) }
  }

  @Test func shapesThatCannotBeAreRefused() {
    #expect {
      _ = try GPT(
        ModelShape(vocabularySize: 10, width: 10, layers: 1, heads: 4, hiddenWidth: 4))
    } throws: { error in
      (error as? TrainFailure)?.message.contains("width 10 with 4 heads") == true
    }
  }
}
