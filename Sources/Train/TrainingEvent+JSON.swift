extension TrainingEvent {
  /// The event as a line of a log; nil for one that is nothing to tell.
  public var json: JSONLine? {
    var line = JSONLine()
    switch self {
    case .started(let start):
      line.add("event", "started")
      if let path = start.resumedFrom { line.add("resumed_from", path) }
      if let path = start.startedFrom { line.add("started_from", path) }
      line.add("step", start.step)
      line.add("samples_consumed", start.samplesConsumed)
      line.add("steps", start.steps)
      line.add("parameters", start.parameters)
      line.add("world_size", start.worldSize)
      line.add("threads", start.threads)
      line.add("samples_per_epoch", start.samplesPerEpoch)
      line.add("training_tokens", start.tokens)
      line.add("unigram_entropy_nats", start.unigramEntropyNats)
    case .checkpointSkipped(let message):
      line.add("event", "checkpoint_skipped")
      line.add("message", message)
    case .shardSkipped(let message):
      line.add("event", "shard_skipped")
      line.add("message", message)
    case .step(let step): step.add(to: &line)
    case .languages(let step, let losses):
      line.add("event", "languages")
      line.add("step", step)
      line.add(
        "languages",
        losses.map { loss in
          var entry = JSONLine()
          entry.add("language", "\(loss.tag)")
          entry.add("tokens", loss.tokens)
          entry.add("loss_nats", loss.lossNats)
          return entry
        })
    case .evaluated(let result):
      line.add("event", "evaluation")
      result.add(to: &line)
    case .checkpointDue: return nil
    case .checkpointWritten(let path, let step):
      line.add("event", "checkpoint")
      line.add("step", step)
      line.add("path", path)
    }
    return line
  }
}

extension StepReport {
  fileprivate func add(to line: inout JSONLine) {
    line.add("event", "step")
    line.add("step", step)
    line.add("samples_consumed", samplesConsumed)
    line.add("loss_nats", lossNats)
    line.add("tokens", tokens)
    line.add("seconds", seconds)
    line.add("tokens_per_second", Double(tokens) / seconds)
    line.add("data_wait_share", dataWaitSeconds / seconds)
    line.add("learning_rate", learningRate)
    line.add("gradient_norm", gradientNorm)
    line.add("skipped_samples", skippedSamples)
    if let samplesDigest { line.add("samples_sha256", "\(samplesDigest)") }
  }
}

extension EvaluationResult {
  fileprivate func add(to line: inout JSONLine) {
    line.add("step", step)
    line.add("loss_nats", lossNats)
    line.add("unigram_nats", unigramNats)
    line.add("bits_per_byte", bitsPerByte)
    line.add("tokens", tokens)
    line.add(
      "languages",
      languages.map { language in
        var entry = JSONLine()
        entry.add("language", "\(language.tag)")
        entry.add("share", language.share)
        entry.add("tokens", language.tokens)
        entry.add("bytes", language.bytes)
        entry.add("loss_nats", language.lossNats)
        entry.add("unigram_nats", language.unigramNats)
        entry.add("bits_per_byte", language.bitsPerByte)
        return entry
      })
  }
}

extension TrainingSummary {
  /// The end of a run as a line of a log.
  public var json: JSONLine {
    var line = JSONLine()
    line.add("event", "finished")
    line.add("step", step)
    line.add("stopped", wasStopped ? 1 : 0)
    line.add("tokens", tokens)
    line.add("step_seconds", stepSeconds)
    line.add("data_wait_seconds", dataWaitSeconds)
    line.add("skipped_samples", skippedSamples)
    line.add("unigram_entropy_nats", unigramEntropyNats)
    if let evaluation {
      var held = JSONLine()
      evaluation.add(to: &held)
      line.add("evaluation", held)
      line.add("ratio", evaluation.lossNats / unigramEntropyNats)
    }
    if let checkpoint { line.add("checkpoint", checkpoint) }
    return line
  }
}
