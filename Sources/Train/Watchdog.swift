import Glibc
import Synchronization

/// Ends the process when other ranks keep it waiting for too long: a rank that hangs, or whose node
/// is gone without a word, must not hold the others for ever. Its thread lives as long as the
/// process.
///
/// Only time spent in an exchange counts, so neither a slow disk nor a long evaluation of this
/// rank's own ends the run; the others time out on a rank that hangs, and the launcher then ends it.
final class Watchdog: Sendable {
  private let waitingSince = Atomic<Int>(0)
  private let timeoutSeconds: Int
  private let rank: Int

  /// - Parameter rank: For the message.
  init(timeoutSeconds: Int, rank: Int) {
    self.timeoutSeconds = timeoutSeconds
    self.rank = rank
    var thread = pthread_t()
    let box = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Watchdog>.fromOpaque(context).takeRetainedValue().run()
      }, box.toOpaque())
    if status == 0 { pthread_detach(thread) } else { box.release() }
  }

  /// The calling thread is about to wait for other ranks.
  func beginWait() { waitingSince.store(Self.milliseconds(), ordering: .relaxed) }
  /// It waits no more.
  func endWait() { waitingSince.store(0, ordering: .relaxed) }

  private static func milliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000 + 1
  }

  private func run() -> Never {
    while true {
      usleep(200_000)
      let since = waitingSince.load(ordering: .relaxed)
      let waited = Self.milliseconds() - since
      if since > 0 && waited > 1000 * timeoutSeconds {
        let line =
          "error: rank \(rank): cannot go on: waited \(waited / 1000) s for the other ranks, "
          + "expected at most \(timeoutSeconds) s (--stall-timeout); one hangs or its node is "
          + "lost; start again, --resume auto goes on from the last checkpoint\n"
        _ = Array(line.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
        _exit(1)
      }
    }
  }
}
