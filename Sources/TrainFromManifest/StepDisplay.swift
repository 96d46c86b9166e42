import Glibc
import Terminal
import Train

/// Shows a run as it goes: one line redrawn at each step on a terminal, plain lines otherwise.
final class StepDisplay {
  private let steps: Int
  private let quiet: Bool
  private let isTerminal = Console.isTerminal
  private var isLineOpen = false
  private var seconds = 0.0
  private var ownSteps = 0

  init(steps: Int, quiet: Bool) {
    self.steps = steps
    self.quiet = quiet
  }

  func show(_ event: TrainingEvent) {
    switch event {
    case .checkpointSkipped(let message), .shardSkipped(let message):
      line("warning: \(message)")
    case .started(let start) where !quiet: line(Self.text(start))
    case .step(let step) where !quiet: show(step)
    case .evaluated(let result) where !quiet: line(Self.text(result))
    case .checkpointWritten(let path, let step) where !quiet:
      line("step \(step): checkpoint \(path)")
    default: break
    }
  }

  /// Ends the line in work.
  func finish() {
    if isLineOpen { Console.write("\n", to: STDERR_FILENO) }
    isLineOpen = false
  }

  private func show(_ step: StepReport) {
    seconds += step.seconds
    ownSteps += 1
    let left = seconds / Double(ownSteps) * Double(steps - step.step)
    var text =
      "step \(step.step)/\(steps)  loss \(Figures.decimal(step.lossNats, 4))  "
      + "\(Figures.count(Int(Double(step.tokens) / max(step.seconds, 1e-9)))) tokens/s  "
      + "data wait \(Figures.decimal(100 * step.dataWaitSeconds / max(step.seconds, 1e-9), 1))%"
    if step.skippedSamples > 0 { text += "  \(step.skippedSamples) samples skipped" }
    if isTerminal {
      Console.write("\r\u{1B}[K\(text)  \(Figures.duration(left)) left", to: STDERR_FILENO)
      isLineOpen = true
    } else {
      Console.note(text)
    }
  }

  private func line(_ text: String) {
    if isLineOpen { Console.write("\r\u{1B}[K", to: STDERR_FILENO) }
    isLineOpen = false
    Console.note(text)
  }

  private static func text(_ start: StartReport) -> String {
    let origin =
      if let path = start.resumedFrom {
        "resumed from \(path) at step \(start.step)"
      } else if let path = start.startedFrom {
        "sample 0 of this dataset with the model of \(path), step \(start.step)"
      } else { "new model" }
    return "\(origin): \(Figures.count(start.parameters)) parameters, "
      + "\(start.worldSize) rank\(start.worldSize == 1 ? "" : "s") x \(start.threads) threads; "
      + "\(Figures.count(start.tokens)) training tokens, "
      + "\(Figures.count(start.samplesPerEpoch)) samples an epoch, unigram entropy "
      + "\(Figures.decimal(start.unigramEntropyNats, 4)) nats"
  }

  private static func text(_ result: EvaluationResult) -> String {
    "step \(result.step): held-out loss \(Figures.decimal(result.lossNats, 4)) nats, "
      + "\(Figures.decimal(result.bitsPerByte, 4)) bits per byte, "
      + "\(result.languages.count) languages, \(Figures.count(result.tokens)) tokens"
  }
}
