import ShardifyCore

/// Hands out numbered work to several threads and takes the results in order: at most
/// `batchesAhead` are made before they are taken.
final class BatchWindow: @unchecked Sendable {
  private let monitor = Monitor()
  private var results: [Result<SampleBatch, LoadFailure>?]
  private var claimed = 0
  private var taken = 0
  private var closed = false
  private let count: Int

  /// - Parameter count: There is work for the numbers below it.
  init(batchesAhead: Int, count: Int) {
    self.count = count
    results = Array(repeating: nil, count: max(1, min(1 << 16, batchesAhead)))
  }

  /// The next number to work on, waiting while the window is full; nil once it is closed or
  /// everything is claimed.
  func claim() -> Int? {
    monitor.lock()
    defer { monitor.unlock() }
    while !closed && claimed < count && claimed >= taken + results.count { monitor.wait() }
    if closed || claimed >= count { return nil }
    defer { claimed += 1 }
    return claimed
  }

  /// Delivers the result of a claimed number.
  func put(_ result: Result<SampleBatch, LoadFailure>, at number: Int) {
    monitor.lock()
    defer { monitor.unlock() }
    results[number % results.count] = result
    monitor.wakeAll()
  }

  /// The next result in order, waiting until it is there.
  func take() -> Result<SampleBatch, LoadFailure> {
    monitor.lock()
    defer { monitor.unlock() }
    let place = taken % results.count
    while true {
      if let result = results[place] {
        results[place] = nil
        taken += 1
        monitor.wakeAll()
        return result
      }
      if closed || taken >= count {
        return .failure(
          LoadFailure(.stopped, "cannot read samples", found: "the reader was stopped"))
      }
      monitor.wait()
    }
  }

  /// Lets all threads go.
  func close() {
    monitor.lock()
    closed = true
    monitor.wakeAll()
    monitor.unlock()
  }
}
