import Glibc
import Shardify
import ShardifyCore
import Synchronization
import Terminal

/// Shows a stage's progress: one line redrawn on a terminal, a plain line now and then in a log.
final class ProgressLine: Sendable {
  private let progress: Progress
  private let finished = Atomic<Bool>(false)
  private let unit: Unit

  /// What the counters of a stage count.
  enum Unit { case inputBytes, tokens }

  init(_ progress: Progress, unit: Unit) {
    self.progress = progress
    self.unit = unit
  }

  /// Runs `work` while another thread shows how far it is.
  static func show<Value>(
    _ progress: Progress, unit: Unit, quiet: Bool, _ work: () throws -> Value
  ) throws -> Value {
    if quiet { return try work() }
    let line = ProgressLine(progress, unit: unit)
    var result: Result<Value, any Error>?
    withoutActuallyEscaping(work) { work in
      nonisolated(unsafe) let work = work
      nonisolated(unsafe) var outcome: Result<Value, any Error>?
      Parallel.run(count: 2) { thread in
        if thread == 0 {
          outcome = Result { try work() }
          line.finished.store(true, ordering: .relaxed)
        } else {
          line.loop()
        }
      }
      result = outcome
    }
    guard let result else { throw ExitFailure() }
    return try result.get()
  }

  private struct ExitFailure: Error {}

  private func loop() {
    let terminal = Console.isTerminal
    let start = ProgressLine.now()
    var ticks = 0
    while !finished.load(ordering: .relaxed) {
      usleep(50_000)
      ticks += 1
      // Five times a second on a terminal; every ten seconds in a log.
      if terminal ? ticks % 4 == 0 : ticks % 200 == 0 {
        let text = line(seconds: ProgressLine.now() - start)
        if terminal {
          Console.progress(text)
        } else {
          Console.note(text)
        }
      }
    }
    Console.progress(nil)
  }

  private func line(seconds: Double) -> String {
    let total = progress.total.load(ordering: .relaxed)
    let done = progress.done.load(ordering: .relaxed)
    let documents = progress.documents.load(ordering: .relaxed)
    let text = progress.textBytes.load(ordering: .relaxed)
    let rejected = progress.rejected.load(ordering: .relaxed)
    var parts: [String] = []
    switch progress.phase {
    case .starting: return "starting"
    case .planning: return "planning: \(done) of \(total) languages"
    case .merging: return "merging runs"
    case .training: return "training: \(Figures.count(done)) of \(Figures.count(total))"
    case .verifying: parts.append("verifying")
    case .reading: parts.append("reading")
    case .writing: parts.append("writing")
    case .done: return "done"
    }
    if total > 0 {
      parts.append("\(Figures.percent(Double(done) / Double(total)))")
      parts.append(
        unit == .inputBytes
          ? "\(Figures.bytes(done)) of \(Figures.bytes(total))"
          : "\(Figures.count(done)) of \(Figures.count(total)) tokens")
    }
    if unit == .inputBytes {
      parts.append("\(Figures.count(documents)) documents")
      parts.append("\(Figures.count(Int(Double(documents) / seconds)))/s")
      parts.append("\(Figures.bytes(Int(Double(text) / seconds)))/s of text")
    } else {
      parts.append("\(Figures.count(Int(Double(done) / seconds))) tokens/s")
    }
    if total > 0, done > 0, done <= total {
      let left = Int(seconds * Double(total - done) / Double(done))
      parts.append("\(Figures.duration(left)) left")
    }
    if rejected > 0 { parts.append("\(Figures.count(rejected)) rejected") }
    return parts.joined(separator: " · ")
  }

  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
