import Glibc
import ShardifyCore
import Testing
import Train

@Suite struct OptimizerTests {
  @Test func anUpdateIsThatOfThePaper() {
    let layout = ParameterLayout(
      ModelShape(vocabularySize: 2, width: 2, layers: 1, heads: 1, hiddenWidth: 1))
    var settings = AdamW.Settings()
    settings.clipNorm = .infinity
    let optimizer = AdamW(layout, settings: settings, threads: 2)
    let parameters = FloatBuffer(count: layout.count)
    let gradients = FloatBuffer(count: layout.count)
    var random = SeededRandom(seed: 3)
    func number() -> Double { Double(random.below(2001)) / 1000 - 1 }
    var weights = (0..<layout.count).map { _ in number() }
    var first = [Double](repeating: 0, count: layout.count)
    var second = first
    for i in 0..<layout.count { parameters.base[i] = Float(weights[i]) }
    for step in 1...5 {
      for tensor in layout.tensors {
        for i in tensor.offset..<tensor.offset + tensor.count {
          let gradient = number()
          gradients.base[i] = Float(gradient * 4)
          first[i] = 0.9 * first[i] + 0.1 * gradient
          second[i] = 0.95 * second[i] + 0.05 * gradient * gradient
          let mean = first[i] / (1 - pow(0.9, Double(step)))
          let square = second[i] / (1 - pow(0.95, Double(step)))
          let decay = tensor.decays ? 0.1 : 0
          weights[i] -= 0.01 * (mean / (square.squareRoot() + 1e-8) + decay * weights[i])
        }
      }
      optimizer.update(parameters, gradients: gradients, scale: 0.25, rate: 0.01)
    }
    for i in 0..<layout.count { #expect(abs(Double(parameters.base[i]) - weights[i]) < 1e-5) }
  }

  @Test func gradientsAreScaledDownToTheNorm() {
    let layout = ParameterLayout(
      ModelShape(vocabularySize: 2, width: 2, layers: 1, heads: 1, hiddenWidth: 1))
    let optimizer = AdamW(layout, settings: AdamW.Settings(), threads: 1)
    let parameters = FloatBuffer(count: layout.count)
    let gradients = FloatBuffer(count: layout.count)
    gradients.base[0] = 300
    gradients.base[1] = 400
    let norm = optimizer.update(parameters, gradients: gradients, scale: 0.5, rate: 0.1)
    #expect(abs(norm - 250) < 1e-6)
    #expect(abs(optimizer.firstMoment.base[0] - 0.1 * 0.6) < 1e-6)
    #expect(abs(optimizer.firstMoment.base[1] - 0.1 * 0.8) < 1e-6)
  }

  @Test func theRateRisesThenFollowsHalfACosine() {
    let schedule = LearningRateSchedule(peak: 1, warmupSteps: 4, totalSteps: 104)
    #expect((0..<4).map { schedule.rate(at: $0) } == [0.25, 0.5, 0.75, 1])
    #expect(abs(schedule.rate(at: 54) - 0.55) < 1e-12)
    #expect(abs(schedule.rate(at: 104) - 0.1) < 1e-12)
    #expect(schedule.rate(at: 1_000_000) == schedule.rate(at: 104))
    #expect(LearningRateSchedule(peak: 1, warmupSteps: 0, totalSteps: 1).rate(at: 0) == 1)
  }
}
