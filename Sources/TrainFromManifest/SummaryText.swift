import Terminal
import Train

/// What is printed at the end of a run.
enum SummaryText {
  static func text(_ summary: TrainingSummary, steps: Int) -> String {
    var lines: [String] = []
    if let result = summary.evaluation { lines += languages(result) + [""] }
    lines.append(ending(summary, steps))
    if let first = summary.firstLossNats, let last = summary.lastLossNats {
      let seconds = max(summary.stepSeconds, 1e-9)
      lines.append(
        "training loss   \(Figures.decimal(first, 4)) -> \(Figures.decimal(last, 4)) nats")
      lines.append(
        "speed           \(Figures.count(Int(Double(summary.tokens) / seconds))) tokens/s, "
          + "\(Figures.count(summary.tokens)) tokens in \(Figures.duration(seconds)), data wait "
          + "\(Figures.decimal(100 * summary.dataWaitSeconds / seconds, 2))%")
    }
    if let result = summary.evaluation {
      let entropy = summary.unigramEntropyNats
      lines.append(
        "held-out loss   \(Figures.decimal(result.lossNats, 4)) nats, "
          + "\(Figures.decimal(result.bitsPerByte, 4)) bits per byte "
          + "(languages weighted by their share of the training tokens)")
      lines.append(
        "unigram         \(Figures.decimal(entropy, 4)) nats of entropy in the training tokens, "
          + "\(Figures.decimal(result.unigramNats, 4)) nats on the held-out")
      lines.append(
        "ratio           \(Figures.decimal(result.lossNats / entropy, 4)) "
          + "(held-out loss / unigram entropy)")
    }
    if summary.skippedSamples > 0 {
      lines.append("skipped         \(Figures.count(summary.skippedSamples)) samples")
    }
    if let checkpoint = summary.checkpoint { lines.append("checkpoint      \(checkpoint)") }
    return lines.joined(separator: "\n")
  }

  private static func ending(_ summary: TrainingSummary, _ steps: Int) -> String {
    guard summary.wasStopped else { return "done: step \(summary.step)" }
    return "stopped after step \(summary.step) of \(steps); "
      + (summary.checkpoint == nil
        ? "nothing was saved: there was no --checkpoint-folder"
        : "run the same command to go on")
  }

  private static func languages(_ result: EvaluationResult) -> [String] {
    let rows = result.languages.map { language in
      [
        "\(language.tag)", "\(Figures.decimal(100 * language.share, 2))%",
        Figures.count(language.tokens), Figures.decimal(language.lossNats, 3),
        Figures.decimal(language.unigramNats, 3), Figures.decimal(language.bitsPerByte, 3),
      ]
    }
    return [
      Figures.table(["language", "share", "tokens", "nats/token", "unigram", "bits/byte"], rows)
    ]
  }
}
